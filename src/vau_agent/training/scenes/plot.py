"""What a kind of story draws upon: the ground, the clock, people to cast, and ways to walk."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import cos, hypot, inf, pi, sin
from typing import Final, TypeVar

import numpy as np

from vau_agent.schemas import Segment, Severity
from vau_agent.training.scenes.area import Area
from vau_agent.training.scenes.bodies import Body, draw_body
from vau_agent.training.scenes.moves import hold
from vau_agent.training.scenes.people import Act, Person
from vau_agent.training.scenes.poses import PHONE
from vau_agent.training.scenes.story import WHERE, Drama, Player
from vau_agent.training.scenes.things import draw_thing
from vau_agent.training.scenes.tracks import Key, Look, Track, still, toward, track, travel_time
from vau_agent.training.scenes.truth import SceneTruth
from vau_agent.training.scenes.vehicles import Car, draw_make

T = TypeVar("T")
Spot = tuple[float, float]

SHORT_S: Final = 6.0
"""Scenes up to this long may begin in the middle of an event."""
_SEEN_S: Final = 0.9
"""An event shows at least this long before the scene ends."""


@dataclass(kw_only=True)
class Plot:
    """One story in the making; every draw comes from `rng`, in order."""

    rng: np.random.Generator
    area: Area
    place: str
    night: bool
    duration_s: float
    _cast: int = field(default=0, init=False)

    def pick(self, *choices: T) -> T:
        """Return one of `choices`."""
        return choices[int(self.rng.integers(len(choices)))]

    def chance(self, share: float) -> bool:
        """Return true in `share` (0..1) of all calls."""
        return bool(self.rng.random() < share)

    def between(self, low: float, high: float) -> float:
        """Return a number between two others."""
        return float(self.rng.uniform(low, high))

    def span(
        self, shortest_s: float, longest_s: float, *, sudden: bool = False
    ) -> tuple[float, float]:
        """Return when an event begins and ends; it may reach over either end of the scene.

        Args:
            shortest_s: Length at least.
            longest_s: Length at most.
            sudden: It is told by how it begins, so that the scene shows its beginning.
        """
        length = self.between(shortest_s, longest_s)
        under_way = not sudden and self.chance(0.35 if self.duration_s <= SHORT_S else 0.05)
        if under_way:
            start = -self.between(0.0, 0.5) * length
        else:
            start = self.between(0.04, 0.6 if self.duration_s <= SHORT_S else 0.8) * self.duration_s
        start = min(start, self.duration_s - _SEEN_S - self.between(0.0, 0.4))
        return start, max(start + length, _SEEN_S)

    def spot(self, margin: float = 0.4) -> Spot:
        """Return a point of the area, at least `margin` metres from its border if it can be."""
        area = self.area
        x_margin, y_margin = min(margin, area.width / 3), min(margin, area.depth / 3)
        return (
            self.between(area.x_min + x_margin, area.x_max - x_margin),
            self.between(area.y_min + y_margin, area.y_max - y_margin),
        )

    def near(self, spot: Spot, low: float, high: float) -> Spot:
        """Return a point of the area at about this distance from `spot`."""
        angle, far = self.between(0, 2 * pi), self.between(low, high)
        return self.inside((spot[0] + far * cos(angle), spot[1] + far * sin(angle)))

    def inside(self, spot: Spot) -> Spot:
        """Return the point of the area that is nearest to `spot`."""
        area = self.area
        return (
            min(max(spot[0], area.x_min + 0.2), area.x_max - 0.2),
            min(max(spot[1], area.y_min + 0.2), area.y_max - 0.2),
        )

    def outside(self, side: int | None = None, y: float | None = None) -> Spot:
        """Return a point out of the picture; `side` is -1 for left, 1 for right."""
        area = self.area
        side = side or self.pick(-1, 1)
        far = 1.2 + 0.75 * area.width
        x = area.x_min - far if side < 0 else area.x_max + far
        return x, self.between(area.y_min, area.y_max) if y is None else y

    def body(self, *, child: bool = False) -> Body:
        """Draw somebody's looks."""
        return draw_body(self.rng, child=child)

    def name(self, word: str) -> str:
        """Return a new owner's name, such as "person 2"."""
        self._cast += 1
        return f"{word} {self._cast}"

    def person(
        self,
        way: Track,
        acts: Sequence[Act] = (),
        *,
        body: Body | None = None,
        present: tuple[float, float] = (-inf, inf),
        name: str | None = None,
    ) -> Person:
        """Cast a person; with `name` and `body` of another, the same one again later."""
        return Person(
            name=name or self.name("person"),
            body=body or self.body(),
            way=way,
            acts=tuple(acts),
            phase=self.between(0, 6),
            present=present,
        )

    def walk(self, spots: Sequence[Spot], start: float, speed: float | None = None) -> list[Key]:
        """Return key points of a way that begins at `start` seconds."""
        pace = speed or self.between(1.0, 1.6)
        keys: list[Key] = [(start, *spots[0])]
        for spot in spots[1:]:
            before = keys[-1]
            keys.append((before[0] + max(0.1, travel_time(before[1:], spot, pace)), *spot))
        return keys

    def arrive(self, spot: Spot, by: float, *, side: int | None = None) -> list[Key]:
        """Return key points of a walk from out of the picture to `spot`, there at `by` seconds."""
        start = self.outside(side)
        return [(by - travel_time(start, spot, self.between(1.0, 1.6)), *start), (by, *spot)]

    def leave(self, spot: Spot, at: float, speed: float, *, side: int | None = None) -> list[Key]:
        """Return key points of a way from `spot` out of the picture."""
        return self.walk((spot, self.outside(side)), at, speed)

    def walker(self, speed: float | None = None) -> Person:
        """Cast somebody who crosses the picture, in it at some moment of the scene."""
        pace = speed or self.between(0.9, 1.7)
        side = self.pick(-1, 1)
        first, last = self.outside(side), self.outside(-side)
        spots = [first, self.spot(), last] if self.chance(0.4) else [first, last]
        if self.chance(0.2):
            spots[-1] = self.outside(side)
            spots.insert(1, self.spot())
        long = sum(hypot(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(spots))
        middle = self.between(0, self.duration_s)
        keys = self.walk(spots, middle - long / pace * self.between(0.35, 0.65), pace)
        acts = []
        if self.chance(0.15):
            acts.append(Act(start=-inf, motion=hold(PHONE), arms_only=True))
        return self.person(track(keys), acts)

    def stander(self, spot: Spot | None = None, looks_at: Spot | None = None) -> Person:
        """Cast somebody who stands about."""
        x, y = spot or self.spot()
        heading = toward(x, y, *looks_at) if looks_at else self.between(0, 2 * pi)
        acts = []
        if self.chance(0.25):
            acts.append(Act(start=-inf, motion=hold(PHONE), arms_only=True))
        return self.person(still(x, y, heading), acts)

    def stroller(self) -> Person:
        """Cast somebody who goes from place to place in the picture, with pauses."""
        spot, t = self.spot(), self.between(-4, 0)
        keys: list[Key] = [(t, *spot)]
        while t < self.duration_s:
            t += self.between(0.5, 4)
            keys.append((t, *spot))
            other = self.spot()
            t += travel_time(spot, other, self.between(0.7, 1.4)) + 0.1
            keys.append((t, *other))
            spot = other
        return self.person(track(keys))

    def bystanders(self, most: int = 3, *, spare: Spot | None = None) -> list[Person]:
        """Cast people who have nothing to do with the event; some run or come near.

        Args:
            most: Of them.
            spare: People do not stop within a metre of this point.
        """
        people: list[Person] = []
        for _ in range(int(self.rng.integers(0, most + 1))):
            kind = self.rng.random()
            if kind < 0.5:
                people.append(self.walker())
            elif kind < 0.6:
                people.append(self.walker(self.between(2.6, 3.6)))
            elif kind < 0.75:
                people.append(self.stroller())
            else:
                spot = self.spot()
                if spare is None or hypot(spot[0] - spare[0], spot[1] - spare[1]) > 1.0:
                    people.append(self.stander(spot))
        return people

    def traffic(self, share: float = 0.3) -> list[Player]:
        """Return now and then a passing or parked car, where there is room for one."""
        if self.place not in DRIVABLE or self.area.width < CAR_WIDTH or not self.chance(share):
            return []
        y = self.area.y_max + self.between(0.5, 2.0)
        if self.chance(0.4):
            x = self.between(self.area.x_min, self.area.x_max)
            return [self.car(still(x, y, self.pick(0.0, pi)))]
        side = self.pick(-1, 1)
        keys = self.walk(
            (self.far(side, y), self.far(-side, y)),
            self.between(-3, self.duration_s),
            self.between(3, 9),
        )
        return [self.car(track(keys))]

    def car(self, way: Track) -> Car:
        """Cast a car; by night its lights are on."""
        return Car(
            name=self.name("car"),
            make=draw_make(self.rng),
            way=way,
            lights=(-inf, inf) if self.night or self.chance(0.06) else None,
        )

    def far(self, side: int, y: float) -> Spot:
        """Return a point so far out of the picture that a car is wholly gone."""
        x, _ = self.outside(side, y)
        return x + 4.0 * side, y

    def facing(self, spot: Spot, other: Spot, start: float = -inf, end: float = inf) -> Look:
        """Return a look from one point to another."""
        return start, end, toward(*spot, *other)

    @property
    def where(self) -> str:
        """The place as a caption says it; now and then nothing at all."""
        return f" {WHERE[self.place]}" if self.chance(0.6) else ""

    def tell(
        self,
        kind: str,
        players: Sequence[Player],
        captions: Sequence[str],
        *,
        actors: Sequence[Person | Car | str] = (),
        category: str | None = None,
        span: tuple[float, float] | None = None,
        risk: Severity = 0,
        cause: str | None = None,
    ) -> Drama:
        """Return the story with its truth; `span` is clipped to the scene.

        Args:
            kind: Name of the story.
            players: Everybody and everything, bystanders too.
            captions: Wordings without a full stop; the place is added to the one that is drawn.
            actors: Who takes part.
            category: What happens; without it the scene is normal.
            span: First visible sign and end of the abnormal state, in seconds.
            risk: 0 none, 1 damage or possible harm, 2 harm to people.
            cause: What led to it.
        """
        segment = None
        if span is not None:
            start, end = max(0.0, span[0]), min(self.duration_s, span[1])
            segment = Segment(start=round(start, 2), end=round(max(end, start + 0.3), 2))
        truth = SceneTruth(
            kind=kind,
            category=category,
            segment=segment,
            risk=risk,
            caption=f"{captions[int(self.rng.integers(len(captions)))]}{self.where}.",
            cause=cause,
            actors=tuple(one if isinstance(one, str) else one.name for one in actors),
            place=self.place,
        )
        everything = (*players, *self._clutter())
        return Drama(duration_s=self.duration_s, truth=truth, players=everything)

    def _clutter(self) -> list[Player]:
        """Return now and then a thing that stands at the back of the scene, whatever happens."""
        area = self.area
        x = self.between(area.x_min, area.x_max)
        y = area.y_max + self.between(0.0, 0.8)
        return [draw_thing(self.rng, x, y)] if self.chance(0.3) else []


DRIVABLE: Final = frozenset(
    {"a street", "a car park", "a crossing", "a yard", "a petrol station", "a country road"}
)
"""Places where cars drive."""
CAR_WIDTH: Final = 5.0
"""Metres across without which a car would fill the picture."""
