"""Whether probabilities are to be believed: reliability bins, expected calibration error, Brier.

A probability here is that of the positive class ("anomalous"), or of "the answer is right". Bins
are half-open from below, `(low, high]`, the first one closed: scikit-learn's `calibration_curve`.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vau_agent.errors import MetricError
from vau_agent.evals.significance import bootstrap
from vau_agent.evals.tables import Estimate
from vau_agent.schemas import Score, Value

Binning = Literal["equal-width", "equal-mass"]
"""`equal-width`: edges evenly spaced over 0..1. `equal-mass`: edges at quantiles, so that bins
hold about as many items each; equal probabilities are never parted."""


class Bin(Value):
    """What was said and what was so, among the items of one bin."""

    low: Score
    high: Score
    count: int
    confidence: Score
    """Mean probability."""
    frequency: Score
    """Share of items that are positive."""


def reliability_bins(
    probabilities: Sequence[float],
    outcomes: Sequence[bool],
    *,
    bins: int = 10,
    binning: Binning = "equal-width",
) -> tuple[Bin, ...]:
    """Give the bins that hold items, from low to high: the points of a reliability plot.

    Raises:
        MetricError: There are no items, the lengths differ, or a probability is outside 0..1.
    """
    said, truth = _arrays(probabilities, outcomes, bins)
    edges = _edges(said, bins, binning)
    place = np.searchsorted(edges[1:-1], said)
    return tuple(
        Bin(
            low=float(edges[number]),
            high=float(edges[number + 1]),
            count=int(inside.sum()),
            confidence=float(np.clip(said[inside].mean(), 0, 1)),
            frequency=float(truth[inside].mean()),
        )
        for number in range(bins)
        if (inside := place == number).any()
    )


def calibration_scores(
    probabilities: Sequence[float],
    outcomes: Sequence[bool],
    *,
    bins: int = 10,
    draws: int = 1000,
    seed: int = 0,
) -> dict[str, Estimate]:
    """Give `ece`, `ece_equal_mass`, `brier` and `brier_of_base_rate` with bootstrap intervals.

    `ece` is the mean gap between confidence and frequency, bins weighted by their items, 0..1: the
    L1 form (Naeini et al. 2015; Guo et al. 2017). `brier` is the mean squared gap between
    probability and outcome; 0 is best, 0.25 is a coin's. The last is what the same outcomes give
    for always saying their own frequency: a calibrated answer that tells items apart must be below
    it.

    Raises:
        MetricError: There are no items, the lengths differ, or a probability is outside 0..1.
    """
    said, truth = _arrays(probabilities, outcomes, bins)
    n, rate = len(said), float(truth.mean())

    def error(items: NDArray[np.int64], binning: Binning) -> float:
        return _calibration_error(said[items], truth[items], bins, binning)

    def brier(items: NDArray[np.int64]) -> float:
        return float(((said[items] - truth[items]) ** 2).mean())

    return {
        "ece": bootstrap(
            lambda items: error(items, "equal-width"), n, draws=draws, seed=seed
        ).estimate(),
        "ece_equal_mass": bootstrap(
            lambda items: error(items, "equal-mass"), n, draws=draws, seed=seed
        ).estimate(),
        "brier": bootstrap(brier, n, draws=draws, seed=seed).estimate(),
        "brier_of_base_rate": Estimate(value=rate * (1 - rate), n=n),
    }


def _calibration_error(
    said: NDArray[np.float64], truth: NDArray[np.bool_], bins: int, binning: Binning
) -> float:
    place = np.searchsorted(_edges(said, bins, binning)[1:-1], said)
    gaps = np.bincount(place, weights=said - truth, minlength=bins)
    return float(np.abs(gaps).sum() / len(said))


def _edges(said: NDArray[np.float64], bins: int, binning: Binning) -> NDArray[np.float64]:
    shares = np.linspace(0, 1, bins + 1)
    return shares if binning == "equal-width" else np.quantile(said, shares)


def _arrays(
    probabilities: Sequence[float], outcomes: Sequence[bool], bins: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    if len(probabilities) != len(outcomes):
        raise MetricError(f"{len(probabilities)} probabilities and {len(outcomes)} outcomes")
    if not len(probabilities):
        raise MetricError("there are no probabilities to score")
    if bins < 1:
        raise MetricError(f"{bins} bins; at least one is needed")
    said = np.asarray(probabilities, dtype=np.float64)
    bad = np.flatnonzero(~((said >= 0) & (said <= 1)))
    if bad.size:
        raise MetricError(f"item {bad[0]} has probability {said[bad[0]]}, outside 0..1")
    return said, np.asarray(outcomes, dtype=np.bool_)
