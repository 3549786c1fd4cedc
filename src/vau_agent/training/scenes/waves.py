"""How bodies swing, jerk and strike, as numbers over time."""

from collections.abc import Callable
from math import pi, sin

import numpy as np

from vau_agent.training.scenes.poses import smooth

Wave = Callable[[float], float]


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """Return a plain number: arithmetic with numpy's scalars takes ten times as long."""
    return float(rng.uniform(low, high))


def jolts(rng: np.random.Generator, low_hz: float, high_hz: float) -> Wave:
    """Return an erratic wave in about -1..1."""
    first, second = rng.uniform(low_hz, high_hz, 2).tolist()
    one, two = rng.uniform(0, 2 * pi, 2).tolist()

    def wave(t: float) -> float:
        return 0.65 * sin(2 * pi * first * t + one) + 0.45 * sin(2 * pi * 1.31 * second * t + two)

    return wave


def strike(phase: float) -> float:
    """Return a quick thrust and a slower withdrawal in each unit of `phase`, 0..1."""
    share = phase % 1
    if share < 0.2:
        return smooth(share / 0.2)
    return 1 - smooth((share - 0.2) / 0.4)
