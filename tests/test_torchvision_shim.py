import importlib.util
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("torchvision") is None, reason="torchvision is not installed"
)


def run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.slow
def test_libraries_that_look_for_torchvision_import_after_the_shim() -> None:
    said = run(
        "from vau_agent.torchvision_shim import install_shim\n"
        "install_shim(); install_shim()\n"
        "import open_clip, timm\n"
        "from torchvision.transforms.v2 import Resize\n"
        "from transformers import CLIPImageProcessor, LlavaProcessor, Qwen2VLVideoProcessor\n"
        "print(CLIPImageProcessor().size['shortest_edge'])\n"
    )
    assert said.strip() == "224"


def test_installing_the_shim_imports_nothing_and_stands_once() -> None:
    said = run(
        "import sys\n"
        "from vau_agent.torchvision_shim import install_shim\n"
        "before = len(sys.meta_path)\n"
        "install_shim(); install_shim()\n"
        "heavy = {'torch', 'torchvision', 'transformers'} & set(sys.modules)\n"
        "print(len(sys.meta_path) - before, sorted(heavy))\n"
    )
    assert said.strip() == "1 []"


def test_an_absent_torchvision_stays_absent() -> None:
    said = run(
        "import sys\n"
        "from vau_agent.torchvision_shim import install_shim\n"
        "install_shim()\n"
        "sys.path = [one for one in sys.path if 'site-packages' not in one]\n"
        "try:\n"
        "    import torchvision\n"
        "except ModuleNotFoundError as error:\n"
        "    print(error.name)\n"
    )
    assert said.strip() == "torchvision"


def test_operators_that_another_shim_declared_are_left_alone() -> None:
    said = run(
        "from vau_agent.torchvision_shim import OPERATORS, install_shim\n"
        "import torch\n"
        "other = torch.library.Library('torchvision', 'FRAGMENT')\n"
        "if torch.version.cuda is None and torch.version.hip is None:\n"
        "    [other.define(operator) for operator in OPERATORS]\n"
        "install_shim()\n"
        "import torchvision\n"
        "print(torchvision.__name__)\n"
    )
    assert said.strip() == "torchvision"
