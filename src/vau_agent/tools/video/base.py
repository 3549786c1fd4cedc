"""What a video reader gives: frames by presentation time, never by index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import TracebackType
from typing import TYPE_CHECKING, Final, Protocol, Self

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from vau_agent.schemas import Box, FrameRateMode, Segment, VideoInfo

Image = NDArray[np.uint8]
"""Height x width x 3, RGB."""

_UNEVEN_SHARE: Final = 0.02
"""Share of uneven gaps from which a frame rate is variable: one picture in fifty."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """One decoded picture, rotation applied."""

    timestamp: float
    """Seconds of presentation time from the start of the video."""
    pts: int
    time_base: Fraction
    image: Image
    is_key: bool = False


def cut_out(image: Image, box: Box) -> Image:
    """Give the part of a picture that a box names, one pixel at least."""
    height, width = image.shape[:2]
    left, top = min(int(box.x * width), width - 1), min(int(box.y * height), height - 1)
    right = max(left + 1, min(width, round((box.x + box.width) * width)))
    bottom = max(top + 1, min(height, round((box.y + box.height) * height)))
    return np.ascontiguousarray(image[top:bottom, left:right])


@dataclass(frozen=True, kw_only=True, slots=True)
class PacketIndex:
    """Every video packet in presentation order, read without decoding."""

    timestamps: NDArray[np.float64]
    """Seconds, ascending."""
    pts: NDArray[np.int64]
    sizes: NDArray[np.int64]
    """Compressed bytes."""
    keys: NDArray[np.bool_]
    time_base: Fraction

    @property
    def mean_gop_seconds(self) -> float:
        """Mean time between keyframes; the whole duration when there is one."""
        times = self.timestamps[self.keys]
        if len(times) > 1:
            return float(times[-1] - times[0]) / (len(times) - 1)
        return float(self.timestamps[-1] - self.timestamps[0]) if len(self.timestamps) else 0.0

    @property
    def frame_rate_mode(self) -> FrameRateMode:
        """Tell constant from variable frame rate."""
        return frame_rate_mode(self.timestamps, tick=float(self.time_base))


def frame_rate_mode(timestamps: NDArray[np.float64], *, tick: float) -> FrameRateMode:
    """Tell whether pictures follow one another evenly.

    Containers round times to ticks, and cameras drop a picture now and then: neither makes a
    frame rate variable.

    Args:
        timestamps: Seconds, ascending.
        tick: Seconds that the container rounds to.
    """
    gaps = np.diff(timestamps)
    if not len(gaps):
        return "constant"
    median = float(np.median(gaps))
    uneven = np.abs(gaps - median) > max(1.5 * tick, 0.1 * median)
    return "variable" if float(np.mean(uneven)) > _UNEVEN_SHARE else "constant"


class VideoReader(Protocol):
    """Reads one video. Iterators stream: memory does not grow with the length of the video."""

    @property
    def info(self) -> VideoInfo:
        """What is known without decoding."""

    def packet_index(self) -> PacketIndex:
        """Read the packet index (demux only)."""

    def keyframes(self, *, longest_side: int | None = None) -> Iterator[Frame]:
        """Decode keyframes only, in time order."""

    def frames(
        self,
        segment: Segment | None = None,
        *,
        fps: float | None = None,
        longest_side: int | None = None,
    ) -> Iterator[Frame]:
        """Decode a segment in time order, at most `fps` frames a second (all when `None`)."""

    def frames_at(
        self, timestamps: Sequence[float], *, longest_side: int | None = None
    ) -> Iterator[Frame]:
        """Give, for each timestamp in ascending order, the frame shown at that time.

        That is the last frame whose presentation time is at or before it, and the first frame
        for a time before the first.

        Raises:
            SegmentOutOfRangeError: A timestamp is negative or past the end.
        """

    def close(self) -> None:
        """Free the file and the child."""

    def __enter__(self) -> Self:
        """Give the reader itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()
