"""How good a detector is on clips, beside what needs no detector at all; and its thresholds.

Intervals count on anomalous clips only, whatever the class; one that is not given counts 0.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from vau_agent.evals.significance import Interval, bootstrap_mean, wilson
from vau_agent.schemas import Candidate, Segment, Value
from vau_agent.tools.detection import Detection, Rule, category_of, find_candidates
from vau_agent.training.clips import ClipRecord

_THRESHOLDS: Final = tuple(round(0.05 * step, 2) for step in range(2, 20))
_FRACTIONS: Final = tuple(round(0.05 * step, 2) for step in range(21))
_OVERLAP: Final = 0.5
"""Overlap from which an interval counts as found."""


class Answer(Value):
    """What is said of a clip; neither means normal."""

    category: str | None = None
    segment: Segment | None = None


class Figures(Value):
    """How often answers are right, with 95 % intervals."""

    binary: Interval
    """Share of clips where normal and anomalous were told apart."""
    category: Interval
    """Share of clips whose class was named, normal among them."""
    miou: Interval | None
    """Mean overlap of intervals, on anomalous clips; `None` where there are none. So below."""
    found: Interval | None
    """Share of anomalous clips whose interval overlaps by half."""


class Baseline(Value):
    """What can be said without looking, as learned from the clips of training."""

    category: str | None
    """The most frequent class."""
    anomalous: bool
    """Whether most clips are."""
    first: float
    """Where the best constant interval begins and ends, as shares of a clip."""
    last: float


def answer_of(candidates: Sequence[Candidate]) -> Answer:
    """Say of a clip what the strongest candidate says."""
    if not candidates:
        return Answer()
    return Answer(category=category_of(candidates[0]), segment=candidates[0].segment)


def measure_figures(answers: Sequence[Answer], records: Sequence[ClipRecord]) -> Figures:
    """Compare answers with the truth, one for each clip.

    Raises:
        MetricError: There are no clips.
    """
    truths = [record.truth for record in records]
    pairs = list(zip(answers, truths, strict=True))
    binary = sum((one.category is None) == (truth.category is None) for one, truth in pairs)
    category = sum(one.category == truth.category for one, truth in pairs)
    overlaps = [
        one.segment.iou(truth.segment) if one.segment is not None else 0.0
        for one, truth in pairs
        if truth.segment is not None
    ]
    return Figures(
        binary=wilson(binary, len(pairs)),
        category=wilson(category, len(pairs)),
        miou=bootstrap_mean(overlaps) if overlaps else None,
        found=wilson(sum(one >= _OVERLAP for one in overlaps), len(overlaps)) if overlaps else None,
    )


def categories_right(
    answers: Sequence[Answer], records: Sequence[ClipRecord]
) -> dict[str, tuple[int, int]]:
    """Give, for each kind of story, how many clips were named rightly, and how many there are."""
    total: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for answer, record in zip(answers, records, strict=True):
        total[record.truth.kind] += 1
        right[record.truth.kind] += answer.category == record.truth.category
    return {kind: (right[kind], count) for kind, count in sorted(total.items())}


def fit_rule(detections: Sequence[Detection], records: Sequence[ClipRecord]) -> Rule:
    """Choose the thresholds under which the most is right: binary and overlap count alike.

    To be called with clips of the training split that were held out, never with those of a level.
    """
    best, best_worth = Rule(), -1.0
    for edge in _THRESHOLDS:
        for alarm in (one for one in _THRESHOLDS if one >= edge):
            rule = Rule(alarm=alarm, edge=edge)
            worth = _worth([answer_of(find_candidates(one, rule)) for one in detections], records)
            if worth > best_worth + 1e-9:
                best, best_worth = rule, worth
    return best


def _worth(answers: Sequence[Answer], records: Sequence[ClipRecord]) -> float:
    binary, overlaps = [], []
    for answer, record in zip(answers, records, strict=True):
        binary.append((answer.category is None) == (record.truth.category is None))
        if record.truth.segment is not None:
            segment = answer.segment
            overlaps.append(0.0 if segment is None else segment.iou(record.truth.segment))
    return float(np.mean(binary)) + (float(np.mean(overlaps)) if overlaps else 0.0)


def fit_baseline(records: Sequence[ClipRecord]) -> Baseline:
    """Learn what the clips of training have in common."""
    categories = Counter(record.truth.category for record in records)
    marked = [record for record in records if record.truth.segment is not None]
    first, last = max(
        ((one, two) for one in _FRACTIONS for two in _FRACTIONS if two > one),
        key=lambda pair: sum(_constant(record, pair).iou(_segment(record)) for record in marked),
    )
    return Baseline(
        category=categories.most_common(1)[0][0],
        anomalous=2 * len(marked) > len(records),
        first=first,
        last=last,
    )


def majority_answers(baseline: Baseline, records: Sequence[ClipRecord]) -> list[Answer]:
    """Say the most frequent class of every clip, and the whole clip where that is an event."""
    return [
        Answer(category=baseline.category, segment=_constant(record, (0.0, 1.0)))
        if baseline.category is not None
        else Answer()
        for record in records
    ]


def constant_answers(baseline: Baseline, records: Sequence[ClipRecord]) -> list[Answer]:
    """Say the best constant interval of every clip; its class is right in no clip."""
    pair = (baseline.first, baseline.last)
    return [Answer(category="anomaly", segment=_constant(record, pair)) for record in records]


def _constant(record: ClipRecord, shares: tuple[float, float]) -> Segment:
    return Segment(start=shares[0] * record.duration_s, end=shares[1] * record.duration_s)


def _segment(record: ClipRecord) -> Segment:
    if record.truth.segment is None:
        raise ValueError(f"clip {record.seed} is normal")
    return record.truth.segment
