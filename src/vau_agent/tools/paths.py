"""Links what moves from picture to picture into paths.

Things are told apart by where they are and were going, not by what they look like: where people
meet and merge, one path may end or go on as another's.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from vau_agent.tools.cues.background import find_things
from vau_agent.tools.cues.grid import CELL, Mask, Plane, dilate

_MIN_CELLS: Final = 6
"""Smaller things are noise, or too small to follow."""

_REACH: Final = 0.6
"""How far from where it was expected a thing may be, in its own heights, and still be the same."""

_LOST_SECONDS: Final = 0.6
"""A thing unseen for longer is not taken up again: it stopped, left, or merged with another."""

_ALIKE_SIZE: Final = 3.0
"""Sizes within this ratio may be one thing, whose limbs are seen now and then."""

_MIN_SECONDS: Final = 0.4
_VELOCITY_SHARE: Final = 0.4
"""Weight of the newest displacement in the velocity by which the next place is expected."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sighting:
    """A moving thing in one picture; places are shares of the picture, lengths pixels."""

    timestamp: float
    x: float
    y: float
    """Middle of the thing."""
    row: float
    column: float
    """The same, in pixels."""
    height: float
    cells: int
    speed: float
    """Body heights a second, of its fastest few cells."""


@dataclass(kw_only=True, slots=True)
class Path:
    """One moving thing, from where it was first seen to where it was last."""

    sightings: list[Sighting]
    velocity: tuple[float, float] = (0.0, 0.0)
    """Rows and columns, pixels a second."""

    @property
    def last(self) -> Sighting:
        """Where it was seen last."""
        return self.sightings[-1]

    @property
    def first(self) -> Sighting:
        """Where it was seen first."""
        return self.sightings[0]

    @property
    def seconds(self) -> float:
        """How long it was followed."""
        return self.last.timestamp - self.first.timestamp

    @property
    def height(self) -> float:
        """Its usual height in pixels."""
        return float(np.median([one.height for one in self.sightings]))

    @property
    def fastest(self) -> Sighting:
        """Where it was fastest."""
        return max(self.sightings, key=lambda one: one.speed)

    @property
    def length(self) -> float:
        """How far it went, in its own heights; jitter about a place is no way."""
        places = np.array([(one.row, one.column) for one in self.sightings])
        size = max(1, len(places) // max(2, round(self.seconds / 0.5) + 1))
        kept = np.vstack([places[:1], places[size // 2 :: size], places[-1:]])
        return float(np.hypot(*np.diff(kept, axis=0).T).sum()) / max(self.height, CELL)

    @property
    def travel(self) -> float:
        """How far its ends lie apart, in its own heights."""
        rows, columns = self.last.row - self.first.row, self.last.column - self.first.column
        return float(np.hypot(rows, columns)) / max(self.height, CELL)

    def expected(self, timestamp: float) -> tuple[float, float]:
        """Give the row and column at which it should be, if it went on as before."""
        elapsed = timestamp - self.last.timestamp
        row, column = self.last.row, self.last.column
        return row + self.velocity[0] * elapsed, column + self.velocity[1] * elapsed

    def extend(self, seen: Sighting) -> None:
        """Go on to where it is seen now."""
        elapsed = max(seen.timestamp - self.last.timestamp, 1e-3)
        newest = ((seen.row - self.last.row) / elapsed, (seen.column - self.last.column) / elapsed)
        share = _VELOCITY_SHARE if len(self.sightings) > 1 else 1.0
        self.velocity = (
            self.velocity[0] + share * (newest[0] - self.velocity[0]),
            self.velocity[1] + share * (newest[1] - self.velocity[1]),
        )
        self.sightings.append(seen)


@dataclass(kw_only=True, slots=True)
class PathFinder:
    """Follows things from picture to picture, in time order."""

    _open: list[Path] = field(default_factory=list)
    _closed: list[Path] = field(default_factory=list)

    @property
    def paths(self) -> list[Path]:
        """All that were followed long enough to be more than noise, longest way first."""
        long = [one for one in (*self._closed, *self._open) if one.seconds >= _MIN_SECONDS]
        return sorted(long, key=lambda one: -one.length)

    def add(self, moving: Mask, speed: Plane, timestamp: float) -> None:
        """Look at the next picture's moving cells and their speeds."""
        seen = sightings(moving, speed, timestamp)
        fresh = [p for p in self._open if timestamp - p.last.timestamp <= _LOST_SECONDS]
        self._closed += [p for p in self._open if timestamp - p.last.timestamp > _LOST_SECONDS]
        self._open = fresh
        pairs = sorted(
            (_distance(path, one), number, place)
            for number, path in enumerate(fresh)
            for place, one in enumerate(seen)
        )
        gone_on: set[int] = set()
        taken: set[int] = set()
        for distance, number, place in pairs:
            if distance <= _REACH and number not in gone_on and place not in taken:
                fresh[number].extend(seen[place])
                gone_on.add(number)
                taken.add(place)
        self._open += [
            Path(sightings=[one]) for place, one in enumerate(seen) if place not in taken
        ]

    def cut(self) -> None:
        """End all paths: another scene begins."""
        self._closed += self._open
        self._open = []


def sightings(moving: Mask, speed: Plane, timestamp: float) -> list[Sighting]:
    """Give the things that move in one picture."""
    rows, columns = moving.shape
    seen = []
    for thing in find_things(dilate(moving)):
        own = thing & moving
        cells = int(own.sum())
        if cells < _MIN_CELLS:
            continue
        y, x = np.nonzero(own)
        row, column = float(y.mean()) + 0.5, float(x.mean()) + 0.5
        believed = min(3, cells)
        fast = float(np.partition(speed[own], -believed)[-believed])
        seen.append(
            Sighting(
                timestamp=timestamp,
                x=column / columns,
                y=row / rows,
                row=row * CELL,
                column=column * CELL,
                height=float(y.max() - y.min() + 1) * CELL,
                cells=cells,
                speed=fast,
            )
        )
    return seen


def _distance(path: Path, seen: Sighting) -> float:
    """Give how far a thing is from where a path leads, in its heights; infinite if it cannot be."""
    ratio = seen.cells / path.last.cells
    if not 1 / _ALIKE_SIZE <= ratio <= _ALIKE_SIZE:
        return float("inf")
    row, column = path.expected(seen.timestamp)
    height = max(seen.height, path.last.height)
    return float(np.hypot(seen.row - row, seen.column - column)) / height
