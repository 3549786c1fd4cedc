"""A fixed surveillance camera over a ground plane: where points of the world fall in a picture."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
"""Of any precision; single where there are many."""

NEAR: Final = 0.05
"""Metres in front of the lens below which a point counts as this near."""
_UNBENDING_STEPS: Final = 6


@dataclass(frozen=True, kw_only=True)
class Camera:
    """Stands above the origin of the ground and looks along y, turned by `yaw` and `pitch`."""

    width: int
    height: int
    """Pixels."""
    focal: float
    """Pixels."""
    above: float
    """Metres over the ground."""
    pitch: float
    """Radians below the horizon."""
    yaw: float = 0.0
    """Radians to the right."""
    roll: float = 0.0
    """Radians clockwise."""
    bend: float = 0.0
    """Radial distortion of first order; below 0 is a barrel, as of wide lenses."""

    @cached_property
    def position(self) -> Array:
        """Return where the lens is, in metres."""
        return np.array((0.0, 0.0, self.above), dtype=np.float32)

    @cached_property
    def axes(self) -> Array:
        """Return the unit vectors right, down and forward of the picture, as rows."""
        forward = np.array(
            (
                math.sin(self.yaw) * math.cos(self.pitch),
                math.cos(self.yaw) * math.cos(self.pitch),
                -math.sin(self.pitch),
            )
        )
        level = np.array((math.cos(self.yaw), -math.sin(self.yaw), 0.0))
        down = np.cross(forward, level)
        right = math.cos(self.roll) * level + math.sin(self.roll) * down
        below = math.cos(self.roll) * down - math.sin(self.roll) * level
        return np.stack((right, below, forward)).astype(np.float32)

    def project(self, points: Array) -> tuple[Array, Array]:
        """Return pixels [N, 2] and depths [N] in metres along the view of points [N, 3].

        A point behind the lens keeps its depth (below zero), and its pixel means nothing.
        """
        seen = (points - self.position) @ self.axes.T
        depth = seen[:, 2]
        flat = seen[:, :2] / np.maximum(depth, NEAR)[:, None]
        spread = np.minimum(np.sum(flat * flat, axis=1), self._furthest_bend)
        bent = flat * (1.0 + self.bend * spread)[:, None]
        pixels: Array = bent * self.focal + self._middle
        return pixels, depth

    def rays(self, scale: int = 1) -> Array:
        """Return the direction of each pixel's view, [height, width, 3], one metre deep each.

        Args:
            scale: Rays per pixel along each side.
        """
        middle = self._middle
        x = ((np.arange(self.width * scale) + 0.5) / scale - middle[0]) / self.focal
        y = ((np.arange(self.height * scale) + 0.5) / scale - middle[1]) / self.focal
        across, down = (one.astype(np.float32) for one in np.meshgrid(x, y))
        stretch = np.ones_like(across)
        bent = across * across + down * down
        for _ in range(_UNBENDING_STEPS if self.bend else 0):
            spread = np.minimum(bent * stretch * stretch, self._furthest_bend)
            stretch = 1 / (1 + self.bend * spread)
        flat = np.stack((across * stretch, down * stretch, np.ones_like(across)), axis=-1)
        rays: Array = flat @ self.axes
        return rays

    @cached_property
    def _middle(self) -> Array:
        return np.array((self.width / 2, self.height / 2), dtype=np.float32)

    @property
    def _furthest_bend(self) -> float:
        """The squared radius after which a barrel would fold the world back into the picture."""
        return 1 / (3 * -self.bend) if self.bend < 0 else 4.0


def draw_camera(rng: np.random.Generator, size: tuple[int, int], *, outdoors: bool) -> Camera:
    """Draw the mounting and the lens of a camera with pictures of `size` (width, height)."""
    width, height = size
    above = rng.uniform(2.8, 8.0) if outdoors else rng.uniform(2.1, 3.8)
    # The height of the picture: wide lenses indoors, from about 75 degrees down to 28 outdoors.
    opening = math.radians(rng.uniform(28, 62) if outdoors else rng.uniform(46, 78))
    pitch = math.radians(rng.uniform(9, 42) if outdoors else rng.uniform(14, 44))
    return Camera(
        width=width,
        height=height,
        focal=height / 2 / math.tan(opening / 2),
        above=above,
        pitch=pitch,
        yaw=math.radians(rng.uniform(-32, 32)),
        roll=math.radians(rng.normal(0, 1.5)),
        bend=rng.uniform(-0.12, 0.0) if rng.random() < 0.6 else 0.0,
    )
