"""Speed, disorder and sudden stops of what moves, in body heights.

Pixels per second mean nothing across cameras. The height on the picture of what moves is a ruler
that perspective cannot bend: people walk at 0.8 body heights a second (1.4 m/s at 1.7 m) and run
above 1.8 (3 m/s).
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vau_agent.tools.cues.change import Change
from vau_agent.tools.cues.grid import CELL, Mask, Plane, box_sum

_RUNNING: Final = 1.8
"""Body heights a second; what stops from less is no impact."""

_MEMORY_SECONDS: Final = 0.35
"""How far back a silhouette is gathered, and a sudden stop looked for."""

_MIN_HEIGHT: Final = 3.0
"""Cells; below, a height is mostly rounding."""

_BLUR_CELLS: Final = 2.0
"""Cells by which the window of change detection lengthens a silhouette."""

_LARGE: Final = 2.0
"""Times the usual height up to which a silhouette may be people who merge; beyond it is large."""

_MERGED: Final = 1.5
"""Times the usual height from which a vote is cut: more is two people, one behind the other."""

_SUPPORT: Final = 3.0
"""Tracked cells in a neighbourhood of nine before its velocity is believed."""

_RADII: Final = (2, 4, 7, 11)
"""Cells; the window nearest to half a body height is used."""

_BODY_SHARE: Final = 0.15
"""Cells that a body fills, as a share of its height squared: half of a standing person."""

_DISORDER_SECONDS: Final = 0.5
"""A blow and its recoil take less; a walker's step takes more."""

_RELATIVE_ERROR: Final = 0.3
"""Of a tracked displacement."""

_STEADY: Final = 0.35
"""Share by which velocity may change along its path and still be that of one thing moving on."""

_MOST_STEPS: Final = 6
"""Baselines over which a path is averaged: half a second."""

_STEPS: Final = 2
"""Baselines for which a thing must go the same way: chance matches in noise do not."""

_TRACKING_PIXELS: Final = 0.35
"""Standard error of a tracked displacement; less than this is no acceleration."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kinematics:
    """Per cell; zero where nothing moves or nothing could be followed."""

    speed: Plane
    """Body heights a second."""
    erratic: Plane
    """Root mean square of velocity about its mean, over a body's size and half a second."""
    impact: Plane
    """Speed lost within a third of a second, body heights a second."""


@dataclass(kw_only=True, slots=True)
class _Past:
    moving: Mask
    velocity: NDArray[np.float32]
    """Pixels a second, right and down."""
    support: Mask
    glide: NDArray[np.float32]
    """Mean velocity of a cell's thing along its path."""
    steps: NDArray[np.int8]
    """How many baselines long a cell's thing has gone the same way."""
    height: Plane
    elapsed: float
    timestamp: float


@dataclass(kw_only=True, slots=True)
class KinematicsMeter:
    """Measures one moment after another; holds a third of a second of cell arrays."""

    _past: deque[_Past] = field(default_factory=deque)
    _sums: NDArray[np.float32] = field(
        default_factory=lambda: np.zeros((0, 0, 0), dtype=np.float32)
    )
    """Running means of mass, momentum and energy, per cell."""
    _votes: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    """Moments of the fit of height over row."""

    def reset(self) -> None:
        """Forget the past after a cut; sizes at each picture row are of the old scene too."""
        self._past.clear()
        self._sums = np.zeros((0, 0, 0), dtype=np.float32)
        self._votes = np.zeros(0)

    def rest(self) -> None:
        """Note a moment in which nothing moved."""
        self._past.clear()
        self._sums *= np.float32(0.5)

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
        now = _Past(
            moving=change.moving,
            velocity=velocity,
            support=support,
            glide=velocity,
            steps=np.zeros(support.shape, dtype=np.int8),
            height=height,
            elapsed=elapsed,
            timestamp=timestamp,
        )
        earlier = [past for past in self._past if timestamp - past.timestamp > 0.9 * elapsed]
        impact = np.zeros_like(height)
        if earlier:
            _follow(earlier[-1], now)
            impact = _lost_speed(earlier[0], now)
        erratic = self._disorder(now, change.step)
        pace = _length(now.glide) / height
        speed = np.where(now.steps >= _STEPS, pace, 0)
        self._past.append(now)
        return Kinematics(speed=speed.astype(np.float32), erratic=erratic, impact=impact)

    def _disorder(self, now: _Past, step: float) -> Plane:
        """Measure the movement that is left when the common movement is taken away.

        A walker or a car glides: all of it goes one way, the same way for half a second. Limbs add
        a little. In a struggle most of the movement leads nowhere.
        """
        body = now.velocity / now.height[..., None]
        square = (body * body).sum(axis=-1)
        mass = now.support.astype(np.float32)
        sums = np.stack([mass, mass * body[..., 0], mass * body[..., 1], mass * square])
        if self._sums.shape != sums.shape:
            self._sums = np.zeros_like(sums)
        share = np.float32(min(1.0, step / _DISORDER_SECONDS))
        self._sums += share * (sums - self._sums)
        total, right, down, energy = _windowed(self._sums, now.height)
        weight = np.maximum(total, 1e-3)
        common = (right / weight) ** 2 + (down / weight) ** 2
        # displacements are right to a share of their length, so fast things look a little shaken
        inner = np.maximum(energy / weight - common * (1 + _RELATIVE_ERROR**2), 0)
        # what is smaller than half a body counts for less
        filled = np.minimum(1, total / (_BODY_SHARE * (now.height / CELL) ** 2))
        disorder: Plane = np.where(now.support, np.sqrt(inner) * filled, 0).astype(np.float32)
        return disorder

    def _usual_height(self, run: Plane) -> Plane:
        """Fit the usual height of things, linear in the row as the perspective of a fixed camera.

        Single silhouettes are a poor ruler, because people who pass one another merge. All that
        were seen so far vote.
        """
        rows, columns = run.shape
        row = np.arange(rows) / rows
        seen = run > 0
        number = seen.sum(axis=1)
        voted = np.where(seen, np.minimum(run, _MERGED * self._fit(rows)[:, None]), 0)
        height = voted.sum(axis=1)
        self._votes = self._votes + np.array(
            [
                number.sum(),
                (number * row).sum(),
                (number * row * row).sum(),
                height.sum(),
                (height * row).sum(),
            ]
        )
        usual: Plane = np.repeat(self._fit(rows)[:, None], columns, axis=1)
        return usual.astype(np.float32)

    def _fit(self, rows: int) -> NDArray[np.float64]:
        """Give the usual height at each row."""
        if self._votes.size == 0:
            # a few imagined things a quarter of the picture tall hold the fit while little is seen
            self._votes = np.array([8.0, 4.0, 8 / 3, 8 * rows / 4, 4 * rows / 4])
        one, first, second, tall, slanted = self._votes
        # held towards a level fit: one lorry at one row must not tilt the scene
        spread = (second - first * first / one) + 0.02 * one
        slope = (slanted - first * tall / one) / spread
        fit = (tall - slope * first) / one + slope * np.arange(rows) / rows
        usual: NDArray[np.float64] = np.clip(fit, _MIN_HEIGHT, rows)
        return usual

    def _height(self, silhouette: Mask) -> Plane:
        """Give each cell the height in pixels of what stands there."""
        run = _vertical_run(silhouette)
        usual = self._usual_height(run)
        # a lorry, or a person close to the camera, is its own ruler
        cells = np.maximum(usual, run / _LARGE)
        height: Plane = np.maximum(cells - _BLUR_CELLS, _MIN_HEIGHT).astype(np.float32) * CELL
        return height


def _smooth_velocity(change: Change, elapsed: float) -> tuple[NDArray[np.float32], Mask]:
    weight = change.tracked.astype(np.float32)
    right, down = change.shift[..., 0], change.shift[..., 1]
    count, *totals = box_sum(np.stack([weight, weight * right, weight * down]), 1)
    support = (count >= _SUPPORT) & change.moving
    mean = np.stack(totals, axis=-1) / np.maximum(count, 1)[..., None]
    velocity = (np.where(support[..., None], mean, 0) / elapsed).astype(np.float32)
    return velocity, support


def _vertical_run(mask: Mask) -> Plane:
    """Count for each cell the cells above and below it without a gap over one."""
    closed = mask.copy()
    closed[1:-1] |= mask[:-2] & mask[2:]
    row = np.arange(len(mask), dtype=np.float32)[:, None]
    above = np.maximum.accumulate(np.where(closed, -1, row), axis=0)
    below = np.minimum.accumulate(np.where(closed, len(mask), row)[::-1], axis=0)[::-1]
    run: Plane = np.where(closed, below - above - 1, 0).astype(np.float32)
    return run


def _follow(before: _Past, now: _Past) -> None:
    """Find for each cell the thing it was a baseline ago; count its steps, average its velocity."""
    y, x = np.nonzero(now.support)
    velocity = now.velocity[y, x]
    origin = np.rint(np.column_stack([x, y]) - velocity * now.elapsed / CELL).astype(np.intp)
    rows, columns = now.support.shape
    # nine origins around, one a line
    down, right = np.repeat([-1, 0, 1], 3)[:, None], np.tile([-1, 0, 1], 3)[:, None]
    near_y = np.clip(np.clip(origin[:, 1], 0, rows - 1) + down, 0, rows - 1)
    near_x = np.clip(np.clip(origin[:, 0], 0, columns - 1) + right, 0, columns - 1)
    near = near_y * columns + near_x
    difference = _length(velocity - before.velocity.reshape(-1, 2)[near])
    allowed = _STEADY * _length(velocity) + _TRACKING_PIXELS / now.elapsed
    same = before.support.ravel()[near] & (difference < allowed)
    longer = np.where(same, np.minimum(before.steps.ravel()[near] + 1, _MOST_STEPS), 0)
    best = longer.argmax(axis=0)
    cell = np.arange(len(best))
    steps = longer[best, cell]
    path = np.where(steps[:, None] > 0, before.glide.reshape(-1, 2)[near[best, cell]], velocity)
    now.steps[y, x] = steps
    glide = now.velocity.copy()
    glide[y, x] = path + (velocity - path) / (steps[:, None] + 1.0)
    now.glide = glide


def _windowed(planes: NDArray[np.float32], height: Plane) -> NDArray[np.float32]:
    """Sum each plane over a window of each cell's own body size."""
    size = np.searchsorted(_RADII[1:], height / CELL / 2)
    chosen = np.zeros_like(planes)
    for used in np.unique(size):
        at = size == used
        chosen[:, at] = box_sum(planes, _RADII[used])[:, at]
    return chosen


def _length(vectors: NDArray[np.float32]) -> Plane:
    length: Plane = np.hypot(vectors[..., 0], vectors[..., 1])
    return length


def _lost_speed(before: _Past, now: _Past) -> Plane:
    """Compare a past velocity with the fastest thing that now goes the same way nearby."""
    speed = np.hypot(before.velocity[..., 0], before.velocity[..., 1])
    lost = np.zeros_like(speed)
    rows, columns = speed.shape
    fast = np.argwhere((before.steps >= _STEPS) & (speed / before.height > _RUNNING))
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
