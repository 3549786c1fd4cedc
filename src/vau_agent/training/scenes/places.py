"""What each place is made of: its grounds, walls and the props that stand around."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

import numpy as np

from vau_agent.training.scenes import props
from vau_agent.training.scenes.shapes import Colour
from vau_agent.training.scenes.textures import (
    Texture,
    bricks,
    facade,
    grass,
    picture,
    plain,
    planks,
    shopfront,
    tiles,
)

Material = Callable[[np.random.Generator, Colour, float], Texture]
Marks = Literal["lanes", "bays", "zebra", "courts", "none"]
Prop = Callable[[np.random.Generator, float, float, Colour], props.Surfaces]
_GREEN: Final[Colour] = (88, 104, 58)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a place is drawn."""

    grounds: tuple[Material, ...]
    walls: tuple[Material, ...]
    things: tuple[tuple[Prop, float], ...]
    """What stands around, and metres around its middle that it takes."""
    count: tuple[int, int]
    marks: Marks = "none"
    far: tuple[float, float] = (1.0, 9.0)
    """Metres from the area to the wall behind."""
    high: tuple[float, float] = (2.6, 3.4)
    """Metres of the walls."""
    hung: Material | None = None
    """What is put on walls beside their own material."""
    side: float = 2.0
    """Metres from the area to side walls, at most."""


@dataclass(frozen=True, kw_only=True)
class Palette:
    """A family of colours."""

    wall: Colour
    ground: Colour
    thing: Colour


PALETTE_COLOURS: Final[Mapping[str, Palette]] = MappingProxyType(
    {
        "concrete": Palette(wall=(150, 150, 146), ground=(118, 118, 116), thing=(90, 96, 110)),
        "brick": Palette(wall=(142, 84, 66), ground=(112, 108, 104), thing=(70, 66, 64)),
        "sand": Palette(wall=(186, 166, 130), ground=(164, 146, 118), thing=(120, 92, 66)),
        "slate": Palette(wall=(104, 112, 122), ground=(84, 88, 94), thing=(150, 154, 158)),
        "clay": Palette(wall=(168, 108, 78), ground=(138, 104, 84), thing=(96, 60, 48)),
        "moss": Palette(wall=(120, 130, 96), ground=(96, 104, 82), thing=(66, 76, 56)),
        "cream": Palette(wall=(214, 206, 182), ground=(176, 168, 150), thing=(140, 116, 92)),
        "steel": Palette(wall=(160, 168, 176), ground=(128, 134, 140), thing=(66, 92, 128)),
        "wood": Palette(wall=(150, 112, 76), ground=(124, 96, 70), thing=(84, 60, 42)),
        "night blue": Palette(wall=(84, 94, 124), ground=(66, 72, 92), thing=(148, 140, 120)),
    }
)


def _car_along(rng: np.random.Generator, x: float, y: float, _: Colour) -> props.Surfaces:
    return props.car(rng, x, y, float(rng.choice((0.0, np.pi))) + rng.normal(0, 0.03))


def _car_across(rng: np.random.Generator, x: float, y: float, _: Colour) -> props.Surfaces:
    return props.car(rng, x, y, np.pi / 2 + rng.normal(0, 0.03))


def _tree(rng: np.random.Generator, x: float, y: float, _: Colour) -> props.Surfaces:
    return props.tree(rng, x, y, _GREEN)


def _bush(rng: np.random.Generator, x: float, y: float, _: Colour) -> props.Surfaces:
    return props.bush(rng, x, y, _GREEN)


def _shelf_along(rng: np.random.Generator, x: float, y: float, _: Colour) -> props.Surfaces:
    return props.shelf(rng, x, y, 0.0, rng.uniform(1.5, 3.5))


def _shelf_across(rng: np.random.Generator, x: float, y: float, _: Colour) -> props.Surfaces:
    return props.shelf(rng, x, y, np.pi / 2, rng.uniform(1.5, 3.5))


_CAR_ALONG: Final = (_car_along, 2.6)
_CAR_ACROSS: Final = (_car_across, 2.6)
_TREE: Final = (_tree, 1.6)
_BUSH: Final = (_bush, 1.0)
_SHELF_ALONG: Final = (_shelf_along, 1.8)
_SHELF_ACROSS: Final = (_shelf_across, 1.8)
_POST: Final = (props.post, 0.35)
_CRATE: Final = (props.crate, 0.9)
_COUNTER: Final = (props.counter, 1.4)
_TABLE: Final = (props.table, 1.0)
_CHAIR: Final = (props.chair, 0.4)
_BENCH: Final = (props.bench, 1.0)

_STREET: Final = Recipe(
    grounds=(plain,),
    walls=(facade, shopfront, bricks),
    things=(_CAR_ALONG, _CAR_ALONG, _TREE, _POST, _CRATE),
    count=(3, 9),
    marks="lanes",
    far=(2.5, 10),
    high=(3.5, 10),
    side=8,
)
_ROOM: Final = Recipe(
    grounds=(tiles, planks, plain),
    walls=(plain, plain, planks, tiles),
    things=(_TABLE, _CHAIR, _BENCH, _CRATE, _CRATE),
    count=(6, 14),
    far=(1.2, 5),
    side=4,
    hung=lambda rng, _colour, _metres: picture(rng),
)

RECIPES: Final[Mapping[str, Recipe]] = MappingProxyType(
    {
        "a street": _STREET,
        "a crossing": Recipe(
            grounds=(plain,),
            walls=(facade, shopfront),
            things=(_POST, _TREE, _CAR_ALONG, _CAR_ACROSS),
            count=(3, 8),
            marks="zebra",
            far=(4, 14),
            high=(4, 10),
            side=10,
        ),
        "a car park": Recipe(
            grounds=(plain,),
            walls=(plain, bricks, facade),
            things=(_CAR_ACROSS, _CAR_ACROSS, _CAR_ACROSS, _CAR_ALONG, _TREE, _POST),
            count=(6, 14),
            marks="bays",
            far=(4, 14),
            high=(1, 6),
            side=9,
        ),
        "a yard": Recipe(
            grounds=(plain, bricks, grass),
            walls=(bricks, planks, plain, facade),
            things=(_CRATE, _CRATE, _BUSH, _TREE, _POST, _CAR_ACROSS),
            count=(3, 9),
            far=(0.6, 5),
            high=(1.8, 5),
            side=4,
        ),
        "a square": Recipe(
            grounds=(bricks, tiles, plain),
            walls=(facade, shopfront),
            things=(_TREE, _BENCH, _POST, _BUSH, _CRATE, _TABLE),
            count=(4, 10),
            far=(3, 14),
            high=(3.5, 10),
            side=12,
        ),
        "a park": Recipe(
            grounds=(grass, grass, plain),
            walls=(facade, planks, bricks),
            things=(_TREE, _TREE, _BUSH, _BUSH, _BENCH, _POST),
            count=(5, 13),
            far=(6, 22),
            high=(1.5, 7),
            side=16,
        ),
        "a corridor": Recipe(
            grounds=(tiles, plain, planks),
            walls=(plain, plain, tiles),
            things=(_CRATE, _CHAIR, _BENCH, _POST),
            count=(0, 4),
            far=(0.4, 9),
            hung=lambda rng, _colour, _metres: picture(rng),
            side=0.5,
        ),
        "a shop": Recipe(
            grounds=(tiles, plain),
            walls=(plain, planks, tiles),
            things=(_SHELF_ALONG, _SHELF_ALONG, _SHELF_ACROSS, _COUNTER, _CRATE),
            count=(6, 14),
            far=(1.2, 6),
            side=4,
            hung=lambda rng, _colour, _metres: picture(rng),
        ),
        "a lobby": Recipe(
            grounds=(tiles, plain),
            walls=(plain, tiles, planks),
            things=(_COUNTER, _BENCH, _POST, _CRATE, _CHAIR, _BUSH),
            count=(4, 10),
            far=(0.6, 6),
            side=4,
            hung=lambda rng, _colour, _metres: picture(rng),
        ),
        "an office": _ROOM,
        "a living room": _ROOM,
        "a petrol station": Recipe(
            grounds=(plain, tiles),
            walls=(shopfront, plain),
            things=(_CRATE, _POST, _POST, _CAR_ACROSS, _CAR_ALONG),
            count=(5, 10),
            marks="bays",
            far=(3, 12),
            high=(2.5, 4),
            side=9,
        ),
        "a country road": Recipe(
            grounds=(plain,),
            walls=(planks, bricks),
            things=(_TREE, _BUSH, _BUSH, _POST),
            count=(5, 14),
            marks="lanes",
            far=(14, 30),
            high=(1, 3),
            side=20,
        ),
        "a playground": Recipe(
            grounds=(grass, plain),
            walls=(facade, planks),
            things=(_BENCH, _POST, _TREE, _CRATE, _BUSH),
            count=(5, 11),
            marks="courts",
            far=(4, 16),
            high=(1.5, 8),
            side=12,
        ),
        "a station platform": Recipe(
            grounds=(tiles, plain, bricks),
            walls=(tiles, plain, bricks),
            things=(_BENCH, _POST, _POST, _CRATE),
            count=(3, 9),
            marks="lanes",
            far=(2, 8),
            high=(2.8, 4.5),
            hung=lambda rng, _colour, _metres: picture(rng),
            side=10,
        ),
        "a warehouse": Recipe(
            grounds=(plain,),
            walls=(planks, plain, bricks),
            things=(_SHELF_ALONG, _SHELF_ACROSS, _CRATE, _CRATE, _CRATE),
            count=(5, 12),
            marks="bays",
            far=(1, 7),
            high=(3.5, 6),
            side=4,
        ),
        "a waiting room": Recipe(
            grounds=(tiles, plain),
            walls=(plain, tiles),
            things=(_CHAIR, _CHAIR, _BENCH, _BENCH, _TABLE, _COUNTER),
            count=(6, 14),
            far=(0.5, 4.5),
            side=4,
            hung=lambda rng, _colour, _metres: picture(rng),
        ),
    }
)
