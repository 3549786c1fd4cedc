"""Drawn pictures that two forms of one model are compared on: no data is needed for them."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw

MOMENTS: Final = 4
"""Pictures of one scene: like frames of one camera, they differ little."""
SHAPES: Final = 5


def draw_probes(count: int, side: int) -> NDArray[np.uint8]:
    """Draw scenes of drifting shapes before a shaded background; the same ones every time."""
    return np.stack([_draw(*divmod(place, MOMENTS), side) for place in range(count)])


def _draw(scene: int, moment: int, side: int) -> NDArray[np.uint8]:
    chance = np.random.default_rng(scene)
    edges = chance.integers(0, 256, (2, 2, 3), dtype=np.uint8)
    picture = Pillow.fromarray(edges).resize((side, side), Pillow.Resampling.BILINEAR)
    pen = ImageDraw.Draw(picture)
    for shape in range(SHAPES):
        x, y, dx, dy = chance.uniform((0, 0, -0.05, -0.05), (0.8, 0.8, 0.05, 0.05))
        width, height = chance.uniform(0.08, 0.35, 2)
        x, y = x + moment * dx, y + moment * dy
        box = tuple(int(side * edge) for edge in (x, y, x + width, y + height))
        colour = tuple(int(value) for value in chance.integers(0, 256, 3))
        (pen.rectangle if shape % 2 else pen.ellipse)(box, fill=colour)
    noise = np.random.default_rng((scene, moment)).normal(0, 4, (side, side, 1))
    noisy: NDArray[np.uint8] = np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8)
    return noisy
