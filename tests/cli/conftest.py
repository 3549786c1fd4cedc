"""A home, an output folder and one small analysed video for the command line's tests."""

from pathlib import Path

import pytest

from tests.cli.support import Place, Run, Said, draw
from vau_agent.cli.main import main


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VAU_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("VAU_HOME", str(tmp_path / "home"))


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Start the program in this process."""

    def start(*arguments: str | Path) -> Said:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        told = capfd.readouterr()
        return Said(code=code, out=told.out, err=told.err)

    return start


@pytest.fixture(scope="session")
def analysed(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A video of a fight that was analysed once; not to be changed."""
    root = tmp_path_factory.mktemp("analysed")
    place = Place(
        home=root / "home",
        out=root / "out",
        video=draw(root / "yard.mp4", kind="fighting", seconds=8.0),
    )
    assert main(["analyze", str(place.video), *place.options, "--quiet"]) == 0
    return place
