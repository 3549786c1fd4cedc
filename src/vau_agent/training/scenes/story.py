"""What a story is: players who are drawn at each moment, and what is true of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol

from vau_agent.training.scenes.shapes import Shape
from vau_agent.training.scenes.truth import SceneTruth

WHERE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "a street": "in a street",
        "a car park": "in a car park",
        "a yard": "in a yard",
        "a square": "on a square",
        "a crossing": "at a crossing",
        "a park": "in a park",
        "a corridor": "in a corridor",
        "a shop": "in a shop",
        "a lobby": "in a lobby",
        "an office": "in an office",
        "a living room": "in a living room",
        "a petrol station": "at a petrol station",
        "a country road": "on a country road",
        "a playground": "on a playground",
        "a station platform": "on a station platform",
        "a warehouse": "in a warehouse",
        "a waiting room": "in a waiting room",
    }
)
"""How a caption says each place of `splits.PLACES`."""


class Player(Protocol):
    """Anything that is drawn: a person, a car, a bag, a fire."""

    def shapes(self, timestamp: float) -> list[Shape]:
        """Return the solids and effects at `timestamp` seconds."""
        ...


class Story(Protocol):
    """A course of events with exact truth."""

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        ...

    @property
    def truth(self) -> SceneTruth:
        """What an investigator would write down."""
        ...

    def shapes(self, timestamp: float) -> list[Shape]:
        """Return all that is in the scene at `timestamp` seconds."""
        ...


@dataclass(frozen=True, kw_only=True)
class Drama:
    """A story that is the sum of its players."""

    duration_s: float
    truth: SceneTruth
    players: Sequence[Player]

    def shapes(self, timestamp: float) -> list[Shape]:
        """Return all that is in the scene at `timestamp` seconds."""
        return [shape for player in self.players for shape in player.shapes(timestamp)]
