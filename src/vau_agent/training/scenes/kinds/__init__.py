"""The stories that are told, by name: each takes a `Plot` and returns a `Drama`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from vau_agent.training.scenes.kinds import (
    accidents,
    bags,
    blazes,
    crowds,
    damage,
    entries,
    everyday,
    falls,
    theft,
    traffic,
    violence,
)
from vau_agent.training.scenes.plot import Plot
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


def _crash(tell: Callable[[Plot], Drama], weight: float = 1.0) -> Kind:
    return Kind(tell=tell, category="road accident", outdoors=True, driven=True, weight=weight)


_ANOMALIES: Final[Mapping[str, Kind]] = {
    "fight": Kind(tell=violence.fight, category="fighting"),
    "fall": Kind(tell=falls.collapse, category="fall"),
    "fall from a seat": Kind(tell=falls.fall_from_seat, category="fall", weight=0.25),
    "snatch": Kind(tell=theft.snatch, category="robbery"),
    "mugging": Kind(tell=theft.mug, category="robbery"),
    "smash a window": Kind(tell=damage.smash_window, category="vandalism"),
    "kick a bin": Kind(tell=damage.kick_bin, category="vandalism"),
    "spray a wall": Kind(tell=damage.spray_wall, category="vandalism", weight=0.8),
    "smash a car": Kind(
        tell=damage.smash_car, category="vandalism", outdoors=True, driven=True, weight=0.8
    ),
    "smash furniture": Kind(tell=damage.smash_furniture, category="vandalism", weight=0.8),
    "car hits car": _crash(accidents.car_hits_car, 1.5),
    "car hits person": _crash(accidents.car_hits_person),
    "car hits bicycle": _crash(accidents.car_hits_bike),
    "car hits post": _crash(accidents.car_hits_pole, 0.6),
    "bicycles collide": _crash(accidents.bike_falls, 0.3),
    "fire": Kind(tell=blazes.fire, category="fire"),
    "set a fire": Kind(tell=blazes.arson, category="fire", weight=0.35),
    "explosion": Kind(tell=blazes.explosion, category="explosion"),
    "abandon a bag": Kind(tell=bags.abandon, category="abandoned object"),
    "climb over": Kind(tell=entries.climb_over, category="intrusion"),
    "force a door": Kind(tell=entries.force_door, category="intrusion", weight=0.6),
    "sneak in": Kind(tell=entries.sneak, category="intrusion", weight=0.4),
    "panic": Kind(tell=crowds.panic, category="crowd panic"),
    "shooting": Kind(tell=theft.shooting, category="shooting"),
    "burglary": Kind(tell=entries.burglary, category="burglary"),
}
_NORMALS: Final[Mapping[str, Kind]] = {
    "hug": Kind(tell=violence.hug),
    "handshake": Kind(tell=violence.handshake, weight=0.8),
    "dance": Kind(tell=violence.dance),
    "wave": Kind(tell=violence.wave, weight=0.7),
    "shadow boxing": Kind(tell=violence.mock_fight, weight=0.4),
    "sit down": Kind(tell=falls.sit_down),
    "crouch": Kind(tell=falls.crouch, weight=1.2),
    "exercise": Kind(tell=falls.exercise),
    "sit together": Kind(tell=falls.seated_group, weight=0.6),
    "sit on the ground": Kind(tell=falls.stretch, weight=0.6),
    "hand over": Kind(tell=theft.offer, weight=1.2),
    "use a bin": Kind(tell=damage.use_bin, weight=0.6),
    "clean a window": Kind(tell=damage.clean_window, weight=0.5),
    "park": Kind(tell=traffic.park, outdoors=True, driven=True, weight=0.9),
    "traffic": Kind(tell=traffic.passing, outdoors=True, driven=True, weight=1.2),
    "cross the road": Kind(tell=traffic.cross_road, outdoors=True, driven=True, weight=0.9),
    "cycle": Kind(tell=traffic.cycle, outdoors=True, weight=0.8),
    "headlights": Kind(tell=traffic.headlights),
    "steam": Kind(tell=blazes.steam, weight=0.5),
    "flag": Kind(tell=blazes.red_cloth, weight=0.5),
    "bag with its owner": Kind(tell=bags.keep, weight=1.2),
    "carry a bag": Kind(tell=bags.carry, weight=0.8),
    "use a door": Kind(tell=entries.use_door, weight=0.7),
    "unlock a door": Kind(tell=entries.unlock, weight=0.4),
    "along a fence": Kind(tell=entries.along_fence, weight=0.6),
    "jog": Kind(tell=crowds.jog, weight=1.2),
    "hurry": Kind(tell=crowds.hurry, weight=0.6),
    "queue": Kind(tell=crowds.queue, weight=0.8),
    "walk": Kind(tell=crowds.stroll, weight=1.8),
    "talk": Kind(tell=crowds.gathering),
    "empty": Kind(tell=everyday.empty, weight=0.5),
    "shadows": Kind(tell=everyday.shadows, weight=0.6),
    "play": Kind(tell=everyday.play),
    "tag": Kind(tell=everyday.tag, weight=0.8),
    "catch": Kind(tell=everyday.catch, weight=0.5),
}
KINDS: Final[Mapping[str, Kind]] = MappingProxyType({**_ANOMALIES, **_NORMALS})
