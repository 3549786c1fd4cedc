"""When it happened: claimed events against annotated ones."""

import functools
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vau_agent.evals.blind.rows import localisation_rows
from vau_agent.evals.metrics.events import ScoredEvent, event_map, event_scores
from vau_agent.evals.metrics.intervals import best_iou, score_ious, set_iou
from vau_agent.evals.samples import Gap
from vau_agent.evals.scoring.answers import Answer, When
from vau_agent.evals.significance import bootstrap, bootstrap_mean
from vau_agent.evals.tables import Estimate, Row, Table
from vau_agent.schemas import Segment

EVENT_TAU: Final = 0.5


def true_events(answer: Answer) -> tuple[Segment, ...] | None:
    """Give the annotated events; `None` when nobody wrote times down."""
    truth = answer.sample.truth
    return (truth.events or None) if truth.anomalous else ()


def answer_iou(answer: Answer, when: When) -> float:
    """Give the overlap of the surest event with the annotated event that it fits best.

    A normal video scores 1 for a normal answer; a failed answer scores 0, as it claims nothing.
    """
    if answer.opinion(when) is None:
        return 0.0
    return best_iou(answer.best_event(when), true_events(answer) or ())


def answer_set_iou(answer: Answer, when: When) -> float:
    """Give the overlap of all claimed seconds with all annotated ones; else as `answer_iou`."""
    if answer.opinion(when) is None:
        return 0.0
    return set_iou(answer.events(when), true_events(answer) or ())


def localisation_table(
    answers: Sequence[Answer], conventions: Mapping[str, str], *, draws: int, seed: int
) -> Table | None:
    """Score the claimed events; `None` when no anomalous sample has times."""
    timed = [(one, truth) for one in answers if (truth := true_events(one)) is not None]
    if not any(truth for _, truth in timed):
        return None
    truths = [truth for _, truth in timed]
    rows = []
    whens: tuple[tuple[str, When], ...] = (
        ("agent", "final"),
        ("agent, never revising", "initial"),
    )
    for name, when in whens:
        figures = _figures(
            [answer_iou(one, when) for one, _ in timed],
            [answer_set_iou(one, when) for one, _ in timed],
            [one.events(when) for one, _ in timed],
            truths,
            draws=draws,
            seed=seed,
        )
        figures["event_map"] = _map([one.scored_events(when) for one, _ in timed], truths)
        rows.append(Row(name=name, metrics=figures))
    samples = [one.sample for one, _ in timed]
    rows += localisation_rows(samples, draws=draws, seed=seed)
    return Table(
        title="Localisation: when does it happen?",
        rows=tuple(rows),
        conventions={
            **conventions,
            "miou, r_at": "the surest event against the annotated event it fits best",
            "normals skipped, counted": "anomalous videos only (miou); or normal ones too, 1 for a "
            "normal answer (miou_normals_counted)",
            "set_iou": "all claimed seconds against all annotated seconds, anomalous videos",
            "events": f"matched one to one at IoU {EVENT_TAU}, over all videos",
            "event_map": "mean of IoU 0.5 to 0.95, over the events of all videos (ActivityNet)",
        },
        gaps=tuple(
            Gap(id=one.sample.id, kind="no-times", detail="anomalous, and no times are annotated")
            for one in answers
            if true_events(one) is None
        ),
    )


def _figures(
    ious: Sequence[float],
    covered: Sequence[float],
    events: Sequence[Sequence[Segment]],
    truths: Sequence[Sequence[Segment]],
    *,
    draws: int,
    seed: int,
) -> dict[str, Estimate]:
    covered = [iou for iou, truth in zip(covered, truths, strict=True) if truth]
    return (
        score_ious(ious, normal=[not truth for truth in truths], draws=draws, seed=seed)
        | {"set_iou": bootstrap_mean(covered, draws=draws, seed=seed).estimate()}
        | _event_figures(events, truths, draws=draws, seed=seed)
    )


def _map(events: Sequence[Sequence[ScoredEvent]], truths: Sequence[Sequence[Segment]]) -> Estimate:
    found = event_map(events, truths, pooling="pooled")
    return Estimate(value=found.mean, n=found.n, note="no interval")


def _event_figures(
    events: Sequence[Sequence[Segment]],
    truths: Sequence[Sequence[Segment]],
    *,
    draws: int,
    seed: int,
) -> dict[str, Estimate]:
    counted = [
        event_scores([ours], [theirs], tau=EVENT_TAU)
        for ours, theirs in zip(events, truths, strict=True)
    ]
    counts = np.array([(one.matched, one.predicted, one.truth) for one in counted])
    n = len(counts)

    def share(items: NDArray[np.int64], name: str) -> float:
        matched, predicted, truth = counts[items].sum(axis=0).tolist()
        over = {"precision": predicted, "recall": truth, "f1": (predicted + truth) / 2}[name]
        return matched / over if over else float("nan")

    figures = {}
    for name in ("precision", "recall", "f1"):
        if np.isnan(share(np.arange(n), name)):
            figures[f"event_{name}"] = Estimate(value=None, n=n, note="no event was claimed")
            continue
        drawn = bootstrap(functools.partial(share, name=name), n, draws=draws, seed=seed)
        figures[f"event_{name}"] = drawn.estimate()
    return figures
