"""What each method said of each sample, in the form that every table is made from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vau_agent.evals.metrics.intervals import best_iou, score_ious
from vau_agent.evals.metrics.labels import binary_scores, class_accuracy
from vau_agent.evals.samples import Sample
from vau_agent.evals.scoring.answers import Answer, When
from vau_agent.evals.scoring.categories import plain_category
from vau_agent.evals.scoring.segments import true_events
from vau_agent.evals.significance import mcnemar, paired_difference, wilson
from vau_agent.evals.tables import Estimate, Row, RowKind
from vau_agent.schemas import Segment

NORMAL: Final = "normal"
IOU_RIGHT: Final = 0.5
_SHOWN: Final = ("accuracy", "balanced_accuracy", "recall")
"""Of the binary scores."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What one method said of one sample."""

    anomalous: bool | None
    """`None`: nothing was decided."""
    category: str | None
    """In one spelling; `normal` for a normal answer."""
    iou: float
    """Overlap of the claimed with the annotated segment, 0 where none is claimed."""
    readable: bool | None = None
    """Whether all that was written followed its format at once; `None` where nothing is written."""


@dataclass(frozen=True, kw_only=True)
class Method:
    """One method's claims, by sample."""

    name: str
    kind: RowKind = "measured"
    claims: Mapping[str, Claim]
    whole: bool = True
    """Whether it says everything, or only when."""


def method_of(
    name: str,
    answers: Sequence[Answer],
    when: When,
    *,
    readable: Mapping[str, bool] | None = None,
) -> Method:
    """Read the claims off records; a sample without an answer is undecided."""
    return Method(
        name=name,
        claims={one.sample.id: _claim(one, when, readable or {}) for one in answers},
    )


def constant(
    name: str,
    samples: Sequence[Sample],
    *,
    category: str | None = None,
    window: Callable[[Sample], Segment] | None = None,
    whole: bool = True,
) -> Method:
    """Say the same of every sample.

    Args:
        name: Of the row.
        samples: What is spoken of.
        category: `None` calls all of them normal.
        window: When it is said to happen.
        whole: Whether it says everything, or only when.
    """
    claims = {}
    for sample in samples:
        segment = None if window is None else window(sample)
        claims[sample.id] = Claim(
            anomalous=category is not None,
            category=NORMAL if category is None else plain_category(category),
            iou=0.0 if segment is None else best_iou(segment, sample.truth.events or ()),
        )
    return Method(name=name, kind="blind", claims=claims, whole=whole)


def truth_class(sample: Sample) -> str | None:
    """Give the class of a sample, `normal` among them; `None` when it is not known."""
    if not sample.truth.anomalous:
        return NORMAL
    return None if sample.truth.category is None else plain_category(sample.truth.category)


def row_of(method: Method, samples: Sequence[Sample], *, draws: int, seed: int) -> Row:
    """Score a method on the samples that it speaks of."""
    used = [one for one in samples if one.id in method.claims]
    claims = [method.claims[one.id] for one in used]
    figures: dict[str, Estimate] = {}
    if method.whole:
        binary = binary_scores(
            [one.truth.anomalous for one in used],
            [claim.anomalous for claim in claims],
            draws=draws,
            seed=seed,
        )
        figures |= {name: binary[name] for name in _SHOWN}
        figures["class_accuracy"] = _class_accuracy(used, claims, lambda one: True)
        figures["category_accuracy"] = _class_accuracy(
            used, claims, lambda one: one.truth.anomalous
        )
    ious = [claim.iou for one, claim in zip(used, claims, strict=True) if one.truth.events]
    placed = score_ious(ious, draws=draws, seed=seed)
    figures |= {"miou": placed["miou"], "r_at_0.5": placed["r_at_0.5"]}
    readable = [claim.readable for claim in claims if claim.readable is not None]
    if readable:
        figures["format_valid"] = wilson(sum(readable), len(readable)).estimate()
    return Row(name=method.name, kind=method.kind, metrics=figures)


def difference_row(
    one: Method, other: Method, samples: Sequence[Sample], *, draws: int, seed: int
) -> Row:
    """Score `one` less `other`, paired over the samples that both speak of."""
    shared = [sample for sample in samples if sample.id in one.claims and sample.id in other.claims]
    figures: dict[str, Estimate] = {}
    for name, measure in MEASURES.items():
        if name != "miou" and not (one.whole and other.whole):
            continue
        pairs = [
            (measure(sample, one.claims[sample.id]), measure(sample, other.claims[sample.id]))
            for sample in shared
        ]
        known = [
            (mine, theirs) for mine, theirs in pairs if mine is not None and theirs is not None
        ]
        if not known:
            continue
        mine, theirs = [pair[0] for pair in known], [pair[1] for pair in known]
        figures[name] = paired_difference(theirs, mine, draws=draws, seed=seed).estimate()
        if name != "miou":
            p = mcnemar(
                sum(a > b for a, b in known),
                sum(a < b for a, b in known),
            )
            figures[f"{name}_mcnemar_p"] = Estimate(value=p, n=len(known))
    return Row(name=f"{one.name} - {other.name}", kind="difference", metrics=figures)


def rightness(sample: Sample, claim: Claim) -> float:
    """Tell whether the answer as a whole is right: class, and a segment that fits by half.

    A sample whose class or times nobody wrote down is judged by what is known of it.
    """
    known = truth_class(sample)
    if known is None:
        return float(claim.anomalous is True)
    if claim.category != known:
        return 0.0
    return float(not sample.truth.events or claim.iou >= IOU_RIGHT)


def confusion(method: Method, samples: Sequence[Sample]) -> tuple[Row, ...]:
    """Count, for each true class, what was said."""
    used = [one for one in samples if truth_class(one) is not None and one.id in method.claims]
    said = [method.claims[one.id].category or "undecided" for one in used]
    truths = [str(truth_class(one)) for one in used]
    names = sorted({*truths, *said}, key=lambda name: (name != NORMAL, name == "undecided", name))
    counts: NDArray[np.int64] = np.zeros((len(names), len(names)), dtype=np.int64)
    for truth, answer in zip(truths, said, strict=True):
        counts[names.index(truth), names.index(answer)] += 1
    return tuple(
        Row(
            name=name,
            metrics={
                f"n_{other}": Estimate(value=int(count), n=int(counts[place].sum()))
                for other, count in zip(names, counts[place], strict=True)
                if counts[:, names.index(other)].any()
            },
        )
        for place, name in enumerate(names)
        if counts[place].any()
    )


def _claim(answer: Answer, when: When, readable: Mapping[str, bool]) -> Claim:
    said = answer.said(when)
    events = true_events(answer)
    claimed = answer.best_event(when)
    return Claim(
        anomalous=said,
        category=NORMAL if said is False else answer.category(when),
        iou=best_iou(claimed, events) if events and claimed is not None else 0.0,
        readable=readable.get(answer.sample.id),
    )


def _class_accuracy(
    samples: Sequence[Sample], claims: Sequence[Claim], takes: Callable[[Sample], bool]
) -> Estimate:
    pairs = [
        (truth, claim.category)
        for one, claim in zip(samples, claims, strict=True)
        if takes(one) and (truth := truth_class(one)) is not None
    ]
    if not pairs:
        return Estimate(value=None, n=0, note="no item takes part")
    return class_accuracy([truth for truth, _ in pairs], [said for _, said in pairs])


def _is_right(sample: Sample, claim: Claim) -> float | None:
    return float(claim.anomalous == sample.truth.anomalous)


def _has_class(sample: Sample, claim: Claim) -> float | None:
    truth = truth_class(sample)
    return None if truth is None else float(claim.category == truth)


def _overlap(sample: Sample, claim: Claim) -> float | None:
    return claim.iou if sample.truth.events else None


Measure = Callable[[Sample, Claim], float | None]
"""Scores one sample; `None` where its truth does not allow it."""

MEASURES: Final[Mapping[str, Measure]] = {
    "accuracy": _is_right,
    "class_accuracy": _has_class,
    "miou": _overlap,
}
