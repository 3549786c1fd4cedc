"""What people do to each other: punches, kicks, wrestling, as postures over time."""

import numpy as np

from vau_agent.training.scenes.people import Motion
from vau_agent.training.scenes.poses import (
    GRAB,
    GUARD,
    Pose,
)
from vau_agent.training.scenes.waves import between, jolts, strike


def punching(rng: np.random.Generator, pace: float = 1.0) -> Motion:
    """Strike with both fists, duck and kick now and then."""
    rate = pace * between(rng, 1.3, 2.1)
    shift, body, legs = between(rng, 0, 1), jolts(rng, 1.0, 2.2), jolts(rng, 1.0, 2.0)
    kicks = between(rng, 0.2, 0.5)

    def motion(t: float) -> Pose:
        left, right = strike(rate * t + shift), strike(rate * t + shift + 0.5)
        kick = strike(kicks * t + shift) if (kicks * t + shift) % 1 < 0.5 else 0.0
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
    rate, shift, body = pace * between(rng, 1.0, 1.7), between(rng, 0, 1), jolts(rng, 0.8, 1.6)

    def motion(t: float) -> Pose:
        kick = strike(rate * t + shift)
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
