"""Two runs on the same samples: what changed, and whether the second may replace the first.

The gate is that of a champion and its challenger. The challenger B fails it on a metric when B is
worse than A by more than the margin as measured (the point estimate of B - A), or when it is worse
beyond doubt (the upper end of the 95 % interval of B - A lies below 0), however little. The first
rule keeps a bad challenger out where samples are few, the second where they are many.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from vau_agent.errors import EvaluationError
from vau_agent.evals.metrics.frames import paired_frames
from vau_agent.evals.records import Record, RunHeader
from vau_agent.evals.samples import Dataset, Gap
from vau_agent.evals.scoring.answers import Answer, align
from vau_agent.evals.scoring.categories import plain_category
from vau_agent.evals.scoring.frames import paired_events
from vau_agent.evals.scoring.segments import answer_iou, answer_set_iou, true_events
from vau_agent.evals.significance import Interval, bootstrap_mean, mcnemar, paired_difference
from vau_agent.evals.tables import Estimate, Row, Table

RIGHTNESS: Final = ("accuracy", "category_accuracy", "choice_accuracy")
"""Metrics that are right or wrong for each sample: McNemar's test applies."""
DIFFERENCE: Final = "B - A"


@dataclass(frozen=True, kw_only=True)
class Run:
    """One side of a comparison."""

    name: str
    header: RunHeader
    dataset: Dataset
    records: tuple[Record, ...]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """B against A."""

    table: Table
    differences: Mapping[str, Interval]
    """B - A by metric; higher is better in every one."""

    def worse(self, margin: float, *, only: Collection[str] | None = None) -> tuple[str, ...]:
        """Say, for each metric that B fails the gate on, why.

        Args:
            margin: Largest loss that is let through, as a share: 0.01 is one point of a hundred.
            only: Metrics that decide; all when `None`.
        """
        found = []
        for name, one in self.differences.items():
            if only is not None and name not in only:
                continue
            if one.value < -margin:
                found.append(
                    f"{name}: {one.value:+.3f}, worse than the allowed {-margin:+.3f} (n={one.n})"
                )
            elif one.high < 0:
                found.append(
                    f"{name}: {one.value:+.3f}, and beyond doubt worse "
                    f"[{one.low:+.3f}, {one.high:+.3f}] (n={one.n})"
                )
        return tuple(found)


def compare_runs(a: Run, b: Run, *, draws: int = 2000, seed: int = 0) -> Comparison:
    """Compare two runs of one annotation on the samples that both have.

    Samples are drawn in pairs. A failed answer is wrong on its side.

    Raises:
        EvaluationError: The runs are of different annotations, or share no sample.
    """
    if a.header.annotation_sha256 != b.header.annotation_sha256:
        raise EvaluationError(
            f"{a.name} and {b.name} were scored against different annotations: "
            f"{a.header.benchmark}, {a.header.annotation} ({a.header.annotation_sha256[:12]}) and "
            f"{b.header.benchmark}, {b.header.annotation} ({b.header.annotation_sha256[:12]})"
        )
    pairs, gaps = _pairs(a, b)
    if not pairs:
        raise EvaluationError(f"{a.name} and {b.name} have no sample in common")
    ours, theirs = [one for one, _ in pairs], [other for _, other in pairs]
    rows: dict[str, dict[str, Estimate]] = {"A": {}, "B": {}, DIFFERENCE: {}}
    differences: dict[str, Interval] = {}
    for name, measure in _MEASURES.items():
        values = [(measure(one), measure(other)) for one, other in pairs]
        known = [(one, other) for one, other in values if one is not None and other is not None]
        if not known:
            continue
        of_a, of_b = [one for one, _ in known], [other for _, other in known]
        rows["A"][name] = bootstrap_mean(of_a, draws=draws, seed=seed).estimate()
        rows["B"][name] = bootstrap_mean(of_b, draws=draws, seed=seed).estimate()
        differences[name] = paired_difference(of_a, of_b, draws=draws, seed=seed)
        rows[DIFFERENCE][name] = differences[name].estimate()
        if name in RIGHTNESS:
            p = mcnemar(
                sum(one > other for one, other in known), sum(one < other for one, other in known)
            )
            rows[DIFFERENCE][f"{name}_mcnemar_p"] = Estimate(value=p, n=len(known))
    for name, one in _frames(ours, theirs, draws=min(draws, 1000), seed=seed).items():
        differences[name] = one
        rows[DIFFERENCE][name] = one.estimate()
    table = Table(
        title=f"{b.name} (B) against {a.name} (A)",
        rows=tuple(
            Row(name=name, kind="difference" if name == DIFFERENCE else "measured", metrics=metrics)
            for name, metrics in rows.items()
        ),
        conventions={
            "benchmark": a.header.benchmark,
            "annotation": a.header.annotation,
            "A": f"policy {a.header.policy}",
            "B": f"policy {b.header.policy}",
            "differences": "paired bootstrap over the samples that both have, 95 %",
            "mcnemar_p": "exact, two-sided",
            "iou": "normal videos counted, 1 for a normal answer",
            "frames": "events of the agent by their confidence",
        },
        gaps=gaps,
        notes=_settings_that_differ(a.header, b.header),
    )
    return Comparison(table=table, differences=differences)


def _pairs(a: Run, b: Run) -> tuple[list[tuple[Answer, Answer]], tuple[Gap, ...]]:
    of_a, of_b = _answered(a), _answered(b)
    gaps = [
        Gap(id=one, kind="missing-prediction", detail=f"only {run.name} has it; not compared")
        for run, mine, others in ((a, of_a, of_b), (b, of_b, of_a))
        for one in mine
        if one not in others
    ]
    gaps += [
        Gap(
            id=one,
            kind="failed",
            detail=f"{run.name}: {answer.record.error}; it counts as wrong there",
        )
        for run, mine, others in ((a, of_a, of_b), (b, of_b, of_a))
        for one, answer in mine.items()
        if one in others and answer.record is not None and answer.record.error is not None
    ]
    return [(of_a[one], of_b[one]) for one in of_a if one in of_b], tuple(gaps)


def _answered(run: Run) -> dict[str, Answer]:
    answers, _ = align(run.dataset, run.records)
    return {one.sample.id: one for one in answers if one.record is not None}


def _accuracy(answer: Answer) -> float:
    return float(answer.is_right("final"))


def _category(answer: Answer) -> float | None:
    truth, opinion = answer.sample.truth.category, answer.opinion("final")
    if truth is None:
        return None
    said = opinion.category if opinion is not None else None
    return float(said is not None and plain_category(said) == plain_category(truth))


def _choice(answer: Answer) -> float | None:
    record, question = answer.record, answer.sample.question
    if record is None or question is None or record.choice is None:
        return None
    return float(record.choice.final == question.answer)


def _iou(answer: Answer) -> float | None:
    return None if true_events(answer) is None else answer_iou(answer, "final")


def _set_iou(answer: Answer) -> float | None:
    return None if true_events(answer) is None else answer_set_iou(answer, "final")


_MEASURES: Final[Mapping[str, Callable[[Answer], float | None]]] = {
    "accuracy": _accuracy,
    "category_accuracy": _category,
    "choice_accuracy": _choice,
    "miou": _iou,
    "set_iou": _set_iou,
}


def _frames(
    a: Sequence[Answer], b: Sequence[Answer], *, draws: int, seed: int
) -> Mapping[str, Interval]:
    first, second = paired_events(a, b)
    if not any(video.has_both for video in first):
        return {}
    return paired_frames(first, second, draws=draws, seed=seed)


def _settings_that_differ(a: RunHeader, b: RunHeader) -> tuple[str, ...]:
    names = [
        name
        for name in {**a.settings, **b.settings}
        if a.settings.get(name) != b.settings.get(name)
    ]
    notes = [f"{name}: {a.settings.get(name)} (A), {b.settings.get(name)} (B)" for name in names]
    if a.tool != b.tool:
        notes.append(f"program: {a.tool} (A), {b.tool} (B)")
    return tuple(notes)
