"""How a level's answers came about: what revising changed, what accepting knows, what it cost."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vau_agent.evals.metrics.ranking import Ranking
from vau_agent.evals.metrics.reflection import reflection_scores
from vau_agent.evals.records import Record
from vau_agent.evals.samples import Sample
from vau_agent.evals.significance import bootstrap, bootstrap_mean, wilson
from vau_agent.evals.tables import Estimate, Row
from vau_agent.training.validation.answering import Words
from vau_agent.training.validation.methods import (
    IOU_RIGHT,
    Claim,
    Method,
    rightness,
    truth_class,
)

ACCEPTED_AT: Final = 0.5
"""Probability from which a reflection accepts: where greedy writing says `true`."""

Measure = Callable[[Sample, Claim], float]


def revision_rows(
    first: Method, last: Method, samples: Sequence[Sample], *, draws: int, seed: int
) -> tuple[Row, ...]:
    """Compare first and last answers as a whole, by class and by segment; never revising beside.

    Segments are those of anomalous samples whose times are known.
    """
    used = [one for one in samples if one.id in first.claims and one.id in last.claims]
    subjects: tuple[tuple[str, Sequence[Sample], Measure, float], ...] = (
        ("whole answer", used, rightness, 1.0),
        ("class", [one for one in used if truth_class(one) is not None], _classed, 1.0),
        ("segment", [one for one in used if one.truth.events], _overlap, IOU_RIGHT),
    )
    rows: list[Row] = []
    for name, items, measure, right_at in subjects:
        if not items:
            continue
        scores = reflection_scores(
            [measure(one, first.claims[one.id]) for one in items],
            [measure(one, last.claims[one.id]) for one in items],
            right_at=right_at,
            draws=draws,
            seed=seed,
        )
        rows += [
            row.model_copy(update={"name": f"{name}: {row.name}"}) for row in scores.rows("revise")
        ]
    return tuple(rows)


def acceptance_rows(
    name: str,
    first: Method,
    words: Mapping[str, Words],
    samples: Sequence[Sample],
    *,
    draws: int,
    seed: int,
) -> tuple[Row, ...]:
    """Score whether a reflection knows right from wrong first answers; a control beside."""
    told: tuple[tuple[str, Callable[[Words], float | None]], ...] = (
        (name, lambda one: one.accept),
        (f"{name}, nothing measured is shown", lambda one: one.accept_unmeasured),
    )
    rows = []
    for title, of in told:
        pairs = [
            (probability, rightness(one, first.claims[one.id]) == 1.0)
            for one in samples
            if one.id in words and one.id in first.claims
            if (probability := of(words[one.id])) is not None
        ]
        if pairs:
            scores = np.array([probability for probability, _ in pairs])
            right = np.array([is_right for _, is_right in pairs], dtype=np.bool_)
            rows.append(Row(name=title, metrics=_acceptance(scores, right, draws, seed)))
    return tuple(rows)


def cost_row(name: str, records: Sequence[Record], *, draws: int, seed: int) -> Row:
    """Say what a video cost, asked many at once: that is not the time of a single one."""
    figures: dict[str, Estimate] = {}
    measures: tuple[tuple[str, Callable[[Record], float]], ...] = (
        ("seconds", lambda one: one.usage.seconds),
        ("calls", lambda one: float(one.usage.calls)),
        ("prompt_tokens", lambda one: float(one.usage.prompt_tokens)),
        ("completion_tokens", lambda one: float(one.usage.completion_tokens)),
    )
    for metric, measure in measures:
        values = [measure(one) for one in records]
        figures[f"{metric}_per_video"] = bootstrap_mean(values, draws=draws, seed=seed).estimate()
    return Row(name=name, metrics=figures)


def _acceptance(
    scores: NDArray[np.float64], right: NDArray[np.bool_], draws: int, seed: int
) -> dict[str, Estimate]:
    count = len(scores)
    accepted = scores >= ACCEPTED_AT
    return {
        "verdict_auroc": _auroc(scores, right, draws, seed),
        "accepted_of_right": _share(int((accepted & right).sum()), int(right.sum())),
        "accepted_of_wrong": _share(int((accepted & ~right).sum()), int((~right).sum())),
        "right_at_first": wilson(int(right.sum()), count).estimate(),
    }


def _auroc(
    scores: NDArray[np.float64], right: NDArray[np.bool_], draws: int, seed: int
) -> Estimate:
    count = len(scores)
    if right.all() or not right.any():
        which = "right" if right.all() else "wrong"
        return Estimate(value=None, n=count, note=f"every first answer is {which}")
    ranking = Ranking.build(np.arange(count), scores, right, np.ones(count))

    def area(items: NDArray[np.int64]) -> float:
        times = np.bincount(items, minlength=count).astype(np.float64)
        return ranking.weigh(times).roc_auc()

    return bootstrap(area, count, draws=draws, seed=seed).estimate()


def _share(part: int, whole: int) -> Estimate:
    if not whole:
        return Estimate(value=None, n=0, note="no first answer is of this kind")
    return wilson(part, whole).estimate()


def _classed(sample: Sample, claim: Claim) -> float:
    return float(claim.category == truth_class(sample))


def _overlap(sample: Sample, claim: Claim) -> float:
    return claim.iou
