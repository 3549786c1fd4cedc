"""A human posture as angles that can be blended, and the postures and gaits that stories use.

All angles are radians. Nothing here knows where a figure stands: `bodies.py` puts the lowest part
of a posture on the ground, so that sitting, lying and falling need no heights of their own.
"""

from math import asin, cos, pi, sin
from typing import Final, NamedTuple


class Pose(NamedTuple):
    """Angles of a figure that faces forward; zero is standing straight with hanging arms."""

    tilt: float = 0.0
    """The whole body about its hips: forward positive, on the face at pi/2."""
    roll: float = 0.0
    """The whole body to its left."""
    bend: float = 0.0
    """Trunk forward, relative to the hips."""
    twist: float = 0.0
    """Shoulders to the left, relative to the hips."""
    nod: float = 0.0
    """Head forward."""
    left_swing: float = 0.0
    """Upper arm forward; pi is straight up."""
    left_out: float = 0.12
    """Upper arm away from the body."""
    left_elbow: float = 0.15
    right_swing: float = 0.0
    right_out: float = 0.12
    right_elbow: float = 0.15
    left_hip: float = 0.0
    """Thigh forward."""
    left_spread: float = 0.04
    left_knee: float = 0.04
    right_hip: float = 0.0
    right_spread: float = 0.04
    right_knee: float = 0.04
    lift: float = 0.0
    """Metres of air below the lowest part."""
    along: float = 0.0
    """Metres the hips are ahead of where the figure stands."""
    aside: float = 0.0
    """Metres the hips are to the left of where the figure stands."""


STAND: Final = Pose()
SIT: Final = Pose(
    bend=0.1,
    left_hip=1.5,
    right_hip=1.5,
    left_knee=1.5,
    right_knee=1.5,
    left_swing=0.5,
    right_swing=0.5,
    left_elbow=0.9,
    right_elbow=0.9,
    along=-0.15,
)
SIT_ON_GROUND: Final = Pose(
    tilt=-0.2,
    bend=0.5,
    left_hip=1.7,
    right_hip=1.6,
    left_knee=1.0,
    right_knee=0.9,
    left_swing=0.7,
    right_swing=0.8,
    left_elbow=0.5,
    right_elbow=0.4,
)
CROUCH: Final = Pose(
    tilt=0.25,
    bend=0.6,
    nod=0.2,
    left_hip=1.9,
    right_hip=1.6,
    left_knee=2.2,
    right_knee=2.2,
    left_swing=0.9,
    right_swing=0.9,
    left_elbow=0.5,
    right_elbow=0.5,
)
KNEEL: Final = Pose(
    bend=0.35, left_knee=1.57, right_knee=1.57, left_swing=0.6, right_swing=0.6, left_elbow=0.6
)
STOOP: Final = Pose(
    tilt=0.3,
    bend=1.0,
    left_hip=0.5,
    right_hip=0.4,
    left_knee=0.5,
    right_knee=0.4,
    left_swing=0.6,
    right_swing=1.0,
    right_elbow=0.1,
)
LIE_BACK: Final = Pose(
    tilt=-1.5,
    left_out=0.6,
    right_out=0.4,
    left_spread=0.2,
    right_spread=0.15,
    left_knee=0.3,
    left_hip=0.25,
    left_elbow=0.5,
)
LIE_FACE: Final = Pose(
    tilt=1.5,
    left_out=0.5,
    right_out=0.9,
    right_elbow=0.1,
    right_swing=2.9,
    left_elbow=0.05,
    left_spread=0.15,
    right_spread=0.35,
    right_knee=0.4,
)
LIE_LEFT: Final = Pose(
    roll=1.5,
    bend=0.35,
    left_swing=0.9,
    right_swing=0.5,
    left_elbow=0.6,
    right_elbow=0.7,
    left_hip=0.6,
    right_hip=0.8,
    left_knee=0.8,
    right_knee=1.1,
    left_out=0.0,
)
LIE_RIGHT: Final = LIE_LEFT._replace(roll=-1.5, right_out=0.0, left_out=0.12)
COWER: Final = CROUCH._replace(
    left_swing=2.0, right_swing=2.0, left_elbow=2.0, right_elbow=2.0, nod=0.5
)
PLANK: Final = Pose(
    tilt=1.25, left_swing=1.5, right_swing=1.5, left_elbow=0.05, right_elbow=0.05, nod=-0.4
)
GUARD: Final = Pose(
    tilt=0.08,
    bend=0.15,
    left_swing=0.8,
    right_swing=0.7,
    left_elbow=1.9,
    right_elbow=2.0,
    left_hip=0.3,
    left_knee=0.35,
    right_hip=-0.25,
    right_knee=0.3,
)
AIM: Final = Pose(
    bend=0.08,
    left_swing=1.5,
    right_swing=1.5,
    left_out=-0.25,
    right_out=-0.1,
    left_elbow=0.25,
    right_elbow=0.05,
    left_spread=0.15,
    right_spread=0.15,
)
HANDS_UP: Final = Pose(
    left_swing=2.6, right_swing=2.6, left_out=0.4, right_out=0.4, left_elbow=0.5, right_elbow=0.5
)
PHONE: Final = Pose(right_swing=0.9, right_elbow=2.3, nod=0.15)
TYPE: Final = Pose(left_swing=0.6, right_swing=0.6, left_elbow=1.3, right_elbow=1.3, nod=0.45)
EMBRACE: Final = Pose(
    tilt=0.08,
    bend=0.08,
    left_swing=1.35,
    right_swing=1.1,
    left_out=0.15,
    right_out=0.25,
    left_elbow=0.9,
    right_elbow=1.0,
    nod=0.15,
)
GRAB: Final = Pose(
    tilt=0.1,
    bend=0.25,
    left_swing=1.35,
    right_swing=1.4,
    left_elbow=0.5,
    right_elbow=0.4,
    left_hip=0.4,
    left_knee=0.4,
    right_hip=-0.3,
    right_knee=0.2,
)
OFFER: Final = Pose(right_swing=1.1, right_elbow=0.3)
SHAKE_HANDS: Final = Pose(right_swing=0.9, right_elbow=0.6, bend=0.1)
RIDE: Final = Pose(
    bend=0.75, left_swing=1.1, right_swing=1.1, left_elbow=0.25, right_elbow=0.25, nod=-0.4
)


def blend(first: Pose, second: Pose, share: float) -> Pose:
    """Return the posture `share` (0..1) of the way from `first` to `second`."""
    if share <= 0:
        return first
    if share >= 1:
        return second
    return Pose(*[a + (b - a) * share for a, b in zip(first, second, strict=True)])


def smooth(share: float) -> float:
    """Ease in and out: 0 below 0, 1 above 1, without a jump of speed."""
    if share <= 0:
        return 0.0
    if share >= 1:
        return 1.0
    return share * share * (3 - 2 * share)


def sway(timestamp: float, phase: float) -> Pose:
    """Stand as people do: weight shifts, arms and head move a little."""
    slow = sin(0.9 * timestamp + phase)
    other = sin(0.55 * timestamp + 2.1 * phase)
    return Pose(
        roll=0.02 * slow,
        bend=0.03 + 0.02 * other,
        twist=0.14 * other,
        nod=0.1 + 0.1 * slow,
        left_swing=0.06 * slow,
        right_swing=0.06 * other,
        left_elbow=0.25 + 0.08 * other,
        right_elbow=0.25 + 0.08 * slow,
        left_knee=0.05 + 0.04 * slow,
        left_hip=0.03 * slow,
    )


def stride(speed: float) -> float:
    """Return the way covered by two steps, in heights of the person."""
    run = running(speed)
    return (0.8 + 0.85 * run) * (0.72 + 0.28 * min(1.0, speed / 1.4))


def running(speed: float) -> float:
    """Tell how far walking has become running, 0..1, at `speed` metres a second."""
    return smooth((speed - 1.9) / 0.9)


def gait(strides: float, speed: float) -> Pose:
    """Walk or run.

    Args:
        strides: Pairs of steps so far; they follow the way covered, so that feet do not slide.
        speed: Metres a second.
    """
    run = running(speed)
    moving = smooth(speed / 0.6)
    step, back = _ramp(strides), cos(2 * pi * strides)
    reach = (0.42 + 0.36 * run) * moving
    bent = (0.35 + 0.55 * run) * moving * 0.8
    arm = (0.42 + 0.5 * run) * moving
    elbow = 0.25 + 1.15 * run
    return Pose(
        tilt=(0.03 + 0.14 * run) * moving,
        bend=0.04 + 0.1 * run,
        twist=0.16 * moving * step,
        left_swing=-arm * step,
        right_swing=arm * step,
        left_elbow=elbow,
        right_elbow=elbow,
        left_hip=reach * step + 0.15 * run,
        right_hip=-reach * step + 0.15 * run,
        left_knee=0.06 + bent * (1 + back),
        right_knee=0.06 + bent * (1 - back),
        lift=0.05 * run * abs(sin(2 * pi * strides + 0.6)),
    )


def _ramp(cycles: float) -> float:
    """Swing between -1 and 1 at nearly constant speed, as a leg that carries does."""
    return asin(0.97 * sin(2 * pi * cycles)) / asin(0.97)
