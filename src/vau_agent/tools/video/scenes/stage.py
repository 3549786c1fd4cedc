"""What a kind of scene uses to write its script: chance, perspective, people."""

from dataclasses import dataclass

import numpy as np

from vau_agent.schemas import Box, Segment
from vau_agent.tools.video.scenes import people
from vau_agent.tools.video.scenes.canvas import Colour, person_share
from vau_agent.tools.video.scenes.people import Path, Person
from vau_agent.tools.video.scenes.scene import SceneEvent


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """What a kind may use to write its script."""

    rng: np.random.Generator
    duration_s: float
    horizon: float
    aspect: float
    """Width by height."""

    def moment(self, low: float = 0.35, high: float = 0.5) -> float:
        """Choose a time between two shares of the duration."""
        return self.between(low, high) * self.duration_s

    def between(self, low: float, high: float) -> float:
        """Draw a number."""
        return float(self.rng.uniform(low, high))

    def seed(self) -> int:
        """Draw a seed for a part of its own."""
        return int(self.rng.integers(2**31))

    def colour(self) -> Colour:
        """Draw the colour of cloth or paint; flames are never drawn."""
        red, green, blue = (int(level) for level in self.rng.integers(25, 190, 3))
        return (min(red, green + 40), green, blue)

    def pace(self, y: float, *, times: float = 1.0) -> float:
        """Give the walking speed at `y` in widths a second."""
        return times * people.WALKING_SPEED * person_share(y, self.horizon) / self.aspect

    def person(
        self, path: Path, pose_at: people.PoseAt | None = None, *, wheels: bool = False
    ) -> Person:
        """Dress a person."""
        return Person(
            path=path,
            shirt=self.colour(),
            trousers=self.colour(),
            phase=self.between(0, 6.3),
            pose_at=pose_at,
            wheels=wheels,
        )

    def passer(self, y: float, *, times: float = 1.0, wheels: bool = False) -> Person:
        """Send someone back and forth across the picture for as long as it lasts."""
        crossing = 1.3 / self.pace(y, times=times)
        start = self.between(-0.9, -0.1) * crossing
        side, places = bool(self.rng.integers(2)), []
        for lap in range(int((self.duration_s - start) / crossing) + 2):
            places.append((start + lap * crossing, -0.15 if (lap % 2 == 0) == side else 1.15, y))
        return self.person(Path(places), wheels=wheels)

    def passers(self, count: int) -> tuple[Person, ...]:
        """Send several people, the far ones first."""
        ys = np.sort(self.rng.uniform(self.horizon + 0.2, 0.9, count))
        return tuple(self.passer(float(y)) for y in ys)

    def event(self, category: str, start: float, end: float, box: Box) -> SceneEvent:
        """State what happens, cut to the end of the scene."""
        segment = Segment(start=start, end=min(end, self.duration_s))
        return SceneEvent(category=category, segment=segment, box=box)

    def around(self, x: float, y: float, *, wide: float, high: float = 1.15) -> Box:
        """Give the box about feet at (x, y), in heights of a person who stands there."""
        tall = person_share(y, self.horizon)
        left, right = x - wide * tall / self.aspect / 2, x + wide * tall / self.aspect / 2
        return box_between(left, y - high * tall, right, y + 0.1 * tall)


def box_between(left: float, top: float, right: float, bottom: float) -> Box:
    """Give the part of a region that lies inside the picture."""
    left, top = max(0.0, left), max(0.0, top)
    return Box(x=left, y=top, width=min(1.0, right) - left, height=min(1.0, bottom) - top)
