import io
import os
from pathlib import Path

import pytest

from vau_agent.cli.inputs import find_videos
from vau_agent.errors import SettingsError

NOBODY = io.StringIO("")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    for name in ("b.mp4", "a.MKV", "notes.txt", "cam2/c.avi", ".hidden/d.mp4", ".e.mp4"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    return tmp_path


def test_one_file_is_no_batch_and_is_not_looked_at_yet() -> None:
    inputs = find_videos(["no-such-file"], stdin=NOBODY)

    assert inputs.files == (Path("no-such-file"),)
    assert not inputs.is_batch


def test_a_folder_gives_its_videos_in_order_without_hidden_ones(archive: Path) -> None:
    inputs = find_videos([str(archive)], stdin=NOBODY)

    assert inputs.files == (archive / "a.MKV", archive / "b.mp4", archive / "cam2" / "c.avi")
    assert inputs.is_batch


def test_a_folder_that_holds_results_is_not_analysed_again(archive: Path) -> None:
    output = archive / "vau-out" / "b-123"
    (output / "clips").mkdir(parents=True)
    for name in ("manifest.json", "result.json", "clips/e1.mp4"):
        (output / name).touch()

    inputs = find_videos([str(archive)], stdin=NOBODY)

    assert not [file for file in inputs.files if "vau-out" in file.parts]


def test_a_folder_is_walked_once_even_when_a_link_leads_back(archive: Path) -> None:
    (archive / "again").symlink_to(archive, target_is_directory=True)

    assert len(find_videos([str(archive)], stdin=NOBODY).files) == 3


def test_a_pattern_reaches_into_folders(archive: Path) -> None:
    inputs = find_videos([f"{archive}/**/*.avi"], stdin=NOBODY)

    assert inputs.files == (archive / "cam2" / "c.avi",)
    assert inputs.is_batch


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(archive: Path) -> None:
    odd = archive / "cam[1].mp4"
    odd.touch()

    assert find_videos([str(odd)], stdin=NOBODY).files == (odd,)


def test_a_list_comes_from_standard_input() -> None:
    listed = io.StringIO("one.mp4\n\n two .mp4\r\n")

    inputs = find_videos(["-"], stdin=listed)

    assert inputs.files == (Path("one.mp4"), Path(" two .mp4"))
    assert inputs.is_batch


def test_the_same_file_twice_is_one(archive: Path) -> None:
    inputs = find_videos([str(archive / "b.mp4"), str(archive / "*.mp4")], stdin=NOBODY)

    assert inputs.files == (archive / "b.mp4",)


@pytest.mark.parametrize("kind", ["folder", "pattern", "list"])
def test_what_holds_no_video_says_so(tmp_path: Path, kind: str) -> None:
    argument = {"folder": str(tmp_path), "pattern": f"{tmp_path}/*.mp4", "list": "-"}[kind]

    with pytest.raises(SettingsError) as caught:
        find_videos([argument], stdin=NOBODY)

    assert os.linesep not in str(caught.value)
    assert ";" in str(caught.value)  # what is wrong, then what to do
