"""Drawing in shares of the picture, and backgrounds seen in perspective."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw

from vau_agent.tools.video.base import Image

Colour = tuple[int, int, int]
Point = tuple[float, float]

TALLEST: Final = 0.62
"""Height of a person at the lower edge, as a share of the picture's height."""


class Canvas:
    """Draws on a picture; points are (x, y) in pixels."""

    def __init__(self, picture: Pillow.Image, *, horizon: float) -> None:
        self.width, self.height = picture.size
        self._horizon = horizon
        self._pen = ImageDraw.Draw(picture)

    def person_height(self, y: float) -> float:
        """Give the height in pixels of a person whose feet stand at share `y` of the height."""
        return self.height * person_share(y, self._horizon)

    def ellipse(self, centre: Point, rx: float, ry: float, colour: Colour) -> None:
        """Fill an ellipse."""
        x, y = centre
        self._pen.ellipse((x - rx, y - ry, x + rx, y + ry), fill=colour)

    def ring(self, centre: Point, radius: float, width: float, colour: Colour) -> None:
        """Draw a circle's outline."""
        x, y = centre
        box = (x - radius, y - radius, x + radius, y + radius)
        self._pen.ellipse(box, outline=colour, width=max(1, round(width)))

    def limb(self, points: Sequence[Point], width: float, colour: Colour) -> None:
        """Draw a jointed line."""
        self._pen.line(list(points), fill=colour, width=max(1, round(width)), joint="curve")

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        """Fill a polygon."""
        self._pen.polygon(list(points), fill=colour)

    def text(self, words: str) -> None:
        """Write in the upper left corner, white on black."""
        box = self._pen.textbbox((4, 3), words)
        self._pen.rectangle((box[0] - 2, box[1] - 2, box[2] + 2, box[3] + 2), fill=(0, 0, 0))
        self._pen.text((4, 3), words, fill=(235, 235, 235))


def person_share(y: float, horizon: float) -> float:
    """Give a person's height as a share of the picture's, feet at share `y`."""
    return TALLEST * max(0.02, y - horizon) / (1 - horizon)


def build_background(
    size: tuple[int, int], *, horizon: float, outdoors: bool, rng: np.random.Generator
) -> Image:
    """Paint what never moves: wall and door or sky and road, floor in perspective, texture."""
    width, height = size
    wall, floor = rng.uniform(95, 165, 3), rng.uniform(70, 120, 3)
    edge = round(horizon * height)
    paint = np.empty((height, width, 3), dtype=np.float32)
    paint[:edge] = 0.4 * wall + 0.6 * wall.mean()
    paint[edge:] = 0.3 * floor + 0.7 * floor.mean()
    depth = np.linspace(0.02, 1, height - edge, dtype=np.float32)[:, None]
    across = (np.arange(width, dtype=np.float32)[None] - width / 2) / width
    tiles = (np.floor(6 * across / depth) + np.floor(2.2 / (depth + 0.08))) % 2
    paint[edge:] += ((tiles - 0.5) * (6 if outdoors else 14) * depth)[..., None]
    for cells, strength in ((5, 26.0), (23, 14.0), (91, 8.0)):
        paint += _cloud(size, cells, rng)[..., None] * strength
    image = Pillow.fromarray(np.clip(paint, 0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    if outdoors:
        _draw_houses(pen, width, edge, rng)
    else:
        _draw_door(pen, width, edge, rng)
    return np.asarray(image)


def _cloud(size: tuple[int, int], cells: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Smooth noise within -0.5..0.5, `cells` lumps across."""
    grid = rng.uniform(-0.5, 0.5, (max(2, cells * 3 // 4), cells)).astype(np.float32)
    return np.asarray(Pillow.fromarray(grid).resize(size, Pillow.Resampling.BICUBIC))


def _draw_door(pen: ImageDraw.ImageDraw, width: int, edge: int, rng: np.random.Generator) -> None:
    left = float(rng.uniform(0.08, 0.8)) * width
    pen.rectangle((left, edge * 0.25, left + 0.1 * width, edge), fill=(74, 58, 46))
    pen.ellipse((left + 5, edge * 0.62, left + 9, edge * 0.62 + 4), fill=(190, 180, 120))
    pen.line((0, edge, width, edge), fill=(52, 50, 48), width=max(1, width // 120))


def _draw_houses(pen: ImageDraw.ImageDraw, width: int, edge: int, rng: np.random.Generator) -> None:
    for column in range(8):
        left = (column + 0.2) * width / 8
        for row in (0.2, 0.6):
            shade = int(rng.uniform(30, 90))
            box = (left, edge * row, left + width / 16, edge * (row + 0.22))
            pen.rectangle(box, fill=(shade, shade + 8, shade + 18))
    pen.line((0, edge, width, edge), fill=(120, 118, 112), width=max(1, width // 90))
