"""What a second thought is worth: answers before and after it, compared item by item.

`first` and `last` are task scores in 0..1, 1 or 0 for right or wrong, an IoU for a segment. Whether
the reflection itself says anything new is in `echo`; whether reasoning and answer agree is in
`consistency`.
"""

from collections.abc import Sequence

import numpy as np

from vau_agent.errors import MetricError
from vau_agent.evals.significance import Interval, bootstrap, mcnemar, paired_difference, wilson
from vau_agent.evals.tables import Estimate, Row
from vau_agent.schemas import Value

NEVER_REVISE = "never revise"


class ReflectionScores(Value):
    """What changed between the first and the last answer to the same items."""

    n: int
    first_right: Estimate
    """Share right at first: all there would be without reflection."""
    last_right: Estimate
    fixed: Estimate
    """Share of the wrong that was made right."""
    broken: Estimate
    """Share of the right that was made wrong."""
    net_points: Interval
    """Items gained less items lost, of 100 items; paired."""
    mcnemar_p: float
    """Exact two-sided p-value of fixed against broken items."""
    points_ratio: Estimate
    """Points gained for each point lost."""
    mean_first: Estimate
    """Mean score at first, e.g. mIoU."""
    mean_last: Estimate
    mean_gain: Interval
    """Mean of last less first score, paired."""
    correction_rate: Estimate
    """Share of the imperfect first answers whose score rose: P(s2 > s1 | s1 < 1)."""
    damage_rate: Estimate
    """Share of all answers whose score fell: P(s2 < s1)."""

    def rows(self, name: str) -> tuple[Row, Row]:
        """Return the row of the method, and the row that never revises beside it."""
        changes = {
            "fixed": self.fixed,
            "broken": self.broken,
            "net_points": self.net_points.estimate(),
            "mcnemar_p": Estimate(value=self.mcnemar_p, n=self.n),
            "points_ratio": self.points_ratio,
            "mean_gain": self.mean_gain.estimate(),
            "correction_rate": self.correction_rate,
            "damage_rate": self.damage_rate,
        }
        measured = {"right": self.last_right, "mean_score": self.mean_last} | changes
        nothing = {
            metric: _undefined(self.n, "nothing is revised")
            if metric in ("mcnemar_p", "points_ratio")
            else Estimate(value=None if estimate.value is None else 0, n=estimate.n)
            for metric, estimate in changes.items()
        }
        unrevised = {"right": self.first_right, "mean_score": self.mean_first} | nothing
        return (
            Row(name=name, metrics=measured),
            Row(name=NEVER_REVISE, kind="floor", metrics=unrevised),
        )


def reflection_scores(
    first: Sequence[float],
    last: Sequence[float],
    *,
    right_at: float = 1.0,
    draws: int = 2000,
    seed: int = 0,
) -> ReflectionScores:
    """Compare the scores of first and last answers to the same items.

    Args:
        first: Scores before reflection, each 0..1.
        last: Scores after it, same items in the same order.
        right_at: Score from which an answer counts as right, e.g. 0.5 for R@0.5.
        draws: Bootstrap draws of items.
        seed: Of the draws.

    Raises:
        MetricError: There are no items, the lengths differ, or a score is outside 0..1.
    """
    before, after = _scores(first), _scores(last)
    if len(before) != len(after):
        raise MetricError(f"{len(before)} first and {len(after)} last scores")
    was, now = before >= right_at, after >= right_at
    n, fixed, broken = len(was), int((now & ~was).sum()), int((was & ~now).sum())
    wrong, imperfect = int((~was).sum()), int((before < 1).sum())
    gained = paired_difference(was.tolist(), now.tolist(), draws=draws, seed=seed)

    def mean(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Estimate:
        return bootstrap(
            lambda items: float(values[items].mean()), n, draws=draws, seed=seed
        ).estimate()

    return ReflectionScores(
        n=n,
        first_right=wilson(n - wrong, n).estimate(),
        last_right=wilson(int(now.sum()), n).estimate(),
        fixed=_share(fixed, wrong, "no first answer was wrong"),
        broken=_share(broken, n - wrong, "no first answer was right"),
        net_points=Interval(
            value=100 * gained.value, low=100 * gained.low, high=100 * gained.high, n=n
        ),
        mcnemar_p=mcnemar(broken, fixed),
        points_ratio=_points_ratio(fixed, broken, n),
        mean_first=mean(before),
        mean_last=mean(after),
        mean_gain=paired_difference(before.tolist(), after.tolist(), draws=draws, seed=seed),
        correction_rate=_share(
            int((after > before).sum()), imperfect, "every first answer was perfect"
        ),
        damage_rate=_share(int((after < before).sum()), n, ""),
    )


def effective_reflection_ratio(right: Sequence[float], reflected: Sequence[float]) -> Estimate:
    """Give `sum(acc * r) / sum(r)`: how often answers that were reflected on are right.

    SCFT/RLERR (arXiv 2601.12720). `r` is 1 where a reflection was made and 0 where none was, or any
    weight of it.

    Args:
        right: Accuracy of each final answer, 0..1.
        reflected: Weight of its reflection, at least 0.

    Raises:
        MetricError: There are no items, the lengths differ, or a value is out of range.
    """
    accuracy, weight = _scores(right), np.asarray(reflected, dtype=np.float64)
    if len(accuracy) != len(weight):
        raise MetricError(f"{len(accuracy)} answers and {len(weight)} reflections")
    if not (np.isfinite(weight) & (weight >= 0)).all():
        raise MetricError("the weight of a reflection is a number of at least 0")
    made = weight > 0
    if not made.any():
        return _undefined(0, "nothing was reflected on")
    hits, weights = (accuracy * weight)[made], weight[made]
    return bootstrap(
        lambda items: float(hits[items].sum() / weights[items].sum()), len(weights)
    ).estimate()


def _points_ratio(fixed: int, broken: int, n: int) -> Estimate:
    if broken:
        return Estimate(value=fixed / broken, n=n, note=f"{fixed} fixed, {broken} broken")
    if fixed:
        return _undefined(n, f"inf: {fixed} fixed, none broken")
    return _undefined(n, "nothing fixed, nothing broken")


def _share(part: int, whole: int, why_not: str) -> Estimate:
    return wilson(part, whole).estimate() if whole else _undefined(0, why_not)


def _undefined(n: int, why: str) -> Estimate:
    return Estimate(value=None, n=n, note=why)


def _scores(values: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    array = np.asarray(values, dtype=np.float64)
    if not array.size:
        raise MetricError("there are no scores to compare")
    bad = np.flatnonzero(~((array >= 0) & (array <= 1)))
    if bad.size:
        raise MetricError(f"item {bad[0]} has score {array[bad[0]]}, outside 0..1")
    return array
