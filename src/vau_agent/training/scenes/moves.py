"""What people do with their bodies, as postures over the seconds since an act began."""

from collections.abc import Sequence
from math import pi, sin

import numpy as np

from vau_agent.training.scenes.people import Motion
from vau_agent.training.scenes.poses import (
    COWER,
    CROUCH,
    EMBRACE,
    GUARD,
    LIE_BACK,
    LIE_FACE,
    LIE_LEFT,
    LIE_RIGHT,
    SIT_ON_GROUND,
    STAND,
    STOOP,
    Pose,
    blend,
    smooth,
)
from vau_agent.training.scenes.waves import between, jolts, strike


def hold(pose: Pose, tremble: float = 0.03, phase: float = 0.0) -> Motion:
    """Keep a posture, as still as living people can."""

    def motion(t: float) -> Pose:
        slow = tremble * sin(1.3 * t + phase)
        return pose._replace(
            nod=pose.nod + 2 * slow,
            bend=pose.bend + slow,
            left_swing=pose.left_swing + slow,
            right_swing=pose.right_swing - slow,
        )

    return motion


def keyed(keys: Sequence[tuple[float, Pose]]) -> Motion:
    """Go from posture to posture; the last one is kept."""

    def motion(t: float) -> Pose:
        before = keys[0]
        for key in keys[1:]:
            if t < key[0]:
                share = (t - before[0]) / (key[0] - before[0])
                return blend(before[1], key[1], smooth(share))
            before = key
        return hold(before[1], 0.015)(t)

    return motion


def lying(rng: np.random.Generator, *, hurt: bool = True) -> Pose:
    """Draw a posture of somebody on the ground."""
    kinds = (LIE_BACK, LIE_FACE, LIE_LEFT, LIE_RIGHT) if hurt else (LIE_BACK, LIE_LEFT)
    pose = kinds[int(rng.integers(len(kinds)))]
    # An arm below the body stays flat: stretched away from it, it would prop the body up.
    left, right = (float(pose.roll <= 0), float(pose.roll >= 0))
    return pose._replace(
        left_out=left * (pose.left_out + between(rng, -0.2, 0.6)),
        right_out=right * (pose.right_out + between(rng, -0.2, 0.6)),
        left_knee=pose.left_knee + between(rng, 0, 0.5),
        right_knee=pose.right_knee + between(rng, 0, 0.4),
        left_elbow=pose.left_elbow + between(rng, 0, 0.8),
    )


def fall(rng: np.random.Generator, *, up_after_s: float | None = None) -> tuple[Motion, float]:
    """Stumble, go down and stay there; return the motion and the seconds until the impact.

    Args:
        rng: Draws direction, speed and how the person lies.
        up_after_s: Begin to get up this long after the impact; without it, never.
    """
    down = lying(rng)
    stumble_s, drop_s = between(rng, 0.15, 0.5), between(rng, 0.45, 0.8)
    side = -0.35 if down.roll < 0 else 0.35
    reel = Pose(
        tilt=0.25 if down.tilt >= 0 else -0.3,
        roll=0.3 * down.roll,
        bend=0.3 if down.tilt >= 0 else -0.15,
        left_swing=1.2,
        right_swing=0.9,
        left_out=0.9,
        right_out=0.8,
        left_elbow=0.4,
        right_elbow=0.5,
        left_hip=0.6,
        left_knee=0.6,
        right_hip=-0.3,
        right_knee=0.5,
        aside=0.1 * side,
    )
    reach = 0.75 * sin(min(abs(down.tilt) + abs(down.roll), pi / 2))
    landed = down._replace(
        along=reach * (1 if down.tilt > 0.3 else -1 if down.tilt < -0.3 else 0),
        aside=reach * (1 if down.roll > 0.3 else -1 if down.roll < -0.3 else 0),
    )
    bounced = landed._replace(left_knee=landed.left_knee + 0.3, nod=landed.nod + 0.25)
    impact = stumble_s + drop_s
    late = keyed(((impact, bounced), (impact + 0.25, landed)))
    rise = _rise(landed) if up_after_s is not None else None

    def motion(t: float) -> Pose:
        if t < stumble_s:
            return blend(STAND, reel, smooth(t / stumble_s))
        if t < impact:
            share = (t - stumble_s) / drop_s
            return blend(reel, bounced, share * share)
        if rise is not None and up_after_s is not None and t > impact + up_after_s:
            return rise(t - impact - up_after_s)
        return late(t)

    return motion, impact


def _rise(landed: Pose) -> Motion:
    kneel = CROUCH._replace(along=0.5 * landed.along, aside=0.5 * landed.aside)
    sits = SIT_ON_GROUND._replace(along=0.8 * landed.along, aside=0.8 * landed.aside)
    return keyed(((0.0, landed), (0.9, sits), (1.9, kneel), (2.8, STAND)))


def get_up_s() -> float:
    """Return the seconds that getting up takes."""
    return 2.8


def lie_down(pose: Pose, over_s: float) -> Motion:
    """Sit down and lie back without haste, as for a rest or an exercise."""
    return keyed(
        ((0.0, STAND), (0.35 * over_s, CROUCH), (0.65 * over_s, SIT_ON_GROUND), (over_s, pose))
    )


def dancing(rng: np.random.Generator) -> Motion:
    """Move to a beat: regular, arms up and down, feet nearly in place."""
    beat, shift, style = between(rng, 0.8, 1.3), between(rng, 0, 2 * pi), between(rng, 0, 1)

    def motion(t: float) -> Pose:
        one, two = sin(2 * pi * beat * t + shift), sin(pi * beat * t + shift)
        return Pose(
            roll=0.12 * one,
            bend=0.08,
            twist=0.4 * two,
            left_swing=0.6 + (0.8 + style) * (0.5 + 0.5 * two),
            right_swing=0.6 + (0.8 + style) * (0.5 - 0.5 * two),
            left_out=0.5 + 0.3 * one,
            right_out=0.5 - 0.3 * one,
            left_elbow=1.2,
            right_elbow=1.2,
            left_hip=0.25 + 0.25 * one,
            right_hip=0.25 - 0.25 * one,
            left_knee=0.4 + 0.35 * one,
            right_knee=0.4 - 0.35 * one,
        )

    return motion


def waving(rng: np.random.Generator) -> Motion:
    """Wave a hand over the head."""
    rate, shift = between(rng, 1.2, 2.0), between(rng, 0, 2 * pi)

    def motion(t: float) -> Pose:
        side = sin(2 * pi * rate * t + shift)
        return STAND._replace(right_swing=2.7, right_out=0.3 + 0.4 * side, right_elbow=0.5)

    return motion


def smashing(rng: np.random.Generator, pace: float = 1.0) -> Motion:
    """Swing something from over the head onto a thing in front."""
    rate, shift, body = pace * between(rng, 0.9, 1.6), between(rng, 0, 1), jolts(rng, 0.8, 1.4)

    def motion(t: float) -> Pose:
        hit = strike(rate * t + shift)
        return GUARD._replace(
            bend=0.1 + 0.7 * hit,
            tilt=0.05 + 0.1 * hit,
            twist=0.2 * body(t),
            left_swing=2.9 - 1.9 * hit,
            right_swing=2.9 - 1.9 * hit,
            left_elbow=1.1 - 0.9 * hit,
            right_elbow=1.1 - 0.9 * hit,
        )

    return motion


def spraying(rng: np.random.Generator) -> Motion:
    """Move one raised arm over a surface in front."""
    across, along = between(rng, 0.5, 0.9), between(rng, 0.3, 0.6)

    def motion(t: float) -> Pose:
        return STAND._replace(
            right_swing=1.6 + 0.45 * sin(2 * pi * along * t),
            right_out=0.1 + 0.5 * sin(2 * pi * across * t),
            right_elbow=0.2,
            bend=0.1,
            twist=0.25 * sin(2 * pi * across * t),
        )

    return motion


def climbing(rate: float, top: float, over_s: float) -> Motion:
    """Go up something `top` metres high, over it and down again, in `over_s` seconds."""

    def motion(t: float) -> Pose:
        share = min(1.0, max(0.0, t / over_s))
        high = smooth(min(share / 0.5, (1 - share) / 0.3, 1.0))
        step = sin(2 * pi * rate * t)
        return Pose(
            tilt=0.25 + 0.9 * smooth(1 - abs(share - 0.6) / 0.2),
            bend=0.25,
            left_swing=2.6 + 0.5 * step,
            right_swing=2.6 - 0.5 * step,
            left_elbow=0.5 - 0.4 * step,
            right_elbow=0.5 + 0.4 * step,
            left_hip=1.0 + 0.6 * step,
            right_hip=1.0 - 0.6 * step,
            left_knee=1.2 + 0.5 * step,
            right_knee=1.2 - 0.5 * step,
            lift=top * high,
        )

    return motion


def embracing(rng: np.random.Generator) -> Motion:
    """Hold somebody in the arms, patting and swaying gently."""
    rate, shift = between(rng, 0.3, 0.7), between(rng, 0, 2 * pi)

    def motion(t: float) -> Pose:
        slow = sin(2 * pi * rate * t + shift)
        pat = max(0.0, sin(2 * pi * 1.5 * t + shift))
        return EMBRACE._replace(
            roll=0.08 * slow, bend=0.08 + 0.03 * slow, right_elbow=1.0 + 0.25 * pat
        )

    return motion


def reaching_down(over_s: float) -> Motion:
    """Stoop to the ground and come up again."""
    return keyed(((0.0, STAND), (0.45 * over_s, STOOP), (0.6 * over_s, STOOP), (over_s, STAND)))


def throwing(rng: np.random.Generator) -> Motion:
    """Throw once with the right arm; the hand lets go after about 0.55 s."""
    power = between(rng, 0.8, 1.1)
    back = Pose(twist=-0.6, right_swing=-1.6 * power, right_elbow=1.2, left_swing=0.8, bend=-0.1)
    front = Pose(twist=0.5, right_swing=1.9, right_elbow=0.1, bend=0.35 * power, right_hip=-0.3)
    return keyed(((0.0, STAND), (0.4, back), (0.6, front), (1.3, STAND)))


def cowering(rng: np.random.Generator) -> Motion:
    """Crouch and cover the head."""
    shiver, phase = between(rng, 0.02, 0.06), between(rng, 0, 2 * pi)

    def motion(t: float) -> Pose:
        return COWER._replace(bend=COWER.bend + shiver * sin(9 * t + phase))

    return motion


def jumping(rng: np.random.Generator) -> Motion:
    """Jump with spread arms and legs, as for exercise or joy."""
    rate = between(rng, 0.9, 1.4)

    def motion(t: float) -> Pose:
        up = 0.5 - 0.5 * sin(2 * pi * rate * t + pi / 2)
        return Pose(
            left_out=0.2 + 2.4 * up,
            right_out=0.2 + 2.4 * up,
            left_spread=0.05 + 0.4 * up,
            right_spread=0.05 + 0.4 * up,
            left_knee=0.3 * (1 - up),
            right_knee=0.3 * (1 - up),
            lift=0.12 * sin(pi * up) ** 2,
        )

    return motion


def squatting(rng: np.random.Generator) -> Motion:
    """Go down and up again, evenly, as for exercise."""
    rate = between(rng, 0.35, 0.6)
    low = CROUCH._replace(left_swing=1.5, right_swing=1.5, left_elbow=0.1, right_elbow=0.1)

    def motion(t: float) -> Pose:
        return blend(STAND, low, 0.5 - 0.5 * sin(2 * pi * rate * t + pi / 2))

    return motion
