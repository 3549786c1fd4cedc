"""Ways over the ground: where something is, where it looks and how fast it goes, at each moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import atan2, hypot
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vau_agent.training.scenes.poses import stride

_STEP_S: Final = 0.05
_SLOW: Final = 0.15
"""Metres a second below which a thing keeps looking where it looked."""

Floats = NDArray[np.float64]
Key = tuple[float, float, float]
"""Seconds, x, y."""
Look = tuple[float, float, float]
"""From second, to second, heading in radians; it wins over the direction of travel."""


class Place(NamedTuple):
    """Where something is at one moment."""

    x: float
    y: float
    heading: float
    speed: float
    travelled: float
    """Metres so far."""
    strides: float
    """Pairs of steps so far, of a person one metre tall."""


@dataclass(frozen=True, slots=True)
class Track:
    """A smooth way through key points; before the first and after the last it stands still."""

    begins: float
    samples: tuple[Place, ...]

    def at(self, timestamp: float) -> Place:
        """Return where the thing is at `timestamp`."""
        place = (timestamp - self.begins) / _STEP_S
        if place <= 0:
            return self.samples[0]
        index = int(place)
        if index >= len(self.samples) - 1:
            return self.samples[-1]
        share = place - index
        first, second = self.samples[index], self.samples[index + 1]
        return Place(*[a + (b - a) * share for a, b in zip(first, second, strict=True)])


def track(
    keys: Sequence[Key],
    *,
    looks: Sequence[Look] = (),
    heading: float | None = None,
    inertia_s: float = 0.4,
) -> Track:
    """Lead something through key points.

    Args:
        keys: In the order of time.
        looks: Where it looks whatever its way is, such as an opponent.
        heading: Where it looks before it first moves; without it, where it will go.
        inertia_s: Corners and changes of speed are spread over this time.
    """
    times = np.array([key[0] for key in keys])
    margin = inertia_s + 0.1
    grid = np.arange(times[0] - margin, times[-1] + margin + 2 * _STEP_S, _STEP_S)
    window = max(1, round(inertia_s / _STEP_S))
    x = _soften(np.interp(grid, times, [key[1] for key in keys]), window)
    y = _soften(np.interp(grid, times, [key[2] for key in keys]), window)
    dx, dy = np.gradient(x, _STEP_S), np.gradient(y, _STEP_S)
    speed = np.hypot(dx, dy)
    headings = _headings(grid, dx, dy, speed, looks, heading)
    turned = _soften(np.unwrap(headings), max(window, round(0.35 / _STEP_S)))
    way = np.cumsum(speed) * _STEP_S
    paces = np.cumsum(speed / _strides(speed)) * _STEP_S
    rows = np.stack((x, y, turned, speed, way, paces), axis=1).tolist()
    return Track(float(grid[0]), tuple(Place(*row) for row in rows))


def still(x: float, y: float, heading: float = 0.0) -> Track:
    """Return the way of something that stays where it is."""
    return Track(0.0, (Place(x, y, heading, 0.0, 0.0, 0.0),))


def toward(x: float, y: float, other_x: float, other_y: float) -> float:
    """Return the heading from one point to another."""
    return atan2(other_y - y, other_x - x)


def travel_time(start: tuple[float, float], end: tuple[float, float], speed: float) -> float:
    """Return the seconds a way takes at `speed` metres a second."""
    return hypot(end[0] - start[0], end[1] - start[1]) / speed


def _headings(
    grid: Floats, dx: Floats, dy: Floats, speed: Floats, looks: Sequence[Look], first: float | None
) -> Floats:
    known = speed > _SLOW
    values = np.where(known, np.arctan2(dy, dx), 0.0)
    for start, end, angle in looks:
        inside = (grid >= start) & (grid < end)
        values[inside], known[inside] = angle, True
    if first is not None:
        known[0], values[0] = True, first
    if not known.any():
        return np.zeros_like(values)
    last = np.maximum.accumulate(np.where(known, np.arange(len(grid)), -1))
    last[last < 0] = int(np.argmax(known))
    return values[last]


def _soften(values: Floats, window: int) -> Floats:
    """Average over about `window` samples with rounded weights; ends hold their values."""
    if window < 2:
        return values
    weights = np.hanning(2 * window + 1)[1:-1]
    padded = np.pad(values, (window - 1, window - 1), mode="edge")
    return np.convolve(padded, weights / weights.sum(), mode="valid")


def _strides(speed: Floats) -> Floats:
    levels = np.linspace(0.0, 12.0, 49)
    return np.interp(speed, levels, [stride(float(level)) for level in levels])
