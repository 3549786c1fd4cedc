import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from PIL import Image as Picture

from vau_agent.graphs.frames import FrameKeeper
from vau_agent.memory.home import Home
from vau_agent.motion import MOTION_SECONDS
from vau_agent.schemas import Box
from vau_agent.tools.video.base import Frame, Image
from vau_agent.tools.video.synthetic import SyntheticReader

QUARTER = Box(x=0.5, y=0.5, width=0.5, height=0.5)


@dataclass(frozen=True, kw_only=True)
class Counting(SyntheticReader):
    """Counts the moments of each request."""

    asked: list[int] = field(default_factory=list)

    def frames_at(
        self, timestamps: Sequence[float], *, longest_side: int | None = None
    ) -> Iterator[Frame]:
        self.asked.append(len(timestamps))
        return super().frames_at(timestamps, longest_side=longest_side)


@pytest.fixture
def keeper(home: Home, fire: SyntheticReader) -> FrameKeeper:
    return FrameKeeper(home.blobs, known=(), next_number=1, motion=fire)


def picture(home: Home, blob: str | None) -> Image:
    assert blob is not None
    return np.asarray(Picture.open(io.BytesIO(home.blobs.get(blob))))


def difference(one: Image, other: Image) -> float:
    return float(np.abs(one.astype(float) - other.astype(float)).mean())


def test_frames_are_numbered_and_each_is_kept_once(home: Home, fire: SyntheticReader) -> None:
    keeper = FrameKeeper(home.blobs, known=(), next_number=4)
    first = keeper.keep(fire.frames_at([1.0, 2.0]))
    again = keeper.keep(fire.frames_at([2.0, 2.01, 3.0]))

    assert [frame.frame_id for frame in (*first, *again)] == ["f4", "f5", "f5", "f6"]
    assert keeper.next_number == 7
    assert all(frame.before is None for frame in (*first, *again))


def test_a_policy_that_looks_at_motion_gets_each_view_a_moment_before(
    home: Home, fire: SyntheticReader, keeper: FrameKeeper
) -> None:
    kept = keeper.keep(fire.frames_at([0.0, 2.0, 5.0], longest_side=48))

    assert kept[0].before is None, "nothing comes before the beginning"
    for frame in kept[1:]:
        (expected,) = fire.frames_at([frame.timestamp - MOTION_SECONDS], longest_side=48)
        before = picture(home, frame.before)
        assert before.shape == picture(home, frame.sha256).shape
        assert difference(before, expected.image) < 4, "but for what JPEG loses"


def test_a_part_is_cut_out_of_both_pictures(
    home: Home, fire: SyntheticReader, keeper: FrameKeeper
) -> None:
    (whole,) = keeper.keep(fire.frames_at([3.0]))
    (part,) = keeper.keep(fire.frames_at([3.0]), crop=QUARTER)

    assert (part.frame_id, part.crop, part.pts) == ("f2", QUARTER, whole.pts)
    height, width = picture(home, whole.before).shape[:2]
    assert picture(home, part.before).shape[:2] == (height // 2, width // 2)
    assert picture(home, part.sha256).shape[:2] == (height // 2, width // 2)


def test_all_views_before_are_read_in_one_go(home: Home, fire: SyntheticReader) -> None:
    reader = Counting(scene=fire.scene)
    keeper = FrameKeeper(home.blobs, known=(), next_number=1, motion=reader)

    keeper.keep(fire.frames_at([1.0, 2.0, 3.0, 4.0]))

    assert reader.asked == [4]
