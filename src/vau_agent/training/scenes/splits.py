"""Which looks and which stories a split may show, so that the levels measure what they claim.

L1 shows new seeds of the families of training; L2 backgrounds, layouts and palettes that training
never shows; L3 has the looks of L2 and, beside normals, only categories that training never shows.
"""

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, get_args

import numpy as np

Split = Literal["train", "L1", "L2", "L3"]
SPLITS: Final[tuple[Split, ...]] = get_args(Split)

TRAINED_CATEGORIES: Final[tuple[str, ...]] = (
    "fighting",
    "fall",
    "robbery",
    "vandalism",
    "road accident",
    "fire",
    "explosion",
    "abandoned object",
    "intrusion",
    "crowd panic",
)
HELD_OUT_CATEGORIES: Final[tuple[str, ...]] = ("shooting", "burglary")

TRAINED_PLACES: Final[Mapping[str, bool]] = MappingProxyType(
    {
        "a street": True,
        "a car park": True,
        "a yard": True,
        "a square": True,
        "a crossing": True,
        "a park": True,
        "a corridor": False,
        "a shop": False,
        "a lobby": False,
        "an office": False,
        "a living room": False,
    }
)
"""Each place and whether it is outdoors."""
HELD_OUT_PLACES: Final[Mapping[str, bool]] = MappingProxyType(
    {
        "a petrol station": True,
        "a country road": True,
        "a playground": True,
        "a station platform": False,
        "a warehouse": False,
        "a waiting room": False,
    }
)
PLACES: Final[Mapping[str, bool]] = MappingProxyType({**TRAINED_PLACES, **HELD_OUT_PLACES})

LAYOUTS: Final = 12
"""Ways in which the walls, props and lanes of a place may be arranged, 0..11."""
_HELD_OUT_LAYOUTS: Final = (3, 7, 11)

PALETTES: Final[tuple[str, ...]] = (
    "concrete",
    "brick",
    "sand",
    "slate",
    "clay",
    "moss",
    "cream",
    "steel",
    "wood",
    "night blue",
)
_HELD_OUT_PALETTES: Final = ("clay", "cream", "night blue")


def shows_held_out_looks(split: Split) -> bool:
    """Tell whether `split` shows what training never does."""
    return split in ("L2", "L3")


def places(split: Split, *, outdoors: bool | None = None) -> tuple[str, ...]:
    """Return the places of `split`; with `outdoors`, only those under the sky, or under a roof."""
    chosen = HELD_OUT_PLACES if shows_held_out_looks(split) else TRAINED_PLACES
    return tuple(place for place, open_air in chosen.items() if outdoors in (None, open_air))


def layouts(split: Split) -> tuple[int, ...]:
    """Return the arrangements of `split`."""
    held_out = shows_held_out_looks(split)
    return tuple(one for one in range(LAYOUTS) if (one in _HELD_OUT_LAYOUTS) == held_out)


def palettes(split: Split) -> tuple[str, ...]:
    """Return the names of the colour families of `split`."""
    held_out = shows_held_out_looks(split)
    return tuple(one for one in PALETTES if (one in _HELD_OUT_PALETTES) == held_out)


def categories(split: Split) -> tuple[str, ...]:
    """Return the categories that `split` may show, beside normals."""
    return HELD_OUT_CATEGORIES if split == "L3" else TRAINED_CATEGORIES


def generator(split: Split, seed: int, purpose: str = "scene") -> np.random.Generator:
    """Return the random numbers of one scene; other splits and purposes have others."""
    digest = hashlib.sha256(f"{split}/{seed}/{purpose}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))
