"""Every table of an examination, one level after the other."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vau_agent.evals.records import Record
from vau_agent.evals.samples import Dataset, Sample
from vau_agent.evals.significance import percentile_interval, resamples
from vau_agent.evals.tables import Estimate, Row, Table
from vau_agent.training.validation.accounts import acceptance_rows, cost_row, revision_rows
from vau_agent.training.validation.answering import Words
from vau_agent.training.validation.methods import (
    MEASURES,
    NORMAL,
    Measure,
    Method,
    confusion,
    difference_row,
    row_of,
    truth_class,
)

CONVENTIONS: Final[Mapping[str, str]] = {
    "accuracy": "anomalous or normal; an undecided answer is wrong",
    "class_accuracy": "of all videos, normal is a class; an undecided answer is wrong",
    "category_accuracy": "of anomalous videos whose category is known",
    "miou, r_at": "anomalous videos with times; 0 where nothing is claimed",
    "format_valid": "everything that was written followed its format at once; else it was asked "
    "again, and then read leniently, as the agent does",
    "looks": "8 of 16 motion pictures at first, the others in zooms; one window, one round",
}


@dataclass(frozen=True, kw_only=True)
class Examined:
    """Everything that was said of one level."""

    name: str
    dataset: Dataset
    kinds: Mapping[str, str]
    methods: tuple[Method, ...]
    """In the order of showing; the last one is what the agent says in the end."""
    first: Method | None
    """What it said at first; `None` for what has no second thought."""
    beside: tuple[str, ...]
    """Names of methods that the last one is compared with, pair by pair."""
    words: Mapping[str, Words] = field(default_factory=dict)
    records: Mapping[str, Sequence[Record]] = field(default_factory=dict)
    """By row: what the cost is taken from."""

    @property
    def last(self) -> Method:
        """What it said in the end."""
        return self.methods[-1]

    @property
    def samples(self) -> Sequence[Sample]:
        """All of them."""
        return self.dataset.samples


def examination_tables(levels: Sequence[Examined], *, draws: int, seed: int) -> tuple[Table, ...]:
    """Make every table; with several levels, those side by side come first."""
    made = [] if len(levels) < 2 else [_side_by_side(levels, draws, seed)]
    for level in levels:
        made += [table for table in _of_level(level, draws, seed) if table.rows]
    return tuple(made)


def _of_level(level: Examined, draws: int, seed: int) -> Iterator[Table]:
    methods = {one.name: one for one in level.methods}
    yield Table(
        title=f"{level.name}: what is said",
        rows=tuple(row_of(one, level.samples, draws=draws, seed=seed) for one in level.methods),
        conventions={"videos": level.dataset.annotation, **CONVENTIONS},
        gaps=level.dataset.gaps,
    )
    yield Table(
        title=f"{level.name}: differences, pair by pair",
        rows=tuple(
            difference_row(level.last, methods[name], level.samples, draws=draws, seed=seed)
            for name in level.beside
        ),
        conventions={"mcnemar_p": "exact, two-sided"},
    )
    if level.first is not None:
        yield from _second_thoughts(level, level.first, draws, seed)
    yield from _break_downs(level, draws, seed)
    yield Table(
        title=f"{level.name}: what is taken for what",
        rows=confusion(level.last, level.samples),
        conventions={"rows": "true class", "n": "how many are said to be that in the end"},
    )
    yield Table(
        title=f"{level.name}: cost",
        rows=tuple(
            cost_row(name, records, draws=draws, seed=seed)
            for name, records in level.records.items()
            if records
        ),
        conventions={
            "seconds": "wall clock of a video among many at once, drawing left out",
            "shared": "a turn that rows share is counted in the first of them",
        },
    )


def _second_thoughts(level: Examined, first: Method, draws: int, seed: int) -> Iterator[Table]:
    yield Table(
        title=f"{level.name}: first answer and last",
        rows=revision_rows(first, level.last, level.samples, draws=draws, seed=seed),
        conventions={
            "whole answer": "right when class and segment are (IoU of half or more)",
            "fixed, broken": "share of the wrong made right, of the right made wrong",
            "net_points": "items gained less items lost, of 100 items",
        },
    )
    yield Table(
        title=f"{level.name}: does the reflection know a wrong first answer?",
        rows=acceptance_rows(
            level.last.name, first, level.words, level.samples, draws=draws, seed=seed
        ),
        conventions={
            "verdict_auroc": "probability of accepting, right against wrong first answers",
            "right": "class and segment (IoU of half or more)",
        },
    )


def _break_downs(level: Examined, draws: int, seed: int) -> Iterator[Table]:
    by_class: dict[str, list[Sample]] = {}
    by_kind: dict[str, list[Sample]] = {}
    by_source: dict[str, list[Sample]] = {}
    for one in level.samples:
        by_class.setdefault(truth_class(one) or "unnamed", []).append(one)
        kind = level.kinds[one.id]
        side = "anomalous" if one.truth.anomalous else NORMAL
        by_kind.setdefault(f"{side}: {kind}", []).append(one)
        if kind != one.source:  # of real videos the kind is the source
            by_source.setdefault(one.source, []).append(one)
    for title, groups in (("class", by_class), ("kind", by_kind), ("source", by_source)):
        if len(groups) > 1:
            yield Table(
                title=f"{level.name}: by {title}",
                rows=tuple(
                    _group(name, level.last, groups[name], draws, seed) for name in sorted(groups)
                ),
                conventions={"row": f"what {level.last.name} says in the end"},
            )


def _group(name: str, method: Method, samples: Sequence[Sample], draws: int, seed: int) -> Row:
    row = row_of(method, samples, draws=draws, seed=seed)
    shown = ("accuracy", "class_accuracy", "miou", "r_at_0.5")
    known = {one: row.metrics[one] for one in shown if row.metrics[one].value is not None}
    return Row(name=name, metrics=known)


def _side_by_side(levels: Sequence[Examined], draws: int, seed: int) -> Table:
    rows = []
    for level in levels:
        row = row_of(level.last, level.samples, draws=draws, seed=seed)
        rows.append(row.model_copy(update={"name": level.name}))
    near = levels[0]
    rows += [_gap(near, far, draws, seed) for far in levels[1:]]
    return Table(
        title=f"Levels side by side: {near.last.name}",
        rows=tuple(rows),
        conventions={
            **CONVENTIONS,
            "differences": "of other videos: drawn apart",
        },
    )


def _gap(near: Examined, far: Examined, draws: int, seed: int) -> Row:
    figures: dict[str, Estimate] = {}
    for name, measure in MEASURES.items():
        ours, theirs = _values(near, measure), _values(far, measure)
        if ours and theirs:
            drawn = _means(ours, draws, seed) - _means(theirs, draws, seed + 1)
            value = float(np.mean(ours) - np.mean(theirs))
            count = len(ours) + len(theirs)
            figures[name] = percentile_interval(value, drawn, count).estimate()
    return Row(name=f"{near.name} - {far.name}", kind="difference", metrics=figures)


def _values(level: Examined, measure: Measure) -> list[float]:
    claims = level.last.claims
    found = [measure(one, claims[one.id]) for one in level.samples if one.id in claims]
    return [value for value in found if value is not None]


def _means(values: Sequence[float], draws: int, seed: int) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    drawn = resamples(len(array), draws=draws, seed=seed)
    return np.array([array[items].mean() for items in drawn])
