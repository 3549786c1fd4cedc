"""Where a scene takes place: ground, walls, houses and props around the area of its actors."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from vau_agent.training.scenes.area import Area
from vau_agent.training.scenes.shapes import Colour
from vau_agent.training.scenes.surfaces import Surface
from vau_agent.training.scenes.textures import MATERIALS, Texture

_PALETTES: Final[Mapping[str, tuple[Colour, Colour, Colour]]] = MappingProxyType(
    {
        "concrete": ((150, 150, 146), (118, 118, 116), (90, 96, 110)),
        "brick": ((142, 84, 66), (112, 108, 104), (70, 66, 64)),
        "sand": ((186, 166, 130), (164, 146, 118), (120, 92, 66)),
        "slate": ((104, 112, 122), (84, 88, 94), (150, 154, 158)),
        "clay": ((168, 108, 78), (138, 104, 84), (96, 60, 48)),
        "moss": ((120, 130, 96), (96, 104, 82), (66, 76, 56)),
        "cream": ((214, 206, 182), (176, 168, 150), (140, 116, 92)),
        "steel": ((160, 168, 176), (128, 134, 140), (66, 92, 128)),
        "wood": ((150, 112, 76), (124, 96, 70), (84, 60, 42)),
        "night blue": ((84, 94, 124), (66, 72, 92), (148, 140, 120)),
    }
)
"""Walls, ground and props of each palette of `splits.PALETTES`."""
_GROUNDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "a yard": ("plain", "bricks", "grass"),
        "a square": ("bricks", "tiles"),
        "a park": ("grass",),
        "a playground": ("grass", "plain"),
        "a street": ("plain",),
        "a car park": ("plain",),
        "a crossing": ("plain",),
        "a petrol station": ("plain", "tiles"),
        "a country road": ("plain", "grass"),
    }
)
_FLOORS: Final = ("tiles", "tiles", "planks", "plain")
_GREEN: Final[Colour] = (92, 108, 62)


@dataclass(frozen=True, kw_only=True)
class Backdrop:
    """What stands still."""

    ground: Surface
    others: tuple[Surface, ...]
    sky: tuple[Colour, Colour]
    """At the top and at the horizon."""


def draw_backdrop(
    rng: np.random.Generator, place: str, area: Area, *, outdoors: bool, palette: str, layout: int
) -> Backdrop:
    """Draw a place around `area`, which stays free."""
    walls, ground, _ = _PALETTES[palette]
    kind = str(rng.choice(_GROUNDS.get(place, _FLOORS)))
    floor = MATERIALS[kind](rng, _GREEN if kind == "grass" else ground, rng.uniform(1.5, 4))
    wall = MATERIALS[str(rng.choice(("plain", "bricks", "planks", "tiles")))](
        rng, walls, rng.uniform(1.5, 4)
    )
    gap = rng.uniform(0.4, 2.0) if not outdoors else rng.uniform(1, 8)
    return Backdrop(
        ground=_ground(floor),
        others=_walls(area, wall, gap, 3.0 if not outdoors else rng.uniform(2, 9), layout),
        sky=((150, 170, 200), (214, 220, 226)),
    )


def _ground(texture: Texture) -> Surface:
    return Surface(corner=(-80, -80, 0), across=(160, 0, 0), up=(0, 280, 0), texture=texture)


def _walls(
    area: Area, texture: Texture, gap: float, height: float, layout: int
) -> tuple[Surface, ...]:
    left, right = min(area.x_min - gap, -1.5), max(area.x_max + gap, 1.5)
    back = area.y_max + gap
    found = [
        Surface(corner=(left - 40, back, 0), across=(80, 0, 0), up=(0, 0, height), texture=texture)
    ]
    if layout % 3:
        found.append(
            Surface(corner=(left, -10, 0), across=(0, 90, 0), up=(0, 0, height), texture=texture)
        )
    if layout % 2:
        found.append(
            Surface(corner=(right, -10, 0), across=(0, 90, 0), up=(0, 0, height), texture=texture)
        )
    return tuple(found)
