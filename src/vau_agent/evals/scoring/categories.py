"""Names of categories, as different sources spell them.

Only spellings of one thing are joined: a name that means something else stays another name, and
one that no policy can say is never right.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "road accidents": "road accident",
        "car accident": "road accident",
        "traffic accident": "road accident",
        "people falling": "fall",
    }
)
"""UCF-Crime, HolmesVAU and MSAD, in the words of `schemas.CATEGORIES`."""
_WORD_STARTS: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


def plain_category(name: str) -> str:
    """Write a category the way verdicts do: `RoadAccidents` and `car_accident` are one."""
    words = " ".join(_WORD_STARTS.sub(" ", name).replace("_", " ").casefold().split())
    return ALIASES.get(words, words)
