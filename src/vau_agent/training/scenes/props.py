"""Things that stand around a place, made of textured rectangles: cars, trees, furniture."""

import math
from typing import Final

import numpy as np

from vau_agent.training.scenes.shapes import Colour
from vau_agent.training.scenes.surfaces import Surface
from vau_agent.training.scenes.textures import (
    Texture,
    coat,
    foliage,
    glazing,
    picture,
    rails,
    shelves,
    wheel,
)

Surfaces = list[Surface]

_GLASS: Final[Colour] = (44, 52, 60)
_BARK: Final[Colour] = (84, 68, 52)
_CARS: Final[tuple[Colour, ...]] = (
    (214, 214, 210),
    (168, 172, 176),
    (40, 42, 46),
    (92, 96, 102),
    (132, 34, 34),
    (40, 62, 110),
    (186, 174, 148),
    (60, 84, 66),
)


def block(
    place: tuple[float, float, float],
    size: tuple[float, float, float],
    side: Texture,
    *,
    turn: float = 0.0,
    top: Texture | None = None,
    fitted: bool = False,
) -> Surfaces:
    """Return a box whose bottom has its middle at `place`; `size` is along its own x, y and z."""
    x, y, z = place
    along, across = (
        np.array((math.cos(turn), math.sin(turn))),
        np.array((-math.sin(turn), math.cos(turn))),
    )
    length, width, height = size
    middle = np.array((x, y))
    found = []
    for way, half, edge, span in (
        (along, length / 2, across, width),
        (-along, length / 2, -across, width),
        (across, width / 2, -along, length),
        (-across, width / 2, along, length),
    ):
        corner = middle + way * half - edge * span / 2
        found.append(_upright(corner, edge * span, z, height, side, fitted=fitted))
    low = middle - along * length / 2 - across * width / 2
    found.append(
        Surface(
            corner=(float(low[0]), float(low[1]), z + height),
            across=(float(along[0] * length), float(along[1] * length), 0.0),
            up=(float(across[0] * width), float(across[1] * width), 0.0),
            texture=top or side,
        )
    )
    return found


def car(rng: np.random.Generator, x: float, y: float, turn: float) -> Surfaces:
    """Return a parked car or van, 3.8 to 5 metres long."""
    paint = coat(rng, _CARS[int(rng.integers(len(_CARS)))], 2.0)
    glass = glazing(rng, _GLASS)
    length, width = rng.uniform(3.8, 5.0), rng.uniform(1.6, 1.85)
    van = rng.random() < 0.2
    belt, roof = (1.0, 2.0) if van else (rng.uniform(0.78, 0.9), rng.uniform(1.38, 1.6))
    body = block((x, y, 0.28), (length, width, belt - 0.28), paint, turn=turn)
    cabin_length = length * (0.9 if van else rng.uniform(0.45, 0.6))
    back = -length * (0.04 if van else rng.uniform(0.02, 0.1))
    cabin = block(
        (x + math.cos(turn) * back, y + math.sin(turn) * back, belt),
        (cabin_length, width * 0.88, roof - belt),
        glass,
        turn=turn,
        top=paint,
        fitted=True,
    )
    shade = coat(rng, (22, 22, 24), 2.0)
    under = block((x, y, 0.02), (length * 0.94, width * 0.92, 0.26), shade, turn=turn)
    return [*under, *body, *cabin, *_wheels(x, y, turn, length, width)]


def _wheels(x: float, y: float, turn: float, length: float, width: float) -> Surfaces:
    tyre = wheel()
    along = np.array((math.cos(turn), math.sin(turn)))
    across = np.array((-math.sin(turn), math.cos(turn)))
    found = []
    for end in (-0.3, 0.3):
        for side in (-0.51, 0.51):
            middle = np.array((x, y)) + along * end * length + across * side * width
            found.append(
                _upright(middle - along * 0.32, along * 0.64, 0.0, 0.64, tyre, fitted=True)
            )
    return found


def tree(rng: np.random.Generator, x: float, y: float, green: Colour) -> Surfaces:
    """Return a trunk under two crossed sheets of leaves, 3 to 8 metres high."""
    tall, wide = rng.uniform(3, 8), rng.uniform(2, 5)
    bare = rng.uniform(0.25, 0.45) * tall
    thick = rng.uniform(0.15, 0.4)
    trunk = block((x, y, 0), (thick, thick, bare * 1.3), coat(rng, _BARK, 14.0))
    return [*trunk, *_crossed(x, y, bare, wide, tall - bare, foliage(rng, green))]


def bush(rng: np.random.Generator, x: float, y: float, green: Colour) -> Surfaces:
    """Return a low growth."""
    return _crossed(x, y, -0.1, rng.uniform(0.8, 2.4), rng.uniform(0.6, 1.5), foliage(rng, green))


def post(rng: np.random.Generator, x: float, y: float, colour: Colour) -> Surfaces:
    """Return a lamp post or a column."""
    thick = rng.uniform(0.1, 0.45)
    return block((x, y, 0), (thick, thick, rng.uniform(2.6, 6)), coat(rng, colour, 5.0))


def crate(rng: np.random.Generator, x: float, y: float, colour: Colour) -> Surfaces:
    """Return a box, a bin, a cabinet or a machine, of up to two metres."""
    size = (rng.uniform(0.4, 1.4), rng.uniform(0.4, 1.2), rng.uniform(0.5, 2.0))
    if rng.random() < 0.35:  # with labels, a front or a screen
        return block((x, y, 0), size, picture(rng), turn=_angle(rng), fitted=True)
    return block((x, y, 0), size, coat(rng, _varied(rng, colour, 30), 7.0), turn=_angle(rng))


def shelf(rng: np.random.Generator, x: float, y: float, turn: float, length: float) -> Surfaces:
    """Return a run of shelves with goods."""
    height = rng.uniform(1.4, 2.2)
    goods = shelves(rng, height)
    return block((x, y, 0), (length, rng.uniform(0.4, 0.8), height), goods, turn=turn)


def counter(rng: np.random.Generator, x: float, y: float, colour: Colour) -> Surfaces:
    """Return a bar or a desk, closed down to the floor."""
    front, top = (coat(rng, _varied(rng, colour, 25), 5.0) for _ in range(2))
    size = (rng.uniform(1.2, 3.5), rng.uniform(0.5, 0.9), rng.uniform(0.8, 1.15))
    return block((x, y, 0), size, front, turn=_right_angle(rng), top=top)


def table(rng: np.random.Generator, x: float, y: float, colour: Colour) -> Surfaces:
    """Return a table, often with chairs at it."""
    wood = coat(rng, _varied(rng, colour, 30), 5.0)
    turn = _right_angle(rng) + rng.normal(0, 0.1)
    length, width = rng.uniform(0.8, 2.0), rng.uniform(0.6, 1.0)
    found = block((x, y, 0.68), (length, width, 0.06), wood, turn=turn)
    found += block((x, y, 0.0), (0.12, 0.12, 0.7), wood)
    for side in (-1, 1):
        if rng.random() < 0.7:
            aside = side * (width / 2 + 0.3)
            seat = x - math.sin(turn) * aside, y + math.cos(turn) * aside
            found += chair(rng, *seat, colour, turn if side > 0 else turn + math.pi)
    return found


def chair(
    rng: np.random.Generator, x: float, y: float, colour: Colour, turn: float = 0.0
) -> Surfaces:
    """Return a seat with a back."""
    cloth = coat(rng, _varied(rng, colour, 40), 6.0)
    back = x - math.sin(turn) * 0.2, y + math.cos(turn) * 0.2
    seat = block((x, y, 0.25), (0.45, 0.45, 0.2), cloth, turn=turn)
    return [*seat, *block((*back, 0.45), (0.45, 0.06, 0.45), cloth, turn=turn)]


def bench(rng: np.random.Generator, x: float, y: float, colour: Colour) -> Surfaces:
    """Return a seat for several, or a sofa."""
    wood = coat(rng, _varied(rng, colour, 30), 6.0)
    length, turn = rng.uniform(1.2, 2.4), _right_angle(rng)
    seat = block((x, y, 0.1 + rng.uniform(0, 0.2)), (length, 0.5, 0.25), wood, turn=turn)
    back = x - math.sin(turn) * 0.25, y + math.cos(turn) * 0.25
    return [*seat, *block((*back, 0.4), (length, 0.12, 0.5), wood, turn=turn)]


def fence(
    rng: np.random.Generator, start: tuple[float, float], way: tuple[float, float], colour: Colour
) -> Surfaces:
    """Return bars that can be seen through, from `start` along `way`."""
    return [
        _upright(np.array(start), np.array(way), 0.0, rng.uniform(0.9, 2.4), rails(rng, colour))
    ]


def _upright(
    corner: np.ndarray[tuple[int], np.dtype[np.floating]],
    edge: np.ndarray[tuple[int], np.dtype[np.floating]],
    bottom: float,
    height: float,
    texture: Texture,
    *,
    fitted: bool = False,
) -> Surface:
    return Surface(
        corner=(float(corner[0]), float(corner[1]), bottom),
        across=(float(edge[0]), float(edge[1]), 0.0),
        up=(0.0, 0.0, height),
        texture=texture,
        fitted=fitted,
    )


def _crossed(
    x: float, y: float, bottom: float, wide: float, tall: float, leaves: Texture
) -> Surfaces:
    half = wide / 2
    return [
        _upright(np.array((x - half, y)), np.array((wide, 0)), bottom, tall, leaves, fitted=True),
        _upright(np.array((x, y - half)), np.array((0, wide)), bottom, tall, leaves, fitted=True),
    ]


def _varied(rng: np.random.Generator, colour: Colour, deviation: float) -> Colour:
    tone = rng.normal(0, deviation) + rng.normal(0, deviation / 3, 3)
    red, green, blue = np.clip(np.array(colour) + tone, 10, 245).astype(int).tolist()
    return red, green, blue


def _angle(rng: np.random.Generator) -> float:
    return float(rng.uniform(0, math.pi))


def _right_angle(rng: np.random.Generator) -> float:
    return math.pi / 2 * int(rng.integers(4))
