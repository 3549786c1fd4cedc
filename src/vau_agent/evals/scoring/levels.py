"""How far a policy carries beyond what it was trained on: figures by level, and the gaps.

Only figures that need no normal video stand here: the third level holds none.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vau_agent.errors import MetricError
from vau_agent.evals.benchmarks.levels import LEVELS, Level, assign_levels
from vau_agent.evals.records import Record
from vau_agent.evals.samples import Dataset
from vau_agent.evals.scoring.answers import Answer, align
from vau_agent.evals.scoring.segments import answer_iou
from vau_agent.evals.significance import bootstrap_mean, percentile_interval, resamples
from vau_agent.evals.tables import Estimate, Row, Table

GAPS: Final[tuple[tuple[Level, Level], ...]] = (("L1", "L2"), ("L1", "L3"))


def level_table(
    dataset: Dataset,
    records: Sequence[Record],
    *,
    train_sources: Collection[str],
    held_out_classes: Collection[str] = (),
    draws: int = 1000,
    seed: int = 0,
) -> Table:
    """Score final answers by level, with the gaps L1 - L2 and L1 - L3.

    Args:
        dataset: The samples.
        records: At most one of each sample; a missing one counts as wrong. Questions count where
            the run asked any.
        train_sources: Sources that training saw.
        held_out_classes: Categories that it did not see.
        draws: Of every bootstrap; levels are drawn apart, as their samples are different ones.
        seed: Of every bootstrap.

    Raises:
        BenchmarkError: A source or class is none of the data set's.
        MetricError: No sample is left to score.
    """
    levels = assign_levels(dataset, train_sources=train_sources, held_out_classes=held_out_classes)
    answers, gaps = align(dataset, records)
    if not answers:
        raise MetricError(f"no sample of {dataset.benchmark} is left to score; see the gaps")
    was_asked = any(one.choice is not None for one in answers)
    measures = {
        name: measure for name, measure in _MEASURES.items() if was_asked or measure is not _chosen
    }
    columns = {
        level: _columns([one for one in answers if levels[one.sample.id] == level], measures)
        for level in LEVELS
    }
    rows = [
        Row(name=level, metrics={name: _mean(of, draws, seed) for name, of in figures.items()})
        for level, figures in columns.items()
    ]
    for near, far in GAPS:
        both = {name: (columns[near][name], columns[far][name]) for name in measures}
        metrics = {name: _gap(*pair, draws=draws, seed=seed) for name, pair in both.items()}
        rows.append(Row(name=f"{near} - {far}", metrics=metrics))
    return Table(
        title="Levels: does it carry beyond its training?",
        rows=tuple(rows),
        conventions={
            "benchmark": dataset.benchmark,
            "annotation": dataset.annotation,
            "L1, in distribution": f"sources {', '.join(sorted(train_sources)) or 'none'}",
            "L2, new source": "any other source",
            "L3, new class": ", ".join(sorted(held_out_classes)) or "none",
            "recall": "anomalous videos called anomalous",
        },
        gaps=gaps,
        notes=("L3 holds anomalous videos only: a normal video has no class",),
    )


def _found(answer: Answer) -> float | None:
    return float(answer.is_right("final")) if answer.sample.truth.anomalous else None


def _classified(answer: Answer) -> float | None:
    if answer.sample.truth.category is None:
        return None
    return float(answer.is_category_right("final"))


def _chosen(answer: Answer) -> float | None:
    question, choice = answer.sample.question, answer.choice
    if question is None:
        return None
    return float(choice is not None and choice.final == question.answer)


def _placed(answer: Answer) -> float | None:
    return answer_iou(answer, "final") if answer.sample.truth.events else None


Measure = Callable[[Answer], float | None]

_MEASURES: Final[Mapping[str, Measure]] = {
    "recall": _found,
    "category_accuracy": _classified,
    "choice_accuracy": _chosen,
    "miou": _placed,
}


def _columns(answers: Sequence[Answer], measures: Mapping[str, Measure]) -> dict[str, list[float]]:
    return {
        name: [value for one in answers if (value := measure(one)) is not None]
        for name, measure in measures.items()
    }


def _mean(values: Sequence[float], draws: int, seed: int) -> Estimate:
    if not values:
        return Estimate(value=None, n=0, note="no sample of this level has it")
    return bootstrap_mean(values, draws=draws, seed=seed).estimate()


def _gap(near: Sequence[float], far: Sequence[float], *, draws: int, seed: int) -> Estimate:
    if not near or not far:
        return Estimate(value=None, n=0, note="one of the levels has no sample with it")

    def means(values: Sequence[float], seed: int) -> NDArray[np.float64]:
        array = np.asarray(values, dtype=np.float64)
        drawn = resamples(len(array), draws=draws, seed=seed)
        return np.array([array[items].mean() for items in drawn])

    drawn = means(near, seed) - means(far, seed + 1)
    value = float(np.mean(near) - np.mean(far))
    return percentile_interval(value, drawn, len(near) + len(far)).estimate()
