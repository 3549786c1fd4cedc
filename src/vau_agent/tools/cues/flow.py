"""Optical flow of single cells: Lucas and Kanade's normal equations, coarse to fine, vectorised.

Only the cells asked for are tracked, so a quiet picture costs next to nothing. The template is cut
from the *current* picture: flow belongs to where a thing is now, and ground that a thing has just
uncovered finds no match and drops out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vau_agent.tools.cues.grid import CELL, Plane, shrink

LEVELS: Final = 3
_RADIUS: Final = 5
_STEPS: Final = 3
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
    count = len(cells)
    centre = cells.astype(np.float32) * CELL + (CELL - 1) / 2
    shift = np.zeros((count, 2), dtype=np.float32)
    before = after = texture = np.zeros(count, dtype=np.float32)
    for level in reversed(range(len(current))):
        scale = 2.0**level
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
    return CellFlow(shift=-shift[:, ::-1], before=before, after=after, texture=texture)


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
