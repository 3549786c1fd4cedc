from collections.abc import Iterable
from pathlib import Path

import pytest

from vau_agent.errors import BenchmarkError
from vau_agent.evals.benchmarks.videos import find_videos
from vau_agent.evals.samples import Dataset, Sample, Truth


def dataset(*videos: str, source: str = "msad") -> Dataset:
    truth = Truth(anomalous=False)
    samples = tuple(Sample(id=name, source=source, video=name, truth=truth) for name in videos)
    return Dataset(benchmark="b", annotation="a", samples=samples)


def touch(folder: Path, names: Iterable[str]) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


@pytest.mark.parametrize(
    ("video", "files", "found"),
    [
        ("a/x.mp4", ["a/x.mp4", "b/x.mp4"], "a/x.mp4"),
        ("x.mp4", ["b/c/x.mp4"], "b/c/x.mp4"),
        ("a/x.mp4", ["b/x.mp4", "x.avi"], "b/x.mp4"),
        ("x.mp4", ["b/x.MKV", "b/x.txt"], "b/x.MKV"),
        ("x", ["b/x.mp4"], "b/x.mp4"),
        ("v=1__#1.2_label", ["b/v=1__#1.2_label.mp4"], "b/v=1__#1.2_label.mp4"),
        ("msad_x.mp4", ["x.mp4", "y.mp4"], "x.mp4"),
        ("msad_x.mp4", ["x.mp4", "b/msad_x.mp4"], "b/msad_x.mp4"),
    ],
)
def test_a_video_is_found(tmp_path: Path, video: str, files: list[str], found: str) -> None:
    touch(tmp_path, files)

    assert find_videos(dataset(video), tmp_path) == ({video: tmp_path / found}, ())


@pytest.mark.parametrize(
    ("video", "files"),
    [
        ("x.mp4", ["x.txt", "y.mp4"]),
        ("x.1", ["x.mp4"]),
        ("../outside.mp4", []),
        ("ecva_x.mp4", ["x.mp4"]),
    ],
)
def test_an_absent_video_is_a_gap(tmp_path: Path, video: str, files: list[str]) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    touch(folder, files)
    touch(tmp_path, ["outside.mp4"])
    found, gaps = find_videos(dataset(video), folder)

    assert found == {}
    assert [(gap.id, gap.kind) for gap in gaps] == [(video, "missing-video")]


def test_a_name_that_could_be_several_files_is_a_gap_that_names_them(tmp_path: Path) -> None:
    touch(tmp_path, ["a/x.mp4", "b/x.mp4", "y.mp4"])
    found, gaps = find_videos(dataset("x.mp4", "y.mp4"), tmp_path)

    assert found == {"y.mp4": tmp_path / "y.mp4"}
    assert "2 files: a/x.mp4, b/x.mp4" in gaps[0].detail


def test_links_to_folders_are_followed_once(tmp_path: Path) -> None:
    touch(tmp_path, ["disk/x.mp4", "videos/y.mp4"])
    (tmp_path / "videos" / "more").symlink_to(tmp_path / "disk")
    (tmp_path / "disk" / "loop").symlink_to(tmp_path / "videos")
    found, gaps = find_videos(dataset("x.mp4", "y.mp4"), tmp_path / "videos")

    assert set(found) == {"x.mp4", "y.mp4"}
    assert gaps == ()


def test_an_absent_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="no folder"):
        find_videos(dataset("x.mp4"), tmp_path / "absent")
