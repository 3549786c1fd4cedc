"""Areas under curves for many weightings of the same ranked entries: what a bootstrap asks for.

The entries are sorted once; each weighting then costs a few cumulative sums. Every figure equals
scikit-learn's with `sample_weight` (tests hold them together), which sorts anew each time.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """Entries of several items, from the highest score down; equal entries of an item are one."""

    item: NDArray[np.int64]
    """Number of the item that each entry belongs to, shape (entries,)."""
    positives: Numbers
    negatives: Numbers
    last_of_tie: NDArray[np.int64]
    """Place of the last entry of each run of equal scores, shape (ties,)."""

    @classmethod
    def build(
        cls,
        item: NDArray[np.int64],
        scores: Numbers,
        labels: NDArray[np.bool_],
        weights: Numbers,
    ) -> Self:
        """Sort the entries by score; all arrays have shape (entries,)."""
        order = np.lexsort((item, -scores))
        item, scores = item[order], scores[order]
        new_entry = np.ones(len(order), dtype=np.bool_)
        new_entry[1:] = (np.diff(scores) != 0) | (np.diff(item) != 0)
        starts = np.flatnonzero(new_entry)
        positives = np.where(labels, weights, 0.0)[order]
        negatives = np.where(labels, 0.0, weights)[order]
        merged = scores[starts]
        ends = np.append(np.flatnonzero(np.diff(merged)), len(merged) - 1)
        return cls(
            item=item[starts],
            positives=np.add.reduceat(positives, starts),
            negatives=np.add.reduceat(negatives, starts),
            last_of_tie=ends,
        )

    def weigh(self, times: Numbers) -> "Counts":
        """Count hits and false alarms when item `i` is there `times[i]` times, shape (items,)."""
        factor = times[self.item]
        return Counts(
            hits=np.cumsum(factor * self.positives)[self.last_of_tie],
            alarms=np.cumsum(factor * self.negatives)[self.last_of_tie],
        )


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Weight of the positives and negatives at or above each threshold, from the highest down."""

    hits: Numbers
    alarms: Numbers

    @property
    def has_positives(self) -> bool:
        """Whether there is anything to find."""
        return bool(self.hits[-1] > 0)

    @property
    def has_both(self) -> bool:
        """Whether both classes are there."""
        return self.has_positives and bool(self.alarms[-1] > 0)

    def roc_auc(self) -> float:
        """Return the area under the ROC curve, ties by the trapezoid; NaN for one class."""
        if not self.has_both:
            return float("nan")
        found = np.append(0.0, self.hits / self.hits[-1])
        alarmed = np.append(0.0, self.alarms / self.alarms[-1])
        return float(np.trapezoid(found, alarmed))

    def average_precision(self) -> float:
        """Return the step-wise area under precision and recall; NaN without positives."""
        if not self.has_positives:
            return float("nan")
        steps = np.diff(self.hits, prepend=0.0) / self.hits[-1]
        return float(np.sum(steps * self._precision()))

    def trapezoid_pr_auc(self) -> float:
        """Return the trapezoid area under precision and recall; NaN without positives."""
        if not self.has_positives:
            return float("nan")
        recall = np.append(0.0, self.hits / self.hits[-1])
        return float(np.trapezoid(np.append(1.0, self._precision()), recall))

    def recall_at(self, rate: float) -> float:
        """Return the highest recall whose false-alarm rate is <= `rate`; NaN for one class."""
        if not self.has_both:
            return float("nan")
        allowed = self.alarms / self.alarms[-1] <= rate
        return float(np.max(self.hits[allowed], initial=0.0) / self.hits[-1])

    def _precision(self) -> Numbers:
        """Return the precision at each threshold; 1 where nothing stands above it."""
        above = self.hits + self.alarms
        return np.divide(self.hits, above, out=np.ones_like(above), where=above > 0)
