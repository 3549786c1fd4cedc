"""People who act: a body, a way over the ground, and what is done on it at which time."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from vau_agent.training.scenes.bodies import Body, figure, reach
from vau_agent.training.scenes.poses import Pose, blend, gait, smooth, sway
from vau_agent.training.scenes.shapes import Point, Shape
from vau_agent.training.scenes.tracks import Track

Motion = Callable[[float], Pose]
"""The posture at so many seconds after the act began; of the scene where it always was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something a person does for a while with the whole body or a part of it."""

    start: float
    end: float = inf
    motion: Motion
    ease_s: float = 0.3
    """Time to blend in and out."""
    arms_only: bool = False
    """The legs and trunk go on with what they do, so that one can wave while walking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One person of a story; later acts cover earlier ones."""

    name: str
    body: Body
    way: Track
    acts: tuple[Act, ...] = ()
    phase: float = 0.0
    """Makes people who stand sway differently."""
    present: tuple[float, float] = (-inf, inf)
    """When the person exists at all; outside, inside a car for instance."""

    def pose(self, timestamp: float) -> Pose:
        """Return the posture at `timestamp`."""
        at = self.way.at(timestamp)
        moving = smooth((at.speed - 0.1) / 0.4)
        posture = blend(
            sway(timestamp, self.phase), gait(at.strides / self.body.height, at.speed), moving
        )
        for act in self.acts:
            share = smooth((timestamp - act.start) / act.ease_s)
            share *= 1 - smooth((timestamp - act.end) / act.ease_s) if act.end < inf else 1.0
            if share > 0:
                done = act.motion(timestamp - act.start if act.start > -inf else timestamp)
                posture = blend(posture, _arms(posture, done) if act.arms_only else done, share)
        return posture

    def shapes(self, timestamp: float) -> list[Shape]:
        """Return the solids of the person at `timestamp`."""
        if not self.present[0] <= timestamp < self.present[1]:
            return []
        at = self.way.at(timestamp)
        return figure(self.body, self.pose(timestamp), at.x, at.y, at.heading, self.name)

    def joint(self, name: str, timestamp: float) -> Point:
        """Return where a part of the body is, such as "right_hand"."""
        at = self.way.at(timestamp)
        return reach(self.body, self.pose(timestamp), at.x, at.y, at.heading, name)


def _arms(posture: Pose, done: Pose) -> Pose:
    return Pose(*posture[:5], *done[5:11], *posture[11:])
