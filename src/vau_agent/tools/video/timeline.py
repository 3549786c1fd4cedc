"""When each picture of a stream is shown and where decoding may start, in ticks of the stream.

Built from one pass over the packets, without decoding. Times given to callers are seconds from
the first picture shown, so an edit list or a late start time does not shift them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Ticks = NDArray[np.int64]

_ROUNDING = 1e-3
"""Share of a tick that a time may be off after its way through `float`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeline:
    """The presentation times of one stream."""

    pts: Ticks
    """Of each picture shown, ascending; never empty."""
    key_pts: Ticks
    """Of each packet where decoding may start, ascending; may be empty."""
    key_dts: Ticks
    """Decoding time of the same packets, by which they are sought."""
    time_base: Fraction
    end_pts: int
    """Where the last picture stops being shown."""

    @property
    def origin(self) -> int:
        """The tick that counts as zero seconds."""
        return int(self.pts[0])

    @property
    def duration(self) -> float:
        """Seconds from the first picture to the end of the last."""
        return self.seconds(self.end_pts)

    def seconds(self, pts: int) -> float:
        """Convert a tick to seconds from the start."""
        return float((pts - self.origin) * self.time_base)

    def all_seconds(self) -> NDArray[np.float64]:
        """Convert every presentation time to seconds from the start."""
        return self.seconds_of(self.pts)

    def seconds_of(self, pts: Ticks) -> NDArray[np.float64]:
        """Convert ticks to seconds from the start."""
        return np.multiply(pts - self.origin, float(self.time_base), dtype=np.float64)

    def shown_at(self, timestamps: Sequence[float]) -> Ticks:
        """Give, for each time, the picture on screen then; the first one before the first."""
        index = np.searchsorted(self.pts, self._ticks(timestamps) + _ROUNDING, side="right") - 1
        return self.pts[np.maximum(index, 0)]

    def between(self, start: float, end: float) -> Ticks:
        """Give the pictures whose time lies in `start <= t < end`."""
        low, high = self._ticks((start, end)) - _ROUNDING
        first, last = np.searchsorted(self.pts, (low, high), side="left")
        return np.unique(self.pts[first:last])

    def sampled(self, start: float, end: float, *, fps: float) -> Ticks:
        """Give the first picture of each `1 / fps` seconds between `start` and `end`."""
        inside = self.between(start, end)
        if not len(inside):
            return inside
        ticks_per_cell = 1 / (fps * self.time_base)
        offset = inside - self._ticks((start,))[0] + _ROUNDING
        cells = np.floor(offset / float(ticks_per_cell))
        return inside[np.concatenate(([True], np.diff(cells) > 0))]

    def key_before(self, pts: int) -> int:
        """Give the index of the last keyframe at or before a picture; -1 when there is none."""
        return int(np.searchsorted(self.key_pts, pts, side="right")) - 1

    def packets_between(self, first: int, last: int) -> int:
        """Count the pictures shown from one tick to another."""
        low, high = np.searchsorted(self.pts, (first, last))
        return int(high - low)

    def _ticks(self, timestamps: Sequence[float]) -> NDArray[np.float64]:
        return np.asarray(timestamps, dtype=np.float64) / float(self.time_base) + self.origin
