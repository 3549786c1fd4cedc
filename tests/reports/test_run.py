"""The folder of a run as the journal and the blob store hold it, with clips of a real video."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.reports.conftest import Pictures
from vau_agent.memory.home import Home, open_home
from vau_agent.reports.folder import write_run
from vau_agent.reports.manifest import verify_folder
from vau_agent.results import Result, ResultEvent
from vau_agent.settings import ClipSettings, Settings
from vau_agent.tools.video.base import Image
from vau_agent.tools.video.encode import write_images
from vau_agent.tools.video.factory import hash_file


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("source") / "lobby.mp4"
    write_images(pictures_of_noise(), path, size=(64, 48), fps=10, gop=10)
    return path


def pictures_of_noise() -> Iterator[Image]:
    random = np.random.default_rng(1)
    for _ in range(50):
        yield random.integers(0, 255, (48, 64, 3), dtype=np.uint8)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with open_home(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def result(anomalous: Result, pictures: Pictures, home: Home, source: Path) -> Result:
    """Give a run of the real video, with its pictures and records where a run keeps them."""
    event: ResultEvent = anomalous.events[0].model_copy(update={"start_s": 2.05, "end_s": 3.05})
    home.journal.create_run(anomalous.run_id, {"path": "lobby.mp4"})
    with home.journal.hold(anomalous.run_id, "me", 30) as lease:
        home.journal.append(lease, "stage.finished", "stage/1", {"text": "x"})
    for frame in event.evidence:
        home.blobs.put(pictures(frame.sha256))
    video = anomalous.video.model_copy(
        update={"sha256": hash_file(source), "bytes": source.stat().st_size, "duration_s": 5.0}
    )
    return anomalous.model_copy(
        update={"video": video, "events": (event,), "stages": (), "answers": (), "curve": ()}
    )


def test_a_run_is_written_with_trace_and_clips_and_holds(
    result: Result, home: Home, source: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    manifest = write_run(result, folder, home=home, source=source, settings=Settings())
    assert manifest.journal_head == home.journal.head(result.run_id)
    assert len((folder / "trace.jsonl").read_bytes().splitlines()) == 2
    (clip,) = manifest.clips
    assert clip.notes == ()
    assert clip.viewing_copy is not None and clip.stream_copy is not None
    assert (clip.viewing_copy.start_s, clip.viewing_copy.end_s) == (2.05, 3.05)
    assert clip.stream_copy.start_s == 0.0
    assert verify_folder(folder, source=source).problems == ()


def test_writing_again_keeps_the_clips_without_the_video(
    result: Result, home: Home, source: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    first = write_run(result, folder, home=home, source=source, settings=Settings())
    again = write_run(result, folder, home=home, source=tmp_path / "gone", settings=Settings())
    assert again.clips == first.clips
    assert verify_folder(folder).ok


@pytest.mark.parametrize("change", ["gone", "another video"])
def test_without_the_video_the_folder_says_why_there_are_no_clips(
    result: Result, home: Home, source: Path, tmp_path: Path, change: str
) -> None:
    other = tmp_path / "other.mp4"
    if change == "another video":
        write_images(list(pictures_of_noise())[:5], other, size=(64, 48), fps=10)
    manifest = write_run(result, tmp_path / "out", home=home, source=other, settings=Settings())
    assert manifest.clips == ()
    written = Result.model_validate_json((tmp_path / "out" / "result.json").read_text())
    assert written.warnings[-1].startswith("No clips were cut: ")
    assert verify_folder(tmp_path / "out").ok


def test_only_the_strongest_events_get_clips(
    result: Result, home: Home, source: Path, tmp_path: Path
) -> None:
    weak = result.events[0].model_copy(update={"id": "e0", "score": 0.2, "evidence": ()})
    two = result.model_copy(update={"events": (weak, result.events[0])})
    settings = Settings(clips=ClipSettings(max_clips=1))
    manifest = write_run(two, tmp_path / "out", home=home, source=source, settings=settings)
    assert [clip.id for clip in manifest.clips] == ["e1"]
    none = Settings(clips=ClipSettings(max_clips=0))
    manifest = write_run(two, tmp_path / "none", home=home, source=source, settings=none)
    assert manifest.clips == ()
