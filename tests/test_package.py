import subprocess
import sys
from importlib.metadata import entry_points, requires
from importlib.resources import files
from pathlib import Path

import pytest

import vau_agent

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "vau_agent"


@pytest.mark.parametrize("name", ["agent", "graphs", "memory", "tools"])
def test_each_link_at_the_root_leads_to_its_folder(name: str) -> None:
    link = ROOT / name

    if not link.is_symlink():
        pytest.skip("this checkout was made without links")
    assert str(link.readlink()) == f"src/vau_agent/{name}"
    assert (link / "__init__.py").is_file()


def test_no_module_sits_outside_a_package() -> None:
    lost = [path for path in SOURCE.rglob("*.py") if not (path.parent / "__init__.py").is_file()]

    assert lost == []


def test_types_are_published() -> None:
    assert files(vau_agent).joinpath("py.typed").is_file()


def test_data_files_are_found_through_the_package() -> None:
    assert files("vau_agent.agent.prompts").joinpath("system.md").is_file()
    assert files("vau_agent.reports").joinpath("templates", "report.html.j2").is_file()


def test_the_program_is_installed_under_its_name() -> None:
    (script,) = [one for one in entry_points(group="console_scripts") if one.name == "vau-agent"]

    assert script.value == "vau_agent.cli.main:main"


def test_the_core_install_stays_light() -> None:
    core = [need for need in requires("vau-agent") or [] if "extra ==" not in need]

    for heavy in ("torch", "opencv", "scipy", "decord", "transformers", "pandas"):
        assert not [need for need in core if need.startswith(heavy)]


@pytest.mark.slow
def test_strict_checkpoints_are_asked_for_before_langgraph_is_loaded() -> None:
    script = (
        "import vau_agent.graphs.analysis\n"
        "from langgraph.checkpoint.serde import _msgpack\n"
        "assert _msgpack.STRICT_MSGPACK_ENABLED\n"
    )

    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("module", ["vau_agent", "vau_agent.errors"])
def test_importing_does_no_work(module: str) -> None:
    script = (
        f"import sys, {module}\n"
        "sys.exit(str([one for one in ('av', 'numpy', 'langgraph') if one in sys.modules] or ''))"
    )

    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert ended.stderr.strip() == ""
