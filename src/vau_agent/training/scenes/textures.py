"""What surfaces are made of: small pictures that repeat without a seam, drawn at random."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vau_agent.training.scenes.shapes import Colour

Pixels = NDArray[np.float32]
_SIDE: Final = 128


@dataclass(frozen=True, kw_only=True)
class Texture:
    """Colours over a surface, repeated."""

    pixels: Pixels
    """Height x width x 3, RGB 0..255; a fourth channel, where there is one, is 0 in holes."""
    metres: float
    """Width of one repetition."""

    @property
    def mean(self) -> Pixels:
        """Return the mean colour of what is not a hole."""
        flat = self.pixels.reshape(-1, self.pixels.shape[2])
        solid = flat[flat[:, 3] > 127] if flat.shape[1] == 4 and (flat[:, 3] > 127).any() else flat
        mean: Pixels = solid[:, :3].mean(axis=0)
        return mean


def noise(rng: np.random.Generator, coarse: int = 4, octaves: int = 4) -> Pixels:
    """Return seamless noise of mean 0 and deviation 1, `_SIDE` x `_SIDE`."""
    field = np.zeros((_SIDE, _SIDE), dtype=np.float32)
    for octave in range(octaves):
        cells = min(2 ** (int(coarse).bit_length() - 1 + octave), _SIDE)
        grid = np.pad(rng.standard_normal((cells, cells)).astype(np.float32), 2, mode="wrap")
        step = _SIDE // cells
        large = cv2.resize(grid, None, fx=step, fy=step, interpolation=cv2.INTER_CUBIC)
        field += large[2 * step : 2 * step + _SIDE, 2 * step : 2 * step + _SIDE] * 0.6**octave
    normal: Pixels = (field - field.mean()) / (field.std() + 1e-6)
    return normal


def plain(rng: np.random.Generator, colour: Colour, metres: float, rough: float = 8.0) -> Texture:
    """Return plaster, concrete, asphalt: one colour, stained and grainy."""
    base = np.array(colour, dtype=np.float32)
    stains = noise(rng, int(rng.integers(2, 6))) * rough
    grain = rng.standard_normal((_SIDE, _SIDE)).astype(np.float32) * rough * 0.8
    return Texture(pixels=_clip(base + (stains + grain)[..., None]), metres=metres)


def grass(rng: np.random.Generator, colour: Colour, metres: float) -> Texture:
    """Return rough growth: strong noise, more in green than in the others."""
    base = np.array(colour, dtype=np.float32)
    rough = noise(rng, 8, 4)[..., None] * np.array((12, 18, 9), dtype=np.float32)
    return Texture(pixels=_clip(base + rough), metres=metres)


def tiles(rng: np.random.Generator, colour: Colour, metres: float) -> Texture:
    """Return square or oblong tiles with joints, some checkered."""
    columns, rows = int(rng.choice((2, 4, 8))), int(rng.choice((2, 4, 8)))
    return _blocks(rng, colour, metres, (rows, columns), shifted=False, joint=rng.uniform(-45, 25))


def bricks(rng: np.random.Generator, colour: Colour, metres: float) -> Texture:
    """Return courses of bricks or slabs, every second one shifted."""
    rows = int(rng.choice((8, 16)))
    return _blocks(rng, colour, metres, (rows, rows // 2), shifted=True, joint=rng.uniform(-40, 40))


def planks(rng: np.random.Generator, colour: Colour, metres: float) -> Texture:
    """Return boards or ribs: stripes upright."""
    return _blocks(
        rng, colour, metres, (1, int(rng.choice((8, 16, 32)))), shifted=False, joint=-35.0
    )


def _blocks(
    rng: np.random.Generator,
    colour: Colour,
    metres: float,
    cells: tuple[int, int],
    *,
    shifted: bool,
    joint: float,
) -> Texture:
    rows, columns = cells
    y, x = np.mgrid[0:_SIDE, 0:_SIDE]
    row = y * rows // _SIDE
    x = (x + (row % 2) * (_SIDE // columns // 2 if shifted else 0)) % _SIDE
    column = x * columns // _SIDE
    tone = rng.standard_normal((rows, columns)) * rng.uniform(1, 10)
    if not shifted and rng.random() < 0.25:
        tone += ((np.arange(rows)[:, None] + np.arange(columns)) % 2) * rng.uniform(-70, -20)
    surface = tone[row, column] + noise(rng) * rng.uniform(2, 6)
    edge = (x % (_SIDE // columns) == 0) | ((y % (_SIDE // rows) == 0) & (rows > 1))
    surface = np.where(edge, joint, surface)
    return Texture(
        pixels=_clip(np.array(colour, dtype=np.float32) + surface[..., None]), metres=metres
    )


def _clip(pixels: NDArray[np.floating]) -> Pixels:
    return np.clip(pixels, 0, 255).astype(np.float32)


MATERIALS: Final[Mapping[str, Callable[[np.random.Generator, Colour, float], Texture]]] = (
    MappingProxyType(
        {"plain": plain, "grass": grass, "tiles": tiles, "bricks": bricks, "planks": planks}
    )
)
