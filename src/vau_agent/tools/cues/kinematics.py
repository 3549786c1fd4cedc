"""Speed, disorder and sudden stops of what moves, in body heights.

Pixels per second mean nothing across cameras. The height on the picture of what moves is a ruler
that perspective cannot bend: people walk at 0.8 body heights a second (1.4 m/s at 1.7 m), run above
1.8 (3 m/s), and free fall accelerates at 5.8 a second squared (9.8 m/s2).
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vau_agent.tools.cues.change import Change
from vau_agent.tools.cues.grid import CELL, Mask, Plane, box_sum

GRAVITY: Final = 5.8
"""Body heights per second squared."""

_MEMORY_SECONDS: Final = 0.35
"""How far back a silhouette is gathered, and a sudden stop looked for."""

_MIN_HEIGHT: Final = 3.0
"""Cells; below, a height is mostly rounding."""

_BLUR_CELLS: Final = 2.0
"""Cells by which the window of change detection lengthens a silhouette."""

_SUPPORT: Final = 3.0
"""Tracked cells in a neighbourhood of nine before its velocity is believed."""

_TRACKING_PIXELS: Final = 0.35
"""Standard error of a tracked displacement; less than this is no acceleration."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kinematics:
    """Per cell; zero where nothing moves or nothing could be followed."""

    speed: Plane
    """Body heights a second."""
    erratic: Plane
    """Mean acceleration in the neighbourhood, body heights a second squared."""
    impact: Plane
    """Speed lost within a third of a second, body heights a second."""


@dataclass(kw_only=True, slots=True)
class _Past:
    moving: Mask
    velocity: NDArray[np.float32]
    """Pixels a second, right and down."""
    support: Mask
    height: Plane
    elapsed: float
    timestamp: float


@dataclass(kw_only=True, slots=True)
class KinematicsMeter:
    """Measures one moment after another; holds a third of a second of cell arrays."""

    _past: deque[_Past] = field(default_factory=deque)
    _row_height: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, dtype=np.float32))

    def reset(self) -> None:
        """Forget the past after a cut; sizes at each picture row are of the old scene too."""
        self._past.clear()
        self._row_height = np.zeros(0, dtype=np.float32)

    def rest(self) -> None:
        """Note a moment in which nothing moved."""
        self._past.clear()

    def step(self, change: Change, timestamp: float) -> Kinematics:
        """Measure one moment."""
        elapsed = max(change.elapsed, 1e-3)
        velocity, support = _smooth_velocity(change, elapsed)
        while self._past and timestamp - self._past[0].timestamp > _MEMORY_SECONDS:
            self._past.popleft()
        silhouette = change.moving.copy()
        for past in self._past:
            silhouette |= past.moving
        height = self._height(silhouette)
        speed = np.where(support, np.hypot(velocity[..., 0], velocity[..., 1]) / height, 0)
        now = _Past(
            moving=change.moving,
            velocity=velocity,
            support=support,
            height=height,
            elapsed=elapsed,
            timestamp=timestamp,
        )
        before = [past for past in self._past if timestamp - past.timestamp > 0.9 * elapsed]
        erratic = _disorder(before[-1], now) if before else np.zeros_like(height)
        impact = np.zeros_like(height)
        if len(self._past) > 1:
            impact = _lost_speed(self._past[0], now)
        self._past.append(now)
        return Kinematics(speed=speed.astype(np.float32), erratic=erratic, impact=impact)

    def _height(self, silhouette: Mask) -> Plane:
        """Give each cell the height in pixels of what stands there."""
        run = _vertical_run(silhouette)
        wide = run.copy()
        for step in (1, 2):
            wide[:, step:] = np.maximum(wide[:, step:], run[:, :-step])
            wide[:, :-step] = np.maximum(wide[:, :-step], run[:, step:])
        if self._row_height.size != len(run):
            self._row_height = np.full(len(run), _MIN_HEIGHT, dtype=np.float32)
        for row in np.flatnonzero((run > 0).sum(axis=1) >= 2):
            usual = float(np.median(run[row][run[row] > 0]))
            self._row_height[row] += 0.05 * (usual - self._row_height[row])
        cells = np.maximum(wide - _BLUR_CELLS, self._row_height[:, None] - _BLUR_CELLS)
        height: Plane = np.maximum(cells, _MIN_HEIGHT).astype(np.float32) * CELL
        return height


def _smooth_velocity(change: Change, elapsed: float) -> tuple[NDArray[np.float32], Mask]:
    weight = change.tracked.astype(np.float32)
    count = box_sum(weight, 1)
    support = (count >= _SUPPORT) & change.moving
    velocity = np.zeros_like(change.shift)
    for axis in (0, 1):
        total = box_sum(weight * change.shift[..., axis], 1)
        velocity[..., axis] = np.where(support, total / np.maximum(count, 1), 0) / elapsed
    return velocity, support


def _vertical_run(mask: Mask) -> Plane:
    """Count, for each cell of the mask, the cells above and below it without a gap over one."""
    closed = mask.copy()
    closed[1:-1] |= mask[:-2] & mask[2:]
    down = np.zeros(mask.shape, dtype=np.float32)
    up = np.zeros(mask.shape, dtype=np.float32)
    for row in range(len(mask)):
        down[row] = np.where(closed[row], 1 + (down[row - 1] if row else 0), 0)
        mirrored = len(mask) - 1 - row
        up[mirrored] = np.where(closed[mirrored], 1 + (up[mirrored + 1] if row else 0), 0)
    run: Plane = np.where(closed, down + up - 1, 0).astype(np.float32)
    return run


def _disorder(before: _Past, now: _Past) -> Plane:
    """Average, over a neighbourhood, how much velocity changes along its own path."""
    origin_y, origin_x = _origin(now)
    earlier = before.velocity[origin_y, origin_x]
    known = now.support & before.support[origin_y, origin_x]
    difference = np.hypot(*np.moveaxis(now.velocity - earlier, -1, 0))
    blur = _TRACKING_PIXELS / now.elapsed
    acceleration = np.maximum(difference - blur, 0) / now.height / now.elapsed
    mass = box_sum(known.astype(np.float32), 2)
    total = box_sum(np.where(known, acceleration, 0).astype(np.float32), 2)
    mean: Plane = np.where(now.support, total / np.maximum(mass, 6), 0).astype(np.float32)
    return mean


def _origin(now: _Past) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    rows, columns = now.support.shape
    y, x = np.mgrid[0:rows, 0:columns]
    step = now.velocity * now.elapsed / CELL
    origin_y = np.clip(np.rint(y - step[..., 1]), 0, rows - 1).astype(np.intp)
    origin_x = np.clip(np.rint(x - step[..., 0]), 0, columns - 1).astype(np.intp)
    return origin_y, origin_x


def _lost_speed(before: _Past, now: _Past) -> Plane:
    """Compare a past velocity with the fastest thing that now goes the same way nearby."""
    speed = np.hypot(before.velocity[..., 0], before.velocity[..., 1])
    lost = np.zeros_like(speed)
    rows, columns = speed.shape
    fast = np.argwhere(before.support & (speed / before.height > 1.0))
    for row, column in fast[:: max(1, len(fast) // 40)]:
        velocity = before.velocity[row, column]
        value = float(speed[row, column])
        ahead = velocity * (now.timestamp - before.timestamp) / CELL
        y, x = round(float(row + ahead[1])), round(float(column + ahead[0]))
        if not (2 <= y < rows - 2 and 2 <= x < columns - 2):
            continue
        reach = 2 + int(np.hypot(*ahead))
        top, left = max(0, min(row, y) - reach), max(0, min(column, x) - reach)
        window = now.velocity[top : max(row, y) + reach + 1, left : max(column, x) + reach + 1]
        along = float((window @ (velocity / value)).max())
        place = (min(y, rows - 1), min(x, columns - 1))
        loss = max(0.0, value - max(0.0, along)) / float(before.height[row, column])
        lost[place] = max(lost[place], loss)
    kept: Plane = lost.astype(np.float32)
    return kept
