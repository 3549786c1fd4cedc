"""What every reader promises, over every kind of file; exactness is read from the pixels."""

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from tests.tools.video.barcoded import KINDS, Kind, read
from vau_agent.errors import SegmentOutOfRangeError
from vau_agent.schemas import Segment
from vau_agent.settings import VideoLimits
from vau_agent.tools.video.base import VideoReader
from vau_agent.tools.video.factory import hash_file, open_video
from vau_agent.tools.video.pyav import PyavReader

Opener = Callable[[Path], AbstractContextManager[VideoReader]]


@contextmanager
def _in_process(path: Path) -> Iterator[VideoReader]:
    digest = hash_file(path)
    with (
        path.open("rb", buffering=0) as file,
        PyavReader(file, name=str(path), sha256=digest, limits=VideoLimits()) as reader,
    ):
        yield reader


def _decord(path: Path) -> AbstractContextManager[VideoReader]:
    return open_video(path, reader="decord")


OPENERS: Final[Mapping[str, Opener]] = {
    "pyav": _in_process,
    "sandboxed": open_video,
    "decord": _decord,
}
NEEDS_DECORD: Final = pytest.mark.skipif(
    find_spec("decord") is None, reason="the extra 'decord' is not installed"
)


def _cases() -> Iterator[object]:
    for name, opener in OPENERS.items():
        for kind in KINDS:
            if name == "decord" and not kind.decord_is_right:
                continue
            marks = [NEEDS_DECORD] if name == "decord" else []
            yield pytest.param((opener, kind), id=f"{name}-{kind.name}", marks=marks)


@pytest.fixture(scope="module", params=_cases())
def case(request: pytest.FixtureRequest) -> tuple[Opener, Kind]:
    chosen: tuple[Opener, Kind] = request.param
    return chosen


@pytest.fixture(scope="module")
def kind(case: tuple[Opener, Kind]) -> Kind:
    return case[1]


@pytest.fixture(scope="module")
def reader(case: tuple[Opener, Kind], file_of: Callable[[Kind], Path]) -> Iterator[VideoReader]:
    opener, kind = case
    with opener(file_of(kind)) as opened:
        yield opened


def _near(times: Mapping[float, int]) -> dict[float, int]:
    """Round times as coarsely as the coarsest container (milliseconds) demands."""
    return {round(time, 2): number for time, number in times.items()}


def test_every_frame_comes_once_in_order_at_its_time(reader: VideoReader, kind: Kind) -> None:
    found = [(frame.timestamp, read(frame.image)) for frame in reader.frames()]

    assert _near(dict(found)) == _near(kind.shown)
    assert len(found) == len(kind.shown)
    assert found == sorted(found)


def test_the_frame_shown_at_a_time_is_given_wherever_one_looks(
    reader: VideoReader, kind: Kind
) -> None:
    shown = list(kind.shown.items())
    chance = random.Random(7)

    for _ in range(12):
        time, number = chance.choice(shown)
        just_after = min(time + 0.004, reader.info.duration_s)
        (frame,) = reader.frames_at([just_after], longest_side=120)
        assert read(frame.image) == number


def test_many_times_are_answered_in_order_and_repeats_are_kept(
    reader: VideoReader, kind: Kind
) -> None:
    shown = list(kind.shown.items())
    chosen = sorted(random.Random(3).choices(shown, k=40))

    frames = reader.frames_at([min(time + 0.004, reader.info.duration_s) for time, _ in chosen])

    assert [read(frame.image) for frame in frames] == [number for _, number in chosen]


def test_sampling_gives_the_first_frame_of_each_step(reader: VideoReader, kind: Kind) -> None:
    fps = 5 if kind.times is None else 0.5
    cells: dict[int, int] = {}
    for time, number in kind.shown.items():
        cells.setdefault(int((time + 0.004) * fps), number)

    found = [read(frame.image) for frame in reader.frames(fps=fps)]

    assert found == list(cells.values())


def test_a_segment_holds_what_starts_inside_it(reader: VideoReader, kind: Kind) -> None:
    duration = reader.info.duration_s
    segment = Segment(start=duration * 0.3 + 0.003, end=duration * 0.7 + 0.003)

    found = [read(frame.image) for frame in reader.frames(segment)]

    assert found == [
        number for time, number in kind.shown.items() if segment.contains(time + 0.0001)
    ]


def test_keyframes_come_in_order_at_their_own_numbers(reader: VideoReader, kind: Kind) -> None:
    numbers = _near(kind.shown)

    keys = list(reader.keyframes(longest_side=80))

    assert keys
    assert all(frame.is_key for frame in keys)
    assert all(numbers[round(key.timestamp, 2)] == read(key.image) for key in keys)
    assert [key.timestamp for key in keys] == sorted({key.timestamp for key in keys})


def test_the_probe_describes_the_pictures_as_shown(reader: VideoReader, kind: Kind) -> None:
    info = reader.info
    (first,) = reader.frames_at([0.0])
    upright = kind.size if kind.rotation % 180 == 0 else kind.size[::-1]

    assert (info.width, info.height) == upright
    assert first.image.shape == (info.height, info.width, 3)
    assert info.frame_count == len(kind.shown)
    assert info.duration_s >= max(kind.shown)
    assert info.frame_rate_mode == ("variable" if kind.name == "h264-vfr" else "constant")


def test_the_packet_index_tells_when_each_frame_is_shown(reader: VideoReader, kind: Kind) -> None:
    index = reader.packet_index()

    np.testing.assert_allclose(index.timestamps, list(kind.shown), atol=0.002)
    assert index.keys[0] or kind.cut_seconds
    assert len(index.pts) == len(index.sizes) == len(index.keys) == reader.info.frame_count


def test_frames_shrink_to_the_longest_side_and_never_grow(reader: VideoReader, kind: Kind) -> None:
    (small,) = reader.frames_at([0.0], longest_side=40)
    (same,) = reader.frames_at([0.0], longest_side=4000)

    assert max(small.image.shape[:2]) == 40
    assert same.image.shape[:2] == (reader.info.height, reader.info.width)


@pytest.mark.parametrize("beyond", [-0.001, 0.001, float("nan")])
def test_times_outside_the_video_are_refused_at_once(reader: VideoReader, beyond: float) -> None:
    end = reader.info.duration_s
    with pytest.raises(SegmentOutOfRangeError, match="lies outside"):
        reader.frames_at([0.0, beyond if not beyond > 0 else end + beyond])

    assert list(reader.frames_at([end]))


def test_a_stream_left_early_does_not_disturb_the_next(reader: VideoReader, kind: Kind) -> None:
    abandoned = reader.frames()
    next(abandoned)

    (first,) = reader.frames_at([0.0])

    assert read(first.image) == kind.first
    with pytest.raises(RuntimeError, match="another request"):
        next(abandoned)
