"""From what a detector says of each moment to segments; pure, and the same in training.

A span is cut into bins; each bin has the probability of every class, "normal" first. Boundaries
lie between the middles of bins, where the interpolated probability of something abnormal crosses
the edge that was fitted when the detector was trained.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from vau_agent.schemas import Candidate, Score, Segment, Value

DETECT: Final = "detect"
"""The tool's name."""
_CLEARLY: Final = 1e-6
"""Above the edge: a run that only touches it would have no length."""
_LEAST_TOLD: Final = 0.1
"""Probability below which a second class of a candidate is not told."""


class Rule(Value):
    """When a run of bins becomes a candidate, and where it ends."""

    alarm: Score = Field(default=0.5, gt=0)
    """Probability of something abnormal that a run reaches somewhere."""
    edge: Score = Field(default=0.5, gt=0)
    """Probability that it crosses where the candidate begins and ends."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Detection:
    """What a detector says of a span."""

    edges: NDArray[np.float64]
    """Seconds, ascending, bins + 1."""
    probabilities: NDArray[np.float32]
    """Bins x classes, each row adding up to 1; the first class is normal."""
    classes: tuple[str, ...]

    @property
    def middles(self) -> NDArray[np.float64]:
        """Seconds, one a bin."""
        return (self.edges[:-1] + self.edges[1:]) / 2

    @property
    def anomalous(self) -> NDArray[np.float64]:
        """Probability of anything abnormal, one a bin."""
        return np.clip(1 - self.probabilities[:, 0].astype(np.float64), 0, 1)


def bin_edges(segment: Segment, *, bins: int, longest_bin_s: float) -> NDArray[np.float64]:
    """Cut a segment into equal bins, more than `bins` where they would be too long (seconds)."""
    count = max(bins, int(np.ceil(segment.duration / longest_bin_s - 1e-9)))
    return np.linspace(segment.start, segment.end, count + 1)


def find_candidates(detection: Detection, rule: Rule) -> tuple[Candidate, ...]:
    """Give the runs that reach the alarm, strongest first.

    A run's class is the one with the most probability in it; its score is the highest probability
    of anything abnormal; its cues are the mean probabilities of its likeliest classes.
    """
    found = [
        _candidate(detection, first, last, rule)
        for first, last in _runs(detection.anomalous > rule.edge + _CLEARLY)
        if detection.anomalous[first : last + 1].max() >= rule.alarm
    ]
    return tuple(sorted(found, key=lambda one: -one.score))


def category_of(candidate: Candidate) -> str:
    """Give the class of a candidate."""
    return max(candidate.cues, key=lambda name: candidate.cues[name])


def _runs(inside: NDArray[np.bool_]) -> list[tuple[int, int]]:
    padded = np.concatenate(([False], inside, [False])).astype(np.int8)
    steps = np.diff(padded)
    return list(
        zip(
            np.flatnonzero(steps == 1).tolist(),
            (np.flatnonzero(steps == -1) - 1).tolist(),
            strict=True,
        )
    )


def _candidate(detection: Detection, first: int, last: int, rule: Rule) -> Candidate:
    run = slice(first, last + 1)
    anomalous, middles = detection.anomalous, detection.middles
    peak = first + int(anomalous[run].argmax())
    start = float(detection.edges[0])
    if first > 0:
        start = _crossing(middles[first - 1 : first + 1], anomalous[first - 1 : first + 1], rule)
    end = float(detection.edges[-1])
    if last + 1 < len(middles):
        end = _crossing(middles[last : last + 2], anomalous[last : last + 2], rule)
    return Candidate(
        segment=Segment(start=max(0.0, start), end=end),
        peak=float(middles[peak]),
        score=round(float(anomalous[peak]), 3),
        cues=_likeliest(detection.probabilities[run, 1:].mean(axis=0), detection.classes[1:]),
    )


def _crossing(times: NDArray[np.float64], values: NDArray[np.float64], rule: Rule) -> float:
    """Give when a line between two moments crosses the edge; they lie on its two sides."""
    share = (rule.edge - float(values[0])) / (float(values[1]) - float(values[0]))
    return float(times[0] + min(1.0, max(0.0, share)) * (times[1] - times[0]))


def _likeliest(means: NDArray[np.float32], names: Sequence[str]) -> dict[str, float]:
    order = np.argsort(-means, kind="stable")
    told = [place for place in order if means[place] >= _LEAST_TOLD] or [order[0]]
    return {names[place]: round(min(1.0, float(means[place])), 3) for place in told}
