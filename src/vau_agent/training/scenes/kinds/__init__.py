"""The stories that are told, by name: each takes a `Plot` and returns a `Drama`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from vau_agent.training.scenes.kinds import falls, violence
from vau_agent.training.scenes.plot import DRIVABLE, Plot
from vau_agent.training.scenes.story import Drama


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of story and where it may happen."""

    tell: Callable[[Plot], Drama]
    category: str | None = None
    outdoors: bool | None = None
    driven: bool = False
    """Only where cars drive, with room for them."""
    weight: float = 1.0
    """How often it is told, among those of its category."""

    def fits(self, place: str, width: float) -> bool:
        """Tell whether it may happen at a place whose area is `width` metres wide."""
        return not self.driven or (place in DRIVABLE and width >= 5)


KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "fight": Kind(tell=violence.fight, category="fighting"),
        "fall": Kind(tell=falls.collapse, category="fall"),
        "fall from a seat": Kind(tell=falls.fall_from_seat, category="fall", weight=0.25),
        "hug": Kind(tell=violence.hug),
        "handshake": Kind(tell=violence.handshake),
        "dance": Kind(tell=violence.dance),
        "wave": Kind(tell=violence.wave),
        "shadow boxing": Kind(tell=violence.mock_fight, weight=0.5),
        "sit down": Kind(tell=falls.sit_down),
        "crouch": Kind(tell=falls.crouch),
        "exercise": Kind(tell=falls.exercise),
        "sit together": Kind(tell=falls.seated_group, weight=0.7),
        "sit on the ground": Kind(tell=falls.stretch, weight=0.6),
    }
)
