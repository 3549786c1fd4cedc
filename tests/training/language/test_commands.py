from pathlib import Path

import pytest

from tests.training.language.toys import lay_clips
from vau_agent.cli.main import main


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("toy-clips")
    lay_clips(folder, 6)
    return folder


def test_align_tells_what_it_reached(
    base: Path, clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--base", str(base), "--clips", str(clips), "--out", str(tmp_path / "out")]

    assert main(["train", "align", *options, "--frames", "32", "--steps", "2", "--quiet"]) == 0
    assert "of held-out frames next to the word of their class" in capsys.readouterr().out
    assert (tmp_path / "out" / "alignment.json").is_file()


@pytest.mark.parametrize("stage", ["align", "sft"])
def test_a_folder_without_clips_is_named(
    stage: str, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--base", str(base), "--clips", str(tmp_path), "--out", str(tmp_path / "out")]

    assert main(["train", stage, *options]) == 2
    assert "holds no clips of train; make some with: vau-agent train clips" in (
        capsys.readouterr().err
    )


def test_export_needs_both_ends_of_a_model(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--base", str(base), "--trained", str(tmp_path), "--out", str(tmp_path / "a")]

    assert main(["train", "export", *options, "--apply-to", str(base)]) == 2
    assert "--apply-to and --model go together" in capsys.readouterr().err
    assert main(["train", "export", *options]) == 7
    assert "'vau-agent train sft' makes one" in capsys.readouterr().err
