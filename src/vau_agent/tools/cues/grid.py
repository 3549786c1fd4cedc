"""Small-picture arithmetic that the cues share: luma, cells, box sums.

A *cell* is a square of `CELL` pixels of the measured picture. Arrays over cells are height x width.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from vau_agent.tools.video.base import Image

Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]

CELL: Final = 4
"""Pixels; a walking person 14 pixels tall, as wide cameras show them, still spans three cells."""

_LUMA: Final = np.array([0.299, 0.587, 0.114], dtype=np.float32)


def to_luma(image: Image) -> Plane:
    """Give the BT.601 luma, cropped to whole cells."""
    height, width = image.shape[0] // CELL * CELL, image.shape[1] // CELL * CELL
    luma: Plane = image[:height, :width].astype(np.float32) @ _LUMA
    return luma


def cell_mean(plane: Plane) -> Plane:
    """Average over each cell."""
    height, width = plane.shape[0] // CELL, plane.shape[1] // CELL
    mean: Plane = plane.reshape(height, CELL, width, CELL).mean(axis=(1, 3))
    return mean


def box_mean(plane: Plane, radius: int) -> Plane:
    """Average over a square of side `2 * radius + 1`, cut off at the borders."""
    return _box_sum(plane, radius) / _box_sum(np.ones_like(plane), radius)


def box_sum(plane: Plane, radius: int) -> Plane:
    """Sum over a square of side `2 * radius + 1`, cut off at the borders."""
    return _box_sum(plane, radius)


def shrink(plane: Plane) -> Plane:
    """Halve a plane by averaging squares of two pixels."""
    height, width = plane.shape[0] // 2 * 2, plane.shape[1] // 2 * 2
    halves = plane[:height, :width]
    half: Plane = 0.25 * (
        halves[::2, ::2] + halves[1::2, ::2] + halves[::2, 1::2] + halves[1::2, 1::2]
    )
    return half


def dilate(mask: Mask, radius: int = 1) -> Mask:
    """Grow a mask by `radius` cells in every direction."""
    return _box_sum(mask.astype(np.float32), radius) > 0.5


def _box_sum(plane: Plane, radius: int) -> Plane:
    for axis in (0, 1):
        plane = _running_sum(plane, radius, axis)
    return plane


def _running_sum(plane: Plane, radius: int, axis: int) -> Plane:
    length = plane.shape[axis]
    # float64: the difference of two long running sums must not lose the small ones
    total = np.cumsum(plane, axis=axis, dtype=np.float64)
    total = np.concatenate([np.zeros_like(np.take(total, [0], axis)), total], axis=axis)
    upper = np.minimum(np.arange(length) + radius + 1, length)
    lower = np.maximum(np.arange(length) - radius, 0)
    windowed: Plane = (np.take(total, upper, axis) - np.take(total, lower, axis)).astype(np.float32)
    return windowed
