"""Lay a place out around the area of its actors, so that nothing of it hides them."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vau_agent.training.scenes.area import Area
from vau_agent.training.scenes.places import PALETTE_COLOURS, RECIPES, Marks, Palette, Recipe
from vau_agent.training.scenes.props import Surfaces, fence
from vau_agent.training.scenes.shapes import Colour, Point
from vau_agent.training.scenes.surfaces import Surface
from vau_agent.training.scenes.textures import (
    Texture,
    coat,
    grass,
    muted,
    picture,
    plain,
    stain,
    stripes,
)

_GREEN: Final[Colour] = (92, 108, 62)
_FRESH: Final = 0.012
"""Metres over the ground at which paint lies, so that it is nearer than the ground."""
_TRIES: Final = 25
_SPREAD: Final = 9.0
"""Metres around the area in which things stand."""


@dataclass(frozen=True, kw_only=True)
class Backdrop:
    """What stands still."""

    ground: tuple[Surface, ...]
    """The ground and what is painted on it: shadows fall on these."""
    walls: tuple[Surface, ...]
    things: tuple[tuple[Surface, ...], ...]
    """Each can hide what is behind it."""
    sky: tuple[Colour, Colour]
    """At the top and at the horizon."""


@dataclass(frozen=True, kw_only=True)
class _Bounds:
    left: float
    right: float
    back: float
    height: float


def draw_backdrop(
    rng: np.random.Generator,
    place: str,
    area: Area,
    *,
    above: float,
    outdoors: bool,
    palette: str,
    layout: int,
) -> Backdrop:
    """Draw a place around `area`, which stays free and in sight.

    Args:
        rng: Random numbers.
        place: One of `splits.PLACES`.
        area: Where actors may be.
        above: Metres of the camera over the ground; a ceiling is higher.
        outdoors: Without a ceiling.
        palette: One of `splits.PALETTES`.
        layout: One of `splits.LAYOUTS`.
    """
    recipe, colours = RECIPES[place], _varied(rng, PALETTE_COLOURS[palette])
    bounds = _Bounds(
        left=min(area.x_min - rng.uniform(0.25, 1) * recipe.side, -1.2),
        right=max(area.x_max + rng.uniform(0.25, 1) * recipe.side, 1.2),
        back=area.y_max + rng.uniform(*recipe.far),
        height=max(rng.uniform(*recipe.high), 0 if outdoors else above + rng.uniform(0.2, 0.8)),
    )
    bright = rng.uniform(150, 245)
    return Backdrop(
        ground=tuple(_draw_ground(rng, recipe, colours, area, bounds)),
        walls=tuple(_draw_walls(rng, recipe, colours, bounds, layout, outdoors=outdoors)),
        things=tuple(_draw_things(rng, recipe, colours, area, bounds)),
        sky=(
            (int(bright * 0.72), int(bright * 0.82), int(bright)),
            (int(bright * 0.95), int(bright * 0.98), int(bright)),
        ),
    )


def _draw_ground(
    rng: np.random.Generator, recipe: Recipe, colours: Palette, area: Area, bounds: _Bounds
) -> Surfaces:
    material = recipe.grounds[int(rng.integers(len(recipe.grounds)))]
    texture = material(rng, _GREEN if material is grass else colours.ground, rng.uniform(1.2, 6))
    found = [_flat((-80, -80), (160, 280), 0.0, texture)]
    if recipe.marks != "none":
        found += _draw_marks(rng, recipe.marks, area, bounds)
    for _ in range(int(rng.integers(0, 5))):
        x, y = rng.uniform(area.x_min - 2, area.x_max + 2), rng.uniform(area.y_min, area.y_max + 3)
        tone = int(rng.uniform(0.55, 1.2) * np.mean(texture.mean))
        size = rng.uniform(0.5, 3.0, 2)
        blot = stain(rng, (min(tone, 235),) * 3)
        found.append(_flat((x, y), (float(size[0]), float(size[1])), _FRESH * 0.5, blot))
    return found


def _draw_marks(rng: np.random.Generator, marks: Marks, area: Area, bounds: _Bounds) -> Surfaces:
    bright = int(rng.uniform(150, 235))
    white: Colour = (bright, bright, bright if rng.random() < 0.8 else bright // 2)
    middle = rng.uniform(area.y_min, area.y_max)
    thin = rng.uniform(0.1, 0.2)
    if marks == "lanes":
        kerb = bounds.back - rng.uniform(1.2, 3)
        pavement = plain(rng, (bright - 40,) * 3, 2.0, 8.0)
        return [
            _flat((-60, kerb), (120, bounds.back - kerb), _FRESH, pavement),
            _flat((-60, kerb - 0.15), (120, 0.15), _FRESH * 2, plain(rng, white, 1.0)),
            _flat((-60, middle), (120, thin), _FRESH, stripes(rng, white, 6.0, 0.5)),
            _flat((-60, area.y_min - 1.5), (120, thin), _FRESH, stripes(rng, white, 6.0, 1.0)),
        ]
    if marks == "bays":
        lines = stripes(rng, white, rng.uniform(2.3, 3.0), 0.05)
        return [
            _flat((-60, area.y_max + 0.5), (120, 4.5), _FRESH, lines),
            _flat((-60, area.y_min - 3.5), (120, 4.5), _FRESH, lines),
        ]
    if marks == "zebra":
        wide = rng.uniform(2.5, 4.0)
        crossing = stripes(rng, white, rng.uniform(0.9, 1.2), 0.5)
        return [
            _flat((-60, middle - wide / 2), (120, wide), _FRESH, crossing),
            _flat((-60, bounds.back - 2), (120, 2.0), _FRESH, plain(rng, (bright - 50,) * 3, 2.0)),
        ]
    return [
        _flat((area.x_min - 2, y), (area.width + 4, thin), _FRESH, plain(rng, white, 1.0))
        for y in (area.y_min, area.y_max + 1)
    ]


def _draw_walls(
    rng: np.random.Generator,
    recipe: Recipe,
    colours: Palette,
    bounds: _Bounds,
    layout: int,
    *,
    outdoors: bool,
) -> Surfaces:
    material = recipe.walls[int(rng.integers(len(recipe.walls)))]
    texture = material(rng, colours.wall, rng.uniform(2.2, 4.2))
    left, right, back, height = bounds.left, bounds.right, bounds.back, bounds.height
    found: Surfaces = []
    if layout % 4 != 2 or not outdoors:
        found.append(_wall((left - 30, back), (right - left + 60, 0), height, texture))
    if layout % 4 == 3:  # the back comes forward on one side
        step = left + (right - left) * rng.uniform(0.75, 1.0)
        found.append(_wall((step, back - 0.3), (40, 0), height * rng.uniform(0.7, 1.3), texture))
    if layout % 4 == 1 and outdoors:  # another house, further away
        other = material(rng, colours.thing, rng.uniform(2.2, 4.2))
        found.append(_wall((left - 40, back + 12), (90, 0), height * 1.8, other))
    if layout % 4 == 2 and outdoors:
        found += fence(rng, (left - 30, back), (right - left + 60, 0), colours.thing)
    for kept, x in ((layout // 4 != 1, left), (layout // 4 != 0, right)):
        if kept or not outdoors:
            found.append(_wall((x, -10), (0, back + 10), height, texture))
            if recipe.hung is not None:
                found += _hung(rng, (x, back), sideways=True, inwards=x < 0)
    if recipe.hung is not None:
        found += _hung(rng, (left, back), sideways=False, width=right - left)
    if not outdoors:
        ceiling = plain(rng, (200, 200, 196), 3.0, 4.0)
        found.append(_flat((-40, -20), (80, back + 60), height, ceiling))
    return found


def _hung(
    rng: np.random.Generator,
    corner: tuple[float, float],
    *,
    sideways: bool,
    width: float = 8.0,
    inwards: bool = True,
) -> Surfaces:
    """Return pictures, doors and windows on a wall from `corner`."""
    found: Surfaces = []
    for _ in range(int(rng.integers(1, 5))):
        at, wide = rng.uniform(0.2, max(width - 1.2, 0.4)), rng.uniform(0.4, 1.6)
        door = rng.random() < 0.35
        low, tall = (0.0, 2.05) if door else (rng.uniform(0.8, 1.5), rng.uniform(0.4, 1.1))
        shown = coat(rng, muted(rng), 4.0) if door else picture(rng)
        x, y = corner
        if sideways:
            place, edge = (x + (0.02 if inwards else -0.02), y - at - wide), (0.0, wide)
        else:
            place, edge = (x + at, y - 0.02), (wide, 0.0)
        found.append(
            Surface(
                corner=(*place, low),
                across=(*edge, 0.0),
                up=(0.0, 0.0, tall),
                texture=shown,
                fitted=True,
            )
        )
    return found


def _draw_things(
    rng: np.random.Generator, recipe: Recipe, colours: Palette, area: Area, bounds: _Bounds
) -> list[tuple[Surface, ...]]:
    hull = _kept_free(area)
    taken: list[tuple[float, float, float]] = []
    found: list[tuple[Surface, ...]] = []
    for _ in range(int(rng.integers(recipe.count[0], recipe.count[1] + 1))):
        draw, around = recipe.things[int(rng.integers(len(recipe.things)))]
        spot = _free_spot(rng, area, bounds, hull, taken, around)
        if spot is not None:
            taken.append((*spot, around))
            found.append(tuple(draw(rng, *spot, colours.thing)))
    return found


def _kept_free(area: Area) -> NDArray[np.float32]:
    """Return the outline of the area and of the way from the camera to it."""
    grown = 0.3
    x_min, x_max = area.x_min - grown, area.x_max + grown
    y_min, y_max = area.y_min - grown, area.y_max + grown
    corners = ((0.0, 0.0), (x_min, y_min), (x_min, y_max), (x_max, y_min), (x_max, y_max))
    return np.asarray(cv2.convexHull(np.array(corners, dtype=np.float32)), dtype=np.float32)


def _free_spot(
    rng: np.random.Generator,
    area: Area,
    bounds: _Bounds,
    hull: NDArray[np.float32],
    taken: list[tuple[float, float, float]],
    around: float,
) -> tuple[float, float] | None:
    near = around * 0.7
    low_x, high_x = (
        max(bounds.left + near, area.x_min - _SPREAD),
        min(bounds.right - near, area.x_max + _SPREAD),
    )
    low_y, high_y = 0.5, min(bounds.back - near, area.y_max + _SPREAD)
    for _ in range(_TRIES):
        x, y = float(rng.uniform(low_x, high_x)), float(rng.uniform(low_y, high_y))
        clear = cv2.pointPolygonTest(hull, (x, y), True) < -around
        if clear and all(np.hypot(x - a, y - b) > 0.75 * (around + c) for a, b, c in taken):
            return x, y
    return None


def _flat(
    corner: tuple[float, float], size: tuple[float, float], height: float, texture: Texture
) -> Surface:
    place: Point = (corner[0], corner[1], height)
    fitted = texture.pixels.shape[2] == 4 and texture.metres == 1.0
    return Surface(
        corner=place, across=(size[0], 0, 0), up=(0, size[1], 0), texture=texture, fitted=fitted
    )


def _wall(
    corner: tuple[float, float], edge: tuple[float, float], height: float, texture: Texture
) -> Surface:
    return Surface(
        corner=(*corner, 0.0), across=(*edge, 0.0), up=(0.0, 0.0, height), texture=texture
    )


def _varied(rng: np.random.Generator, palette: Palette) -> Palette:
    """Return `palette` a little lighter, darker and off in hue."""
    factor = rng.uniform(0.75, 1.2) * (1 + rng.normal(0, 0.04, 3))

    def shifted(colour: Colour) -> Colour:
        red, green, blue = np.clip(np.array(colour) * factor, 8, 248).astype(int).tolist()
        return red, green, blue

    return Palette(
        wall=shifted(palette.wall), ground=shifted(palette.ground), thing=shifted(palette.thing)
    )
