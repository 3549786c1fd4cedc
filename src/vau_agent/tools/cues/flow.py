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
    centre = (cells.T * CELL + (CELL - 1) / 2).astype(np.float32)
    patches = [_Patch.cut(plane, _at_level(centre, level)) for level, plane in enumerate(current)]
    shift = _descend(previous, patches, np.zeros_like(centre))
    before = patches[0].residual(previous[0], np.zeros_like(centre))
    after = patches[0].residual(previous[0], shift)
    # Lucas and Kanade's basin is a few pixels wide; what they lose is searched for
    lost = np.flatnonzero(after > _LOST * np.maximum(before, 1.0))
    if lost.size:
        start = _search(previous[-1], current[-1], centre[:, lost]) * 2.0 ** (len(current) - 1)
        lost_patches = [patch.only(lost) for patch in patches]
        again = _descend(previous, lost_patches, start)
        after_again = lost_patches[0].residual(previous[0], again)
        better = after_again < 0.8 * after[lost]
        shift[:, lost[better]], after[lost[better]] = again[:, better], after_again[better]
    return CellFlow(shift=-shift[::-1].T, before=before, after=after, texture=patches[0].texture)


def _at_level(centre: NDArray[np.float32], level: int) -> NDArray[np.float32]:
    """Convert places of the whole picture to a level of the pyramid."""
    return (centre + np.float32(0.5)) / np.float32(2.0**level) - np.float32(0.5)


def _descend(
    previous: Sequence[Plane], patches: Sequence["_Patch"], start: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Refine displacements (rows and columns, towards the previous picture) level by level."""
    shift = start
    for level in reversed(range(len(patches))):
        scale = np.float32(2.0**level)
        local = shift / scale
        for _ in range(_STEPS):
            local += patches[level].step(previous[level], local)
        shift = local * scale
    return shift


def _search(previous: Plane, current: Plane, centre: NDArray[np.float32]) -> NDArray[np.float32]:
    """Match squares of the smallest picture at every whole displacement within reach."""
    inner, outer = _SEARCH_RADIUS, _SEARCH_RADIUS + _SEARCH_REACH
    place = np.rint(_at_level(centre, LEVELS - 1)).astype(np.intp)
    patch = _squares(current, place, inner, inner)
    patch -= patch.mean(axis=(0, 1))
    around = _squares(previous, place, outer, outer)
    size, side = 2 * inner + 1, 2 * _SEARCH_REACH + 1
    # the variance of the difference is that of the window, less twice the covariance with the
    # patch, plus a constant of the patch
    around -= around.mean(axis=(0, 1))
    total, square = _window_sums(np.stack([around, around * around]), size)
    cost = square - total * total / np.float32(size * size)
    product = np.empty_like(cost)
    patch *= -2
    for row in range(size):
        for column in range(size):
            window = around[row : row + side, column : column + side]
            cost += np.multiply(window, patch[row, column], out=product)
    best = cost.reshape(side * side, -1).argmin(axis=0)
    return (np.stack([best // side, best % side]) - _SEARCH_REACH).astype(np.float32)


def _window_sums(squares: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Sum every `size` rows and columns of axes 1 and 2."""
    side = squares.shape[1] - size + 1
    rows = sum((squares[:, n : n + side] for n in range(1, size)), squares[:, :side])
    both: NDArray[np.float32] = sum(
        (rows[:, :, n : n + side] for n in range(1, size)), rows[:, :, :side]
    )
    return both


@dataclass(frozen=True, kw_only=True, slots=True)
class _Patch:
    """Squares of the current picture; cells are on the last axis, so numpy's loops are long."""

    place: NDArray[np.float32]
    values: NDArray[np.float32]
    gradient_y: NDArray[np.float32]
    """Per pixel, less the mean of the square: with it an error's mean falls out by itself."""
    gradient_x: NDArray[np.float32]
    matrix: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
    texture: NDArray[np.float32]

    @classmethod
    def cut(cls, plane: Plane, place: NDArray[np.float32]) -> "_Patch":
        wide = _sample(plane, place, _RADIUS + 1)
        gradient_y = 0.5 * (wide[2:, 1:-1] - wide[:-2, 1:-1])
        gradient_x = 0.5 * (wide[1:-1, 2:] - wide[1:-1, :-2])
        yy = _mean_product(gradient_y, gradient_y)
        xx = _mean_product(gradient_x, gradient_x)
        xy = _mean_product(gradient_x, gradient_y)
        texture = 0.5 * (yy + xx - np.sqrt((yy - xx) ** 2 + 4 * xy**2))
        return cls(
            place=place,
            values=np.ascontiguousarray(wide[1:-1, 1:-1]),
            gradient_y=gradient_y - gradient_y.mean(axis=(0, 1)),
            gradient_x=gradient_x - gradient_x.mean(axis=(0, 1)),
            matrix=(yy, xy, xx),
            texture=texture,
        )

    def only(self, cells: NDArray[np.intp]) -> "_Patch":
        """Keep some of the cells."""
        yy, xy, xx = (part[cells] for part in self.matrix)
        return _Patch(
            place=self.place[:, cells],
            values=self.values.take(cells, axis=-1),
            gradient_y=self.gradient_y.take(cells, axis=-1),
            gradient_x=self.gradient_x.take(cells, axis=-1),
            matrix=(yy, xy, xx),
            texture=self.texture[cells],
        )

    def step(self, other: Plane, shift: NDArray[np.float32]) -> NDArray[np.float32]:
        """Solve the normal equations once."""
        error = self._error(other, shift)
        by = _mean_product(self.gradient_y, error)
        bx = _mean_product(self.gradient_x, error)
        yy, xy, xx = self.matrix
        # one grey level squared of damping: an edge moves across itself, a blank patch not at all
        yy, xx = yy + 1.0, xx + 1.0
        step = np.stack([xx * by - xy * bx, yy * bx - xy * by])
        step /= yy * xx - xy * xy
        clipped: NDArray[np.float32] = np.clip(step, -_MAX_STEP, _MAX_STEP, out=step)
        return clipped

    def residual(self, other: Plane, shift: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give the root mean square difference, brightness removed."""
        error = self._error(other, shift)
        error -= error.mean(axis=(0, 1))
        rms: NDArray[np.float32] = np.sqrt(_mean_product(error, error))
        return rms

    def _error(self, other: Plane, shift: NDArray[np.float32]) -> NDArray[np.float32]:
        sampled = _sample(other, self.place + shift, _RADIUS)
        return np.subtract(self.values, sampled, out=sampled)


def _mean_product(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average the product of two stacks of squares, for each cell."""
    size = a.shape[0] * a.shape[1]
    total: NDArray[np.float32] = np.einsum("yxn,yxn->n", a, b)
    return total / np.float32(size)


def _sample(plane: Plane, place: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    """Cut squares around sub-pixel places; beyond the border the edge repeats."""
    whole = np.floor(place)
    fy, fx = place - whole
    squares = _squares(plane, whole.astype(np.intp), radius, radius + 1)
    upright = squares[1:] - squares[:-1]
    upright *= fy
    upright += squares[:-1]
    sampled = upright[:, 1:] - upright[:, :-1]
    sampled *= fx
    sampled += upright[:, :-1]
    return sampled


def _squares(plane: Plane, place: NDArray[np.intp], before: int, after: int) -> NDArray[np.float32]:
    """Cut squares from `before` to `after` pixels around places: rows x columns x places."""
    height, width = plane.shape
    offsets = np.arange(-before, after + 1)[:, None]
    rows = np.minimum(np.maximum(place[0] + offsets, 0), height - 1) * width
    columns = np.minimum(np.maximum(place[1] + offsets, 0), width - 1)
    squares: NDArray[np.float32] = plane.ravel().take(rows[:, None] + columns)
    return squares
