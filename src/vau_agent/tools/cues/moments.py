"""What is remembered of every moment: small numbers, in memory that does not grow.

When the store is full, neighbouring moments are merged (the larger value of each measurement
stays), so that ten hours need no more room than ten minutes and only the resolution coarsens.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vau_agent.tools.cues.grid import Plane

ROWS: Final = 6
COLUMNS: Final = 8
"""Regions of the picture that have a normal of their own."""

REGIONAL: Final[tuple[str, ...]] = ("speed", "erratic", "motion")
"""Measurements that are compared with the region's own normal."""

SINGLE: Final[tuple[str, ...]] = (
    "impact",
    "stillness",
    "object_left",
    "object_removed",
    "fire_colour",
    "flicker",
    "flash",
    "crowd",
)
"""Measurements that carry one value and one region a moment."""

_BELIEVED: Final = 3
"""Cells that must agree before a region's largest value counts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """Raw measurements of one moment."""

    timestamp: float
    regional: NDArray[np.float32]
    """`REGIONAL` x regions."""
    single: NDArray[np.float32]
    """`SINGLE`."""
    place: NDArray[np.int8]
    """Region of each single value; -1 for the whole picture."""


@dataclass(kw_only=True, slots=True)
class MomentStore:
    """Moments in time order; `capacity` rows at most."""

    capacity: int
    count: int = 0
    merged: int = 1
    """Measured moments that one row stands for."""
    _pending: int = 0
    _times: NDArray[np.float64] = field(init=False)
    _regional: NDArray[np.float16] = field(init=False)
    _single: NDArray[np.float16] = field(init=False)
    _place: NDArray[np.int8] = field(init=False)

    def __post_init__(self) -> None:
        self._times = np.zeros(self.capacity)
        self._regional = np.zeros((self.capacity, len(REGIONAL), ROWS * COLUMNS), dtype=np.float16)
        self._single = np.zeros((self.capacity, len(SINGLE)), dtype=np.float16)
        self._place = np.full((self.capacity, len(SINGLE)), -1, dtype=np.int8)

    @property
    def times(self) -> NDArray[np.float64]:
        """Seconds, ascending."""
        return self._times[: self.count]

    @property
    def regional(self) -> NDArray[np.float16]:
        """Moments x `REGIONAL` x regions."""
        return self._regional[: self.count]

    @property
    def single(self) -> NDArray[np.float16]:
        """Moments x `SINGLE`."""
        return self._single[: self.count]

    @property
    def place(self) -> NDArray[np.int8]:
        """Moments x `SINGLE`."""
        return self._place[: self.count]

    def add(self, moment: Moment) -> None:
        """Append a moment; the store is halved first when it is full."""
        if self._pending and self._pending < self.merged:
            self._merge_into(self.count - 1, moment)
            self._pending += 1
            return
        if self.count == self.capacity:
            self._halve()
        row = self.count
        self._times[row] = moment.timestamp
        self._regional[row] = moment.regional
        self._single[row] = moment.single
        self._place[row] = moment.place
        self.count += 1
        self._pending = 1

    def raise_single(self, name: str, timestamp: float, value: float) -> None:
        """Set a measurement of a past moment that only later proved to be what it was."""
        row = int(np.searchsorted(self.times, timestamp, side="right")) - 1
        column = SINGLE.index(name)
        self._single[max(row, 0), column] = max(self._single[max(row, 0), column], value)

    def _merge_into(self, row: int, moment: Moment) -> None:
        self._regional[row] = np.maximum(self._regional[row], moment.regional)
        larger = moment.single > self._single[row]
        self._place[row] = np.where(larger, moment.place, self._place[row])
        self._single[row] = np.maximum(self._single[row], moment.single)

    def _halve(self) -> None:
        half = self.count // 2
        first, second = slice(0, 2 * half, 2), slice(1, 2 * half, 2)
        larger = self._single[second] > self._single[first]
        self._place[:half] = np.where(larger, self._place[second], self._place[first])
        self._single[:half] = np.maximum(self._single[first], self._single[second])
        self._regional[:half] = np.maximum(self._regional[first], self._regional[second])
        self._times[:half] = self._times[first]
        self._place[half:], self._single[half:], self._regional[half:] = -1, 0, 0
        self.count, self.merged = half, self.merged * 2


def by_region(plane: Plane) -> NDArray[np.float32]:
    """Give each region the value that its few largest cells agree on."""
    values = np.zeros(ROWS * COLUMNS, dtype=np.float32)
    if not plane.any():
        return values
    index = region_of(plane.shape)
    for region in np.unique(index[plane > 0]):
        cells = plane[index == region]
        believed = min(_BELIEVED, cells.size)
        values[region] = np.partition(cells, -believed)[-believed]
    return values


def mean_by_region(plane: Plane) -> NDArray[np.float32]:
    """Average the cells of each region."""
    index = region_of(plane.shape).ravel()
    total = np.bincount(index, weights=plane.ravel(), minlength=ROWS * COLUMNS)
    number = np.bincount(index, minlength=ROWS * COLUMNS)
    return (total / np.maximum(number, 1)).astype(np.float32)


def region_of(shape: tuple[int, ...]) -> NDArray[np.intp]:
    """Give the region of each cell."""
    rows = np.minimum(np.arange(shape[0]) * ROWS // shape[0], ROWS - 1)
    columns = np.minimum(np.arange(shape[1]) * COLUMNS // shape[1], COLUMNS - 1)
    index: NDArray[np.intp] = (rows[:, None] * COLUMNS + columns[None, :]).astype(np.intp)
    return index


def strongest(plane: Plane) -> tuple[float, int]:
    """Give the value that the few largest cells agree on, and the region of the largest."""
    flat = plane.ravel()
    believed = min(_BELIEVED, flat.size)
    value = float(np.partition(flat, -believed)[-believed])
    place = int(region_of(plane.shape).ravel()[int(flat.argmax())]) if flat.max() > 0 else -1
    return value, place
