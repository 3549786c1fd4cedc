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
    # sums of slices: numpy reduces axes of four elements ten times slower
    lines = plane.reshape(height, CELL, width * CELL)
    rows = (lines[:, 0] + lines[:, 1] + lines[:, 2] + lines[:, 3]).reshape(height, width, CELL)
    total: Plane = rows[..., 0] + rows[..., 1] + rows[..., 2] + rows[..., 3]
    return total / np.float32(CELL * CELL)


def box_mean(plane: Plane, radius: int) -> Plane:
    """Average over a square of side `2 * radius + 1`, cut off at the borders."""
    rows, columns = (_window_sizes(length, radius) for length in plane.shape[-2:])
    mean = box_sum(plane, radius)
    mean /= rows[:, None]
    mean /= columns
    return mean


def box_sum(plane: Plane, radius: int) -> Plane:
    """Sum over a square of side `2 * radius + 1` of the last two axes, cut off at the borders."""
    height, width = plane.shape[-2:]
    padded = np.zeros((*plane.shape[:-2], height + 2 * radius, width + 2 * radius), np.float32)
    padded[..., radius : radius + height, radius : radius + width] = plane
    return _running_sum(_running_sum(padded, 2 * radius + 1, -2), 2 * radius + 1, -1)


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
    return box_sum(mask.astype(np.float32), radius) > 0.5


def _window_sizes(length: int, radius: int) -> NDArray[np.float32]:
    place = np.arange(length)
    sizes = np.minimum(place + radius + 1, length) - np.maximum(place - radius, 0)
    return sizes.astype(np.float32)


def _running_sum(plane: Plane, size: int, axis: int) -> Plane:
    """Sum `size` neighbours (odd) along an axis, from sums of 1, 2, 4, ... of them.

    Few additions, all of small numbers: nothing is lost to rounding as in differences of long
    running sums, so single precision is enough.
    """
    length = plane.shape[axis] - size + 1
    total, offset = _slice(plane, 0, length, axis), 1
    block, width = plane, 1
    while 2 * width <= size:
        last = block.shape[axis]
        block = _slice(block, 0, last - width, axis) + _slice(block, width, last, axis)
        width *= 2
        if size & width:
            total = total + _slice(block, offset, offset + length, axis)
            offset += width
    return total


def _slice(plane: Plane, start: int, stop: int, axis: int) -> Plane:
    return plane[..., start:stop, :] if axis == -2 else plane[..., start:stop]
