"""What each step is worth: left out, and against a control that shuffles what the step goes by.

A control keeps the numbers of its step and loses their place, so a step that only evens out or
stretches scores does as well shuffled.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from vau_agent.graphs.localisation import Steps
from vau_agent.tools.localisation import curve
from vau_agent.tools.localisation.base import Series

SHUFFLES: Final = 3
"""Controls of each step; the least gain of them is what counts."""

REFLECTION: Final = "self-reflection"
"""The step whose absence is the row of never revising."""

GENERAL_HAZARDS: Final = (
    "something dangerous is happening",
    "a person commits a crime",
    "a person is violent",
    "people are in danger",
    "an accident happens",
    "property is damaged",
    "someone is hurt",
)
GENERAL_ORDINARY: Final = (
    "nothing unusual is happening",
    "people go about their day",
    "a quiet scene",
    "an ordinary activity",
)
"""Words that name no kind of event: a row of its own, since the project's list names kinds."""

Peaks = Sequence[float]
Shuffled = Callable[[np.random.Generator, float], Steps]
"""Makes the steps of one video from what draws, and the peak of another video."""


def _nothing(values: Series) -> Series:
    return np.zeros_like(values)


def _as_it_is(values: Series, looked: Series, scales: tuple[float, ...]) -> Series:
    return values


def _absolute(evidence: Series, least_peak: float) -> Series:
    return evidence


WITHOUT: Final[Mapping[str, Steps]] = {
    "context smoothing": Steps(smooth=_as_it_is),
    "grades by text similarity": Steps(grade=_nothing),
    REFLECTION: Steps(support=np.ones_like),
    "relative to the video's peak": Steps(relative=_absolute),
}
"""Each step left out."""


def _smooth_strangers(draw: np.random.Generator, _: float) -> Steps:
    def smooth(values: Series, looked: Series, scales: tuple[float, ...]) -> Series:
        order = draw.permutation(len(values))
        smoothed = np.empty(len(values))
        smoothed[order] = curve.smooth(values[order], looked[order], scales)
        return smoothed

    return Steps(smooth=smooth)


def _other_peak(_: np.random.Generator, peak: float) -> Steps:
    def relative(evidence: Series, least_peak: float) -> Series:
        shares: Series = evidence / (peak + least_peak)
        return shares

    return Steps(relative=relative)


SHUFFLED: Final[Mapping[str, Shuffled]] = {
    "context smoothing": _smooth_strangers,
    "grades by text similarity": lambda draw, _: Steps(grade=draw.permutation),
    "self-reflection": lambda draw, _: Steps(support=draw.permutation),
    "relative to the video's peak": _other_peak,
}
"""Each step with what it goes by out of place: moments in the video, or peaks among videos."""


def control(step: str, peaks: Peaks, *, seed: int) -> tuple[Steps, ...]:
    """Give the shuffled steps of each video.

    Args:
        step: A key of `SHUFFLED`.
        peaks: Highest evidence of each video.
        seed: Draws the shuffle.
    """
    draw = np.random.default_rng(seed)
    strange = draw.permutation(len(peaks))
    return tuple(SHUFFLED[step](draw, float(peaks[place])) for place in strange)
