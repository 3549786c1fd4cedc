"""What surfaces are made of: small pictures that repeat without a seam, drawn at random."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vau_agent.training.scenes.shapes import Colour

Pixels = NDArray[np.floating]
_SIDE: Final = 128
_PANES: Final[tuple[Colour, ...]] = ((36, 42, 50), (70, 84, 96), (120, 134, 146), (210, 190, 140))


@dataclass(frozen=True, kw_only=True)
class Texture:
    """Colours over a surface, repeated."""

    pixels: Pixels
    """Height x width x 3, RGB 0..255; a fourth channel, where there is one, is 0 in holes."""
    metres: float
    """Width of one repetition."""
    sways: bool = False
    """It is of leaves, which move in the wind."""

    @cached_property
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


def plain(rng: np.random.Generator, colour: Colour, metres: float, rough: float = 6.0) -> Texture:
    """Return plaster, concrete, asphalt: one colour, stained and grainy."""
    base = np.array(colour, dtype=np.float32)
    stains = noise(rng, int(rng.integers(2, 9))) * rough * rng.uniform(0.3, 1.0)
    grain = rng.standard_normal((_SIDE, _SIDE)).astype(np.float32) * rough * 0.8
    return Texture(pixels=_clip(base + (stains + grain)[..., None]), metres=metres)


def coat(rng: np.random.Generator, colour: Colour, rough: float = 6.0) -> Texture:
    """Return the surface of a small thing: one colour with a little grain."""
    grain = rng.standard_normal((32, 32, 1)).astype(np.float32) * rough
    return Texture(pixels=_clip(np.array(colour, dtype=np.float32) + grain), metres=0.8)


def grass(rng: np.random.Generator, colour: Colour, metres: float) -> Texture:
    """Return rough growth: strong noise, more in green than in the others."""
    base = np.array(colour, dtype=np.float32)
    rough = noise(rng, 8, 4)[..., None] * np.array((7, 11, 5), dtype=np.float32)
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


def facade(rng: np.random.Generator, colour: Colour, metres: float) -> Texture:
    """Return a wall with one window a repetition, some lit, some with blinds."""
    wall = (plain if rng.random() < 0.5 else bricks)(rng, colour, metres).pixels.copy()
    left, right = (int(_SIDE * share) for share in (rng.uniform(0.15, 0.3), rng.uniform(0.7, 0.85)))
    top, bottom = (int(_SIDE * share) for share in (rng.uniform(0.1, 0.3), rng.uniform(0.65, 0.9)))
    frame = rng.uniform(60, 230)
    wall[top:bottom, left:right] = frame
    pane = glazing(rng, _PANES[int(rng.integers(len(_PANES)))]).pixels[..., :3]
    inner = wall[top + 4 : bottom - 4, left + 4 : right - 4]
    inner[:] = pane[: inner.shape[0], : inner.shape[1]]
    inner[:, inner.shape[1] // 2 - 2 : inner.shape[1] // 2 + 2] = frame
    return Texture(pixels=wall, metres=metres)


def shopfront(rng: np.random.Generator, colour: Colour, metres: float) -> Texture:
    """Return wide glass under a coloured sign with writing, and a door."""
    wall = plain(rng, colour, metres).pixels.copy()
    sign = np.array(muted(rng, 50))
    wall[10:40] = sign
    for _ in range(int(rng.integers(4, 10))):
        at = int(rng.integers(6, _SIDE - 20))
        wall[16:34, at : at + int(rng.integers(3, 9))] = 255 - sign
    wall[44:122, 6:84] = glazing(rng, _PANES[int(rng.integers(len(_PANES)))]).pixels[44:122, 6:84]
    wall[44:128, 92:122] = rng.uniform(30, 120, 3)
    return Texture(pixels=wall, metres=metres)


def glazing(rng: np.random.Generator, colour: Colour) -> Texture:
    """Return glass: dark, with the sky reflected in its upper part."""
    fall = np.linspace(rng.uniform(10, 90), -10, _SIDE)[:, None]
    pixels = np.array(colour, dtype=np.float32) + (fall + noise(rng, 2, 2) * 9)[..., None]
    return Texture(pixels=_clip(pixels), metres=2.0)


def shelves(rng: np.random.Generator, metres: float) -> Texture:
    """Return rows of goods on boards; a repetition is as high as the shelf."""
    pixels = np.full((_SIDE, _SIDE, 3), rng.uniform(40, 90), dtype=np.float32)
    rows = int(rng.integers(3, 6))
    step = _SIDE // rows
    for row in range(rows):
        at, base = 0, (row + 1) * step
        while at < _SIDE:
            wide = int(rng.integers(3, 14))
            tall = int(step * rng.uniform(0.45, 0.85))
            pixels[base - 4 - tall : base - 4, at : at + wide] = muted(rng, 45)
            at += wide + int(rng.integers(0, 3))
        pixels[base - 4 : base] = rng.uniform(110, 200)
    return Texture(pixels=_clip(pixels + noise(rng)[..., None] * 4), metres=metres)


def foliage(rng: np.random.Generator, colour: Colour) -> Texture:
    """Return leaves in a round crown with a ragged edge."""
    y, x = np.mgrid[-1 : 1 : _SIDE * 1j, -1 : 1 : _SIDE * 1j]
    ragged = noise(rng, 4, 5)
    solid = (x**2 + y**2 + ragged * 0.18) < 0.72
    tone = (noise(rng, 8, 4) * 20 - y * 18)[..., None]
    pixels = _clip(np.array(colour, dtype=np.float32) + tone)
    return Texture(pixels=_with_holes(pixels, solid), metres=1.0, sways=True)


def rails(rng: np.random.Generator, colour: Colour) -> Texture:
    """Return upright bars, or the mesh of a wire fence, under a rail."""
    y, x = np.mgrid[0:_SIDE, 0:_SIDE]
    if rng.random() < 0.5:
        solid = x % int(rng.choice((8, 16, 32))) < 3
    else:
        gap = int(rng.choice((16, 32)))
        solid = ((x + y) % gap < 3) | ((x - y) % gap < 3)
    solid |= (y < 6) | (x < 6)
    pixels = np.broadcast_to(np.array(colour, dtype=np.float32), (_SIDE, _SIDE, 3))
    return Texture(pixels=_with_holes(pixels, solid), metres=rng.uniform(1.0, 2.2))


def stripes(rng: np.random.Generator, colour: Colour, metres: float, share: float) -> Texture:
    """Return worn paint on a road: bars across, with road between them."""
    _, x = np.mgrid[0:_SIDE, 0:_SIDE]
    worn = noise(rng, 8, 4) > rng.uniform(-3, -1.2)
    pixels = plain(rng, colour, metres, 6.0).pixels
    return Texture(pixels=_with_holes(pixels, (x < _SIDE * share) & worn), metres=metres)


def stain(rng: np.random.Generator, colour: Colour) -> Texture:
    """Return a blot with a ragged edge: oil, water, leaves, a mended place."""
    y, x = np.mgrid[-1 : 1 : _SIDE * 1j, -1 : 1 : _SIDE * 1j]
    solid = (x**2 + y**2 + noise(rng, 2, 4) * 0.3) < 0.5
    return Texture(pixels=_with_holes(plain(rng, colour, 1.0, 6.0).pixels, solid), metres=1.0)


def muted(rng: np.random.Generator, deviation: float = 22) -> Colour:
    """Return any colour, most of them near grey, as most things are."""
    shown = np.clip(rng.uniform(25, 235) + rng.normal(0, deviation, 3), 10, 248).astype(int)
    red, green, blue = shown.tolist()
    return red, green, blue


def picture(rng: np.random.Generator) -> Texture:
    """Return what hangs on walls: a poster, a screen, a sign, a board."""
    pixels = np.empty((_SIDE, _SIDE, 3), dtype=np.float32)
    pixels[:] = muted(rng)
    for _ in range(int(rng.integers(0, 9))):
        top, left = rng.integers(4, _SIDE - 24, 2)
        tall, wide = rng.integers(6, 60, 2)
        pixels[top : min(top + tall, _SIDE - 4), left : min(left + wide, _SIDE - 4)] = muted(rng)
    return Texture(pixels=pixels, metres=1.0)


def wheel() -> Texture:
    """Return a tyre around a rim."""
    y, x = np.mgrid[-1:1:32j, -1:1:32j]
    squared = x**2 + y**2
    pixels = np.where((squared < 0.3)[..., None], 130.0, 24.0) * np.ones(3)
    return Texture(pixels=_with_holes(pixels, squared < 1), metres=1.0)


def _with_holes(pixels: Pixels, solid: NDArray[np.bool_]) -> Pixels:
    whole: Pixels = np.concatenate((pixels, solid[..., None] * 255.0), axis=2, dtype=np.float32)
    return whole


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
    clipped: Pixels = np.clip(pixels, 0, 255).astype(np.float32)
    return clipped
