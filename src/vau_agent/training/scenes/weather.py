"""What moves in a picture although nothing happens: rain, snow, an insect, shadows of clouds."""

import math
from dataclasses import dataclass
from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from vau_agent.motion import Image

Falling = Literal["rain", "snow"]
_BITS: Final = 3
_LIGHT_OF_DROPS: Final = 0.35
"""Share of the light behind it that a drop adds."""


@dataclass(frozen=True, kw_only=True)
class Weather:
    """What falls and drifts through the pictures of one camera."""

    falling: Falling | None = None
    many: int = 0
    """Drops or flakes in a picture."""
    slant: float = 0.0
    """Pixels across for one down."""
    clouds: NDArray[np.uint8] | None = None
    """What they leave of the light, 255 is all; height x a longer width x 3, drifts past."""
    speed: float = 0.0
    """Pixels a second that the clouds drift."""
    insect: float | None = None
    """The phase of one that circles near the lens."""

    def over(self, picture: Image, timestamp: float, moment: np.random.Generator) -> Image:
        """Return `picture` as it looks through the weather at `timestamp` seconds."""
        shown = picture
        if self.clouds is not None:
            columns = picture.shape[1]
            spare = self.clouds.shape[1] - columns
            # There and back again, so that no edge is ever seen.
            at = spare / 2 * (1 + math.sin(2 * timestamp * self.speed / spare))
            shade = np.ascontiguousarray(self.clouds[:, int(at) : int(at) + columns])
            shown = np.asarray(cv2.multiply(picture, shade, scale=1 / 255), dtype=np.uint8)
        if self.falling is not None:
            shown = self._fallen(shown, moment)
        if self.insect is not None:
            shown = _crossed_by_insect(shown, timestamp + self.insect)
        return shown

    def _fallen(self, picture: Image, moment: np.random.Generator) -> Image:
        rows, columns = picture.shape[:2]
        tops = moment.uniform((0, -10), (columns, rows), (self.many, 2))
        lengths = moment.uniform(3, 12, self.many) if self.falling == "rain" else np.ones(self.many)
        ends = tops + lengths[:, None] * (self.slant, 1.0)
        lines = np.rint(np.stack((tops, ends), axis=1) * 2**_BITS).astype(np.int32)
        drops = np.zeros_like(picture)
        light = 150 if self.falling == "rain" else 255
        cv2.polylines(drops, list(lines), False, (light,) * 3, 1, cv2.LINE_AA, _BITS)
        share = _LIGHT_OF_DROPS if self.falling == "rain" else 0.8
        return np.asarray(cv2.addWeighted(picture, 1.0, drops, share, 0), dtype=np.uint8)


def draw_weather(
    rng: np.random.Generator, size: tuple[int, int], *, outdoors: bool, night: bool
) -> Weather:
    """Draw the weather over pictures of `size` (width, height); mostly there is none to be seen."""
    insect = float(rng.uniform(0, 90)) if night and rng.random() < 0.12 else None
    if not outdoors:
        return Weather(insect=insect)
    falling: Falling | None = None
    if rng.random() < 0.14:
        falling = "rain" if rng.random() < 0.7 else "snow"
    clouds = _draw_clouds(rng, size) if not night and rng.random() < 0.25 else None
    return Weather(
        falling=falling,
        many=int(rng.integers(25, 130)),
        slant=float(rng.normal(0, 0.2)),
        clouds=clouds,
        speed=float(rng.uniform(3, 30)),
        insect=insect,
    )


def _draw_clouds(rng: np.random.Generator, size: tuple[int, int]) -> NDArray[np.uint8]:
    cells = rng.uniform(size=(3, int(rng.integers(4, 9)))).astype(np.float32)
    field = cv2.resize(cells, (2 * size[0], size[1]), interpolation=cv2.INTER_CUBIC)
    edge = rng.uniform(1.0, 4.0)  # from haze to a sharp edge of a shadow
    shade = 1 - rng.uniform(0.1, 0.45) * np.clip((field - 0.5) * edge + 0.5, 0, 1)
    clouds: NDArray[np.uint8] = np.repeat((shade * 255)[..., None], 3, axis=2).astype(np.uint8)
    return clouds


def _crossed_by_insect(picture: Image, phase: float) -> Image:
    """Draw a blurred bright thing that is near the lens for some of the time."""
    rows, columns = picture.shape[:2]
    x = columns * (0.5 + 0.8 * math.sin(phase * 0.9) * math.cos(phase * 0.37))
    y = rows * (0.5 + 0.7 * math.sin(phase * 1.3 + 1))
    spot = np.zeros_like(picture)
    cv2.circle(spot, (int(x), int(y)), 2 + int(phase) % 3, (190, 190, 190), -1, cv2.LINE_AA)
    soft = cv2.GaussianBlur(spot, (7, 7), 0)
    return np.asarray(cv2.addWeighted(picture, 1.0, soft, 0.9, 0), dtype=np.uint8)
