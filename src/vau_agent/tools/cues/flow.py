"""Optical flow of single cells: Lucas and Kanade's normal equations, coarse to fine, vectorised.

Only the cells asked for are tracked, so a quiet picture costs next to nothing. The template is cut
from the *current* picture: flow belongs to where a thing is now, and ground that a thing has just
uncovered finds no match and drops out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from vau_agent.tools.cues.grid import CELL, Plane, shrink

LEVELS: Final = 3
_RADIUS: Final = 5
_STEPS: Final = 3
_LOST: Final = 0.5
"""Share of the difference that must vanish, or the cell is searched for."""

_SEARCH_RADIUS: Final = 2
_SEARCH_REACH: Final = 6
"""Pixels of the smallest picture: 24 of the measured one, or a car at 50 km/h across a street."""

_MAX_STEP: Final = 2.0
"""Pixels per iteration; Lucas and Kanade's linearisation holds no further."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CellFlow:
    """Displacement of cells since the previous picture, one row per cell asked for."""

    shift: NDArray[np.float32]
    """N x 2, pixels right and down."""
    before: NDArray[np.float32]
    """Root mean square difference at zero displacement, in grey levels, brightness removed."""
    after: NDArray[np.float32]
    """The same at the displacement found."""
    texture: NDArray[np.float32]
    """Smaller eigenvalue of the gradient matrix, per pixel of the window."""


def build_pyramid(luma: Plane) -> tuple[Plane, ...]:
    """Give the picture and its successive halves."""
    planes = [luma]
    for _ in range(LEVELS - 1):
        planes.append(shrink(planes[-1]))
    return tuple(planes)


def track_cells(
    previous: Sequence[Plane], current: Sequence[Plane], cells: NDArray[np.intp]
) -> CellFlow:
    """Follow `cells` (N x 2, row and column) of the current picture back to the previous one."""
    centre = cells.astype(np.float32) * CELL + (CELL - 1) / 2
    found = _descend(previous, current, centre, np.zeros((len(cells), 2), dtype=np.float32))
    # Lucas and Kanade's basin is a few pixels wide; what they lose is searched for
    lost = np.flatnonzero(found.after > _LOST * np.maximum(found.before, 1.0))
    if lost.size:
        start = _search(previous[-1], current[-1], centre[lost]) * 2.0 ** (len(current) - 1)
        again = _descend(previous, current, centre[lost], start)
        better = again.after < 0.8 * found.after[lost]
        rows = lost[better]
        found.shift[rows], found.after[rows] = again.shift[better], again.after[better]
    return replace(found, shift=-found.shift[:, ::-1])


def _descend(
    previous: Sequence[Plane],
    current: Sequence[Plane],
    centre: NDArray[np.float32],
    start: NDArray[np.float32],
) -> CellFlow:
    """Refine displacements (rows and columns, towards the previous picture) level by level."""
    shift = start
    before = after = texture = np.zeros(len(centre), dtype=np.float32)
    for level in reversed(range(len(current))):
        scale = np.float32(2.0**level)
        place = (centre + 0.5) / scale - 0.5
        patch = _Patch.cut(current[level], place)
        local = shift / scale
        for _ in range(_STEPS):
            local = local + patch.step(previous[level], place, local)
        shift = local * scale
        if level == 0:
            before = patch.residual(previous[0], place, np.zeros_like(local))
            after = patch.residual(previous[0], place, local)
            texture = patch.texture
    return CellFlow(shift=shift, before=before, after=after, texture=texture)


def _search(previous: Plane, current: Plane, centre: NDArray[np.float32]) -> NDArray[np.float32]:
    """Match squares of the smallest picture at every whole displacement within reach."""
    place = np.rint((centre + 0.5) / 2 ** (LEVELS - 1) - 0.5)
    inner, outer = _SEARCH_RADIUS, _SEARCH_RADIUS + _SEARCH_REACH
    patch = _sample(current, place.astype(np.float32), inner)
    around = _sample(previous, place.astype(np.float32), outer)
    windows = sliding_window_view(around, patch.shape[1:], axis=(1, 2))
    difference = windows - patch[:, None, None]
    difference = difference - difference.mean(axis=(3, 4), keepdims=True)
    cost = np.mean(difference * difference, axis=(3, 4)).reshape(len(place), -1)
    best = cost.argmin(axis=1)
    side = 2 * _SEARCH_REACH + 1
    shift = np.stack([best // side, best % side], axis=1) - _SEARCH_REACH
    return shift.astype(np.float32)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Patch:
    values: Plane
    gradient_y: Plane
    gradient_x: Plane
    matrix: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
    texture: NDArray[np.float32]

    @classmethod
    def cut(cls, plane: Plane, place: NDArray[np.float32]) -> "_Patch":
        wide = _sample(plane, place, _RADIUS + 1)
        values = wide[:, 1:-1, 1:-1]
        gradient_y = 0.5 * (wide[:, 2:, 1:-1] - wide[:, :-2, 1:-1])
        gradient_x = 0.5 * (wide[:, 1:-1, 2:] - wide[:, 1:-1, :-2])
        yy = np.mean(gradient_y * gradient_y, axis=(1, 2))
        xx = np.mean(gradient_x * gradient_x, axis=(1, 2))
        xy = np.mean(gradient_x * gradient_y, axis=(1, 2))
        texture = 0.5 * (yy + xx - np.sqrt((yy - xx) ** 2 + 4 * xy**2))
        return cls(
            values=values,
            gradient_y=gradient_y,
            gradient_x=gradient_x,
            matrix=(yy, xy, xx),
            texture=texture,
        )

    def step(
        self, other: Plane, place: NDArray[np.float32], shift: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        error = self._error(other, place, shift)
        by = np.mean(self.gradient_y * error, axis=(1, 2))
        bx = np.mean(self.gradient_x * error, axis=(1, 2))
        yy, xy, xx = self.matrix
        # one grey level squared of damping: an edge moves across itself, a blank patch not at all
        yy, xx = yy + 1.0, xx + 1.0
        determinant = yy * xx - xy * xy
        step = np.stack([(xx * by - xy * bx), (yy * bx - xy * by)], axis=1) / determinant[:, None]
        clipped: NDArray[np.float32] = np.clip(step, -_MAX_STEP, _MAX_STEP)
        return clipped

    def residual(
        self, other: Plane, place: NDArray[np.float32], shift: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        error = self._error(other, place, shift)
        rms: NDArray[np.float32] = np.sqrt(np.mean(error * error, axis=(1, 2)))
        return rms

    def _error(self, other: Plane, place: NDArray[np.float32], shift: NDArray[np.float32]) -> Plane:
        difference = self.values - _sample(other, place + shift, _RADIUS)
        error: Plane = difference - difference.mean(axis=(1, 2), keepdims=True)
        return error


def _sample(plane: Plane, place: NDArray[np.float32], radius: int) -> Plane:
    """Cut squares around sub-pixel places; beyond the border the edge repeats."""
    height, width = plane.shape
    whole = np.floor(place).astype(np.intp)
    part = (place - whole).astype(np.float32)
    offsets = np.arange(-radius, radius + 2)
    rows = np.clip(whole[:, :1] + offsets, 0, height - 1)
    columns = np.clip(whole[:, 1:] + offsets, 0, width - 1)
    squares = plane[rows[:, :, None], columns[:, None, :]]
    fy, fx = part[:, 0, None, None], part[:, 1, None, None]
    upright = squares[:, :-1] * (1 - fy) + squares[:, 1:] * fy
    sampled: Plane = upright[:, :, :-1] * (1 - fx) + upright[:, :, 1:] * fx
    return sampled
