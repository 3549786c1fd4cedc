"""The ground on which an actor is wholly in the picture and large enough to be told."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vau_agent.training.scenes.camera import Array, Camera

ACTOR_HEIGHT: Final = 1.75
SMALLEST_SHARE: Final = 1 / 8
"""Of the picture's height, for an actor of `ACTOR_HEIGHT`."""
_HALF_WIDTH: Final = 0.3
_STEP: Final = 0.5
_MARGIN: Final = 0.02
"""Of the picture's sides: between grid points the bounds may be a little nearer."""


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle on the ground, in metres."""

    x_min: float
    x_max: float
    y_min: float
    y_max: float

    @property
    def width(self) -> float:
        """Return metres along x."""
        return self.x_max - self.x_min

    @property
    def depth(self) -> float:
        """Return metres along y."""
        return self.y_max - self.y_min

    def narrowed(self, width: float, depth: float) -> "Area":
        """Return at most this much of it around its middle along x, from its near side along y."""
        middle, half = (self.x_min + self.x_max) / 2, min(width, self.width) / 2
        return replace(
            self,
            x_min=middle - half,
            x_max=middle + half,
            y_max=self.y_min + min(depth, self.depth),
        )


def visible_area(
    camera: Camera, *, share: float = SMALLEST_SHARE, least: tuple[float, float] = (0.0, 0.0)
) -> Area | None:
    """Return the largest area along x and y where actors are whole; `None` if there is none.

    Args:
        camera: Who looks.
        share: Of the picture's height that an actor of `ACTOR_HEIGHT` has at least.
        least: Metres across and along below which an area is of no use.
    """
    across = np.arange(-12, 12 + _STEP, _STEP, dtype=np.float32)
    along = np.arange(1.0, 32.0, _STEP, dtype=np.float32)
    x, y = np.meshgrid(across, along)
    places = np.stack((x.ravel(), y.ravel()), axis=-1)
    fits = stands_whole(camera, places, share=share).reshape(x.shape)
    if fits.sum() * _STEP**2 < least[0] * least[1]:
        return None
    found = _largest_rectangle(fits)
    if found is None:
        return None
    left, right, near, far = found
    area = Area(float(across[left]), float(across[right]), float(along[near]), float(along[far]))
    return area if area.width >= least[0] and area.depth >= least[1] else None


def stands_whole(
    camera: Camera, places: Array, *, share: float = SMALLEST_SHARE, margin: float = _MARGIN
) -> NDArray[np.bool_]:
    """Tell for each place [N, 2] whether an actor who stands there is in the picture, and large."""
    corners = []
    for side in (-_HALF_WIDTH, _HALF_WIDTH):
        for height in (0.0, ACTOR_HEIGHT):
            columns = (places[:, 0] + side, places[:, 1], np.full(len(places), height))
            corners.append(np.stack(columns, axis=-1).astype(np.float32))
    pixels, depths = camera.project(np.concatenate(corners))
    pixels = pixels.reshape(4, -1, 2)
    low = np.array((camera.width, camera.height)) * margin
    high = np.array((camera.width, camera.height)) * (1 - margin)
    inside = np.all((pixels > low) & (pixels < high), axis=(0, 2))
    inside &= np.all(depths.reshape(4, -1) > 0.5, axis=0)
    tall = (pixels[[0, 2], :, 1] - pixels[[1, 3], :, 1]).min(axis=0)
    large = tall >= camera.height * share * (1 + 2 * margin)
    fits: NDArray[np.bool_] = inside & large
    return fits


def _largest_rectangle(fits: NDArray[np.bool_]) -> tuple[int, int, int, int] | None:
    """Return first and last column, first and last row of the largest block of true cells."""
    best: tuple[int, tuple[int, int, int, int]] | None = None
    heights = np.zeros(fits.shape[1] + 1, dtype=int)
    for row, line in enumerate(fits):
        heights[:-1] = np.where(line, heights[:-1] + 1, 0)
        open_since: list[tuple[int, int]] = []
        for column, height in enumerate(heights.tolist()):
            start = column
            while open_since and open_since[-1][1] >= height:
                start, tall = open_since.pop()
                size = (column - 1 - start) * (tall - 1)
                if size > 0 and (best is None or size > best[0]):
                    best = size, (start, column - 1, row - tall + 1, row)
            open_since.append((start, height))
    return None if best is None else best[1]
