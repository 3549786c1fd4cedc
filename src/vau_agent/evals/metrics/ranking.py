"""Areas under curves for many weightings of the same ranked entries: what a bootstrap asks for.

The entries are sorted once; each weighting then costs a few cumulative sums. Every figure equals
scikit-learn's with `sample_weight` (tests hold them together), which sorts anew each time.

Recall moves only at thresholds where a positive stands, so nothing is kept of the others.
"""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class _Entries:
    """Entries of one class, from the highest score down; equal scores of an item are one entry."""

    item: Places
    weight: Floats
    score: Floats

    @classmethod
    def build(cls, item: Places, score: Floats, weight: Floats) -> Self:
        order = np.lexsort((item, -score))
        item, score = item[order], score[order]
        is_new = (np.diff(score, prepend=np.nan) != 0) | (np.diff(item, prepend=-1) != 0)
        starts = np.flatnonzero(is_new)
        summed = np.add.reduceat(weight[order], starts) if len(starts) else weight[order]
        return cls(item=item[starts], weight=summed, score=score[starts])


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """Ranked entries of several items, ready to be weighed by how often each item is there."""

    positives: _Entries
    negatives: _Entries
    threshold: Places
    """Of each positive entry: the place of its score among the distinct ones, from the highest."""
    above: Places
    """Negative entries that score above each threshold, shape (thresholds,)."""
    through: Places
    """Negative entries that score at or above it."""

    @classmethod
    def build(
        cls, item: Places, scores: Floats, labels: NDArray[np.bool_], weights: Floats
    ) -> Self:
        """Sort the entries; all arrays have shape (entries,), items count from 0."""
        positives = _Entries.build(item[labels], scores[labels], weights[labels])
        negatives = _Entries.build(item[~labels], scores[~labels], weights[~labels])
        thresholds, threshold = np.unique(-positives.score, return_inverse=True)
        return cls(
            positives=positives,
            negatives=negatives,
            threshold=threshold,
            above=np.searchsorted(-negatives.score, thresholds, side="left"),
            through=np.searchsorted(-negatives.score, thresholds, side="right"),
        )

    def weigh(self, times: Floats) -> "Curve":
        """Weigh the entries of item `i` with `times[i]`, shape (items,)."""
        positive = times[self.positives.item] * self.positives.weight
        negative = times[self.negatives.item] * self.negatives.weight
        gained = np.bincount(self.threshold, weights=positive, minlength=len(self.above))
        alarms = np.append(0.0, np.cumsum(negative))
        return Curve(
            gained=gained.astype(np.float64),
            alarms_above=alarms[self.above],
            alarms_through=alarms[self.through],
            negatives=float(alarms[-1]),
        )


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One weighting, at each threshold where a positive stands, from the highest down."""

    gained: Floats
    """Weight of the positives at exactly this score."""
    alarms_above: Floats
    """Weight of the negatives above it."""
    alarms_through: Floats
    """Weight of the negatives at or above it."""
    negatives: float
    """Weight of all negatives."""

    @property
    def has_both(self) -> bool:
        """Whether there are positives and negatives; without, every figure is NaN."""
        return bool(self.gained.any()) and self.negatives > 0

    def roc_auc(self) -> float:
        """Return the area under the ROC curve: a tie of the classes counts one half."""
        if not self.has_both:
            return math.nan
        beaten = self.negatives - (self.alarms_above + self.alarms_through) / 2
        return float(self.gained @ beaten / (self.gained.sum() * self.negatives))

    def average_precision(self) -> float:
        """Return the step-wise area under precision and recall."""
        if not self.has_both:
            return math.nan
        hits = np.cumsum(self.gained)
        return float(self.gained @ _precision(hits, self.alarms_through) / hits[-1])

    def trapezoid_pr_auc(self) -> float:
        """Return the trapezoid area under precision and recall."""
        if not self.has_both:
            return math.nan
        hits = np.cumsum(self.gained)
        before = _precision(hits - self.gained, self.alarms_above)
        after = _precision(hits, self.alarms_through)
        return float(self.gained @ (before + after) / 2 / hits[-1])

    def recall_at(self, rate: float) -> float:
        """Return the highest recall whose false-alarm rate is <= `rate`."""
        if not self.has_both:
            return math.nan
        allowed = self.alarms_through / self.negatives <= rate
        return float(self.gained[allowed].sum() / self.gained.sum())


def _precision(hits: Floats, alarms: Floats) -> Floats:
    """Return the precision at each threshold; 1 where nothing stands at or above it."""
    said = hits + alarms
    return np.divide(hits, said, out=np.ones_like(said), where=said > 0)
