"""What is compared: one way to answer a row."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from vau_agent.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One way to ask the model."""

    name: str
    """As rows are called, after the model."""
    detects: bool = True
    """Whether it is told what the detector measured."""
    detects_first: bool = False
    """At once, or only when it checks its first answer."""
    moves: bool = True
    """Whether its pictures, and the detector's, show motion."""
    sees: bool = True
    """Whether there is anything in its pictures."""
    reflects: bool = True


FULL: Final = "full"
HEAD: Final = "head"
VARIANTS: Final[Mapping[str, Variant]] = MappingProxyType(
    {
        FULL: Variant(name=""),
        "no-evidence": Variant(name="without evidence", detects=False),
        "early-evidence": Variant(name="evidence from the start", detects_first=True),
        "no-motion": Variant(name="without motion", moves=False),
        "blank": Variant(
            name="blank pictures, without evidence", detects=False, sees=False, reflects=False
        ),
    }
)
"""By the name of their folder; `full` is how the agent asks."""


def parse_rows(text: str) -> tuple[str, ...]:
    """Read which rows are wanted, as a list with commas.

    Raises:
        SettingsError: One is not known.
    """
    wanted = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in wanted:
        if name != HEAD and name not in VARIANTS:
            known = ", ".join((HEAD, *VARIANTS))
            raise SettingsError(f"no row {name!r}; there are {known}")
    if not wanted:
        raise SettingsError(f"no row is named; there are {', '.join((HEAD, *VARIANTS))}")
    return wanted
