"""What people do with their bodies, as postures over the seconds since an act began."""

from collections.abc import Callable, Sequence
from math import pi, sin

import numpy as np

from vau_agent.training.scenes.people import Motion
from vau_agent.training.scenes.poses import (
    COWER,
    CROUCH,
    EMBRACE,
    GRAB,
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

Wave = Callable[[float], float]


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    """Return a plain number: arithmetic with numpy's scalars takes ten times as long."""
    return float(rng.uniform(low, high))


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
        left_out=left * (pose.left_out + _between(rng, -0.2, 0.6)),
        right_out=right * (pose.right_out + _between(rng, -0.2, 0.6)),
        left_knee=pose.left_knee + _between(rng, 0, 0.5),
        right_knee=pose.right_knee + _between(rng, 0, 0.4),
        left_elbow=pose.left_elbow + _between(rng, 0, 0.8),
    )


def fall(rng: np.random.Generator, *, up_after_s: float | None = None) -> tuple[Motion, float]:
    """Stumble, go down and stay there; return the motion and the seconds until the impact.

    Args:
        rng: Draws direction, speed and how the person lies.
        up_after_s: Begin to get up this long after the impact; without it, never.
    """
    down = lying(rng)
    stumble_s, drop_s = _between(rng, 0.15, 0.5), _between(rng, 0.45, 0.8)
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


def jolts(rng: np.random.Generator, low_hz: float, high_hz: float) -> Wave:
    """Return an erratic wave in about -1..1."""
    first, second = rng.uniform(low_hz, high_hz, 2).tolist()
    one, two = rng.uniform(0, 2 * pi, 2).tolist()

    def wave(t: float) -> float:
        return 0.65 * sin(2 * pi * first * t + one) + 0.45 * sin(2 * pi * 1.31 * second * t + two)

    return wave


def punching(rng: np.random.Generator, pace: float = 1.0) -> Motion:
    """Strike with both fists, duck and kick now and then."""
    rate = pace * _between(rng, 1.3, 2.1)
    shift, body, legs = _between(rng, 0, 1), jolts(rng, 1.0, 2.2), jolts(rng, 1.0, 2.0)
    kicks = _between(rng, 0.2, 0.5)

    def motion(t: float) -> Pose:
        left, right = _strike(rate * t + shift), _strike(rate * t + shift + 0.5)
        kick = _strike(kicks * t + shift) if (kicks * t + shift) % 1 < 0.5 else 0.0
        swing = body(t)
        return GUARD._replace(
            tilt=0.12 + 0.15 * swing - 0.2 * kick,
            roll=0.12 * legs(t),
            bend=0.2 + 0.25 * swing,
            twist=0.7 * (right - left),
            left_swing=0.7 + 0.9 * left,
            right_swing=0.7 + 0.9 * right,
            left_elbow=2.0 - 1.8 * left,
            right_elbow=2.0 - 1.8 * right,
            left_out=0.2 + 0.3 * (1 - left),
            right_out=0.2 + 0.3 * (1 - right),
            left_hip=0.3 + 0.25 * legs(t),
            left_knee=0.45 - 0.2 * legs(t),
            right_hip=-0.25 - 0.2 * legs(t) + 1.7 * kick,
            right_knee=0.4 + 0.3 * swing * (1 - kick),
        )

    return motion


def kicking(rng: np.random.Generator, pace: float = 1.0) -> Motion:
    """Kick something low again and again."""
    rate, shift, body = pace * _between(rng, 1.0, 1.7), _between(rng, 0, 1), jolts(rng, 0.8, 1.6)

    def motion(t: float) -> Pose:
        kick = _strike(rate * t + shift)
        return GUARD._replace(
            tilt=-0.15 * kick + 0.1 * body(t),
            bend=0.25 + 0.15 * body(t),
            left_swing=0.5 + 0.6 * kick,
            right_swing=0.2 - 0.7 * kick,
            left_out=0.5,
            right_out=0.5,
            right_hip=-0.4 + 1.6 * kick,
            right_knee=0.9 - 0.8 * kick,
            left_hip=0.1,
            left_knee=0.25,
        )

    return motion


def _strike(phase: float) -> float:
    """Return a quick thrust and a slower withdrawal in each unit of `phase`, 0..1."""
    share = phase % 1
    if share < 0.2:
        return smooth(share / 0.2)
    return 1 - smooth((share - 0.2) / 0.4)


def wrestling(rng: np.random.Generator) -> Motion:
    """Hold an opponent, pull and shove."""
    waves = [jolts(rng, 1.2, 2.6) for _ in range(5)]

    def motion(t: float) -> Pose:
        a, b, c, d, e = (wave(t) for wave in waves)
        return GRAB._replace(
            tilt=0.2 + 0.2 * a,
            roll=0.25 * b,
            bend=0.4 + 0.3 * c,
            twist=0.5 * d,
            nod=0.2 * e,
            left_swing=1.2 + 0.6 * c,
            right_swing=1.2 + 0.6 * d,
            left_elbow=0.9 + 0.6 * e,
            right_elbow=0.9 + 0.6 * a,
            left_hip=0.4 + 0.4 * d,
            left_knee=0.5 + 0.3 * b,
            right_hip=-0.2 + 0.4 * e,
            right_knee=0.5 + 0.3 * c,
        )

    return motion


def grappling(rng: np.random.Generator, base: Pose) -> Motion:
    """Roll about on the ground with somebody; `base` is lying or kneeling."""
    waves = [jolts(rng, 1.2, 2.8) for _ in range(5)]

    def motion(t: float) -> Pose:
        a, b, c, d, e = (wave(t) for wave in waves)
        return base._replace(
            roll=base.roll + 0.5 * a,
            bend=base.bend + 0.3 * b,
            twist=0.5 * c,
            left_swing=1.3 + 0.9 * d,
            right_swing=1.3 + 0.9 * e,
            left_elbow=1.0 + 0.7 * c,
            right_elbow=1.0 + 0.7 * a,
            left_hip=base.left_hip + 0.5 * e,
            right_hip=base.right_hip + 0.5 * d,
            left_knee=base.left_knee + 0.4 * b,
            right_knee=base.right_knee + 0.4 * c,
        )

    return motion


def dodging(rng: np.random.Generator) -> Motion:
    """Back off with raised arms under blows."""
    waves = [jolts(rng, 1.5, 3.0) for _ in range(4)]

    def motion(t: float) -> Pose:
        a, b, c, d = (wave(t) for wave in waves)
        return GUARD._replace(
            tilt=-0.12 + 0.2 * a,
            roll=0.2 * b,
            bend=0.2 + 0.35 * max(0.0, c),
            twist=0.5 * d,
            left_swing=1.5 + 0.4 * b,
            right_swing=1.5 + 0.4 * c,
            left_out=0.3,
            right_out=0.3,
            left_hip=0.2 + 0.3 * a,
            right_hip=-0.1 + 0.3 * d,
            left_knee=0.35,
            right_knee=0.35,
        )

    return motion


def dancing(rng: np.random.Generator) -> Motion:
    """Move to a beat: regular, arms up and down, feet nearly in place."""
    beat, shift, style = _between(rng, 0.8, 1.3), _between(rng, 0, 2 * pi), _between(rng, 0, 1)

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
    rate, shift = _between(rng, 1.2, 2.0), _between(rng, 0, 2 * pi)

    def motion(t: float) -> Pose:
        side = sin(2 * pi * rate * t + shift)
        return STAND._replace(right_swing=2.7, right_out=0.3 + 0.4 * side, right_elbow=0.5)

    return motion


def smashing(rng: np.random.Generator, pace: float = 1.0) -> Motion:
    """Swing something from over the head onto a thing in front."""
    rate, shift, body = pace * _between(rng, 0.9, 1.6), _between(rng, 0, 1), jolts(rng, 0.8, 1.4)

    def motion(t: float) -> Pose:
        hit = _strike(rate * t + shift)
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
    across, along = _between(rng, 0.5, 0.9), _between(rng, 0.3, 0.6)

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
    rate, shift = _between(rng, 0.3, 0.7), _between(rng, 0, 2 * pi)

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
    power = _between(rng, 0.8, 1.1)
    back = Pose(twist=-0.6, right_swing=-1.6 * power, right_elbow=1.2, left_swing=0.8, bend=-0.1)
    front = Pose(twist=0.5, right_swing=1.9, right_elbow=0.1, bend=0.35 * power, right_hip=-0.3)
    return keyed(((0.0, STAND), (0.4, back), (0.6, front), (1.3, STAND)))


def cowering(rng: np.random.Generator) -> Motion:
    """Crouch and cover the head."""
    shiver, phase = _between(rng, 0.02, 0.06), _between(rng, 0, 2 * pi)

    def motion(t: float) -> Pose:
        return COWER._replace(bend=COWER.bend + shiver * sin(9 * t + phase))

    return motion


def jumping(rng: np.random.Generator) -> Motion:
    """Jump with spread arms and legs, as for exercise or joy."""
    rate = _between(rng, 0.9, 1.4)

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
    rate = _between(rng, 0.35, 0.6)
    low = CROUCH._replace(left_swing=1.5, right_swing=1.5, left_elbow=0.1, right_elbow=0.1)

    def motion(t: float) -> Pose:
        return blend(STAND, low, 0.5 - 0.5 * sin(2 * pi * rate * t + pi / 2))

    return motion
