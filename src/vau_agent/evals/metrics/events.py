"""Several events a video against several annotated ones: precision, recall, F1 and mAP.

An event is found when it is matched with an annotated one at a temporal IoU of at least tau, each
annotated event at most once. `event_scores` matches as well as can be; average precision matches
from the highest score down, as detection does.
"""

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from vau_agent.errors import MetricError
from vau_agent.schemas import Segment, Value

Pooling = Literal["per_query", "pooled"]
"""`per_query`: the mean of one average precision a video or query, as QVHighlights does.
`pooled`: one precision-recall curve over the events of all videos, as ActivityNet does."""

MOMENT_TAUS: Final = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
"""IoU thresholds of QVHighlights and ActivityNet."""


class ScoredEvent(Value):
    """A predicted event and how sure the predictor is; any scale, higher is surer."""

    segment: Segment
    score: float


class EventScores(Value):
    """Events found at one tau; a share is `None` where there is nothing to take it of."""

    tau: float
    matched: int
    predicted: int
    truth: int

    @property
    def precision(self) -> float | None:
        """Share of predicted events that were matched."""
        return self.matched / self.predicted if self.predicted else None

    @property
    def recall(self) -> float | None:
        """Share of annotated events that were matched."""
        return self.matched / self.truth if self.truth else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of the two, from the counts."""
        events = self.predicted + self.truth
        return 2 * self.matched / events if events else None


class EventMap(Value):
    """Mean average precision of events."""

    by_tau: dict[float, float]
    mean: float
    """Over the taus."""
    n: int
    """Queries (`per_query`) or annotated events (`pooled`) it rests on."""


def match_events(
    predicted: Sequence[Segment], truth: Sequence[Segment], *, tau: float
) -> tuple[tuple[int, int], ...]:
    """Match events of one video one to one, each pair with an IoU of at least `tau`.

    The matching is optimal: as many pairs as possible, and of those the highest IoU in sum
    (Hungarian method). Order and scores do not matter.

    Returns:
        Pairs (place in `predicted`, place in `truth`), sorted.
    """
    if not predicted or not truth:
        return ()
    from scipy.optimize import linear_sum_assignment

    ious = _ious(predicted, truth)
    allowed = (ious >= tau) & (ious > 0)
    # A pair counts more than all IoUs together, so that their number comes first.
    worth = np.where(allowed, ious + min(ious.shape) + 1, 0.0)
    rows, columns = linear_sum_assignment(worth, maximize=True)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return tuple(sorted((row, column) for row, column in pairs if allowed[row, column]))


def event_scores(
    predicted: Sequence[Sequence[Segment]], truth: Sequence[Sequence[Segment]], *, tau: float
) -> EventScores:
    """Count the events found over all videos, matched inside each by `match_events`.

    Args:
        predicted: Events of each video.
        truth: Annotated events of the same videos in the same order; empty for a normal one, where
            every prediction is a false alarm.
        tau: Lowest IoU of a match, above 0.

    Raises:
        MetricError: The two differ in length, or tau does not lie in (0, 1].
    """
    _refuse_misfit(len(predicted), len(truth), (tau,))
    pairs = zip(predicted, truth, strict=True)
    return EventScores(
        tau=tau,
        matched=sum(len(match_events(ours, theirs, tau=tau)) for ours, theirs in pairs),
        predicted=sum(map(len, predicted)),
        truth=sum(map(len, truth)),
    )


def event_map(
    predicted: Sequence[Sequence[ScoredEvent]],
    truth: Sequence[Sequence[Segment]],
    taus: Sequence[float] = MOMENT_TAUS,
    *,
    pooling: Pooling,
) -> EventMap:
    """Return the detection-style mean average precision of events.

    From the highest score down, each event takes the free annotated event of its own video with
    the highest IoU >= tau; equal scores keep their order. Precision is interpolated: at each
    recall, the highest at that recall or beyond (Pascal VOC from 2010, ActivityNet, QVHighlights).

    Args:
        predicted: Events of each video or query.
        truth: Annotated events of the same; a query with none has no average precision and is left
            out `per_query`, while its predictions are false alarms when `pooled`.
        taus: IoU thresholds, each in (0, 1].
        pooling: One curve a query, or one over all.

    Raises:
        MetricError: The two differ in length, a tau lies outside, a score is not finite, or there
            is no annotated event at all.
    """
    _refuse_misfit(len(predicted), len(truth), taus)
    if any(not np.isfinite(event.score) for events in predicted for event in events):
        raise MetricError("an event's score is not a finite number; mAP needs to sort by it")
    annotated = sum(map(len, truth))
    if not annotated:
        raise MetricError(f"{len(truth)} videos hold no annotated event; mAP needs one")
    outcomes = [
        (*_detect(ours, theirs, taus), len(theirs))
        for ours, theirs in zip(predicted, truth, strict=True)
    ]
    if pooling == "pooled":
        scores = np.concatenate([one[0] for one in outcomes])
        found = np.concatenate([one[1] for one in outcomes])
        order = np.argsort(-scores, kind="stable")
        precisions = _average_precision(found[order], annotated)
        n = annotated
    else:
        each = [_average_precision(found, of) for _, found, of in outcomes if of]
        precisions = np.mean(each, axis=0)
        n = len(each)
    by_tau = dict(zip(taus, precisions.tolist(), strict=True))
    return EventMap(by_tau=by_tau, mean=float(precisions.mean()), n=n)


def of_length(
    truth: Sequence[Sequence[Segment]], *, over: float, up_to: float
) -> tuple[tuple[Segment, ...], ...]:
    """Keep the annotated events with `over` < seconds <= `up_to`, e.g. QVHighlights' short ones."""
    return tuple(
        tuple(event for event in events if over < event.duration <= up_to) for events in truth
    )


def _detect(
    predicted: Sequence[ScoredEvent], truth: Sequence[Segment], taus: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the scores from the highest down, and which events were found at each tau.

    Returns:
        Arrays of shape (events,) and (events, taus).
    """
    ranked = sorted(predicted, key=lambda event: -event.score)
    scores = np.array([event.score for event in ranked], dtype=np.float64)
    found = np.zeros((len(ranked), len(taus)), dtype=np.bool_)
    if not ranked or not truth:
        return scores, found
    ious = _ious([event.segment for event in ranked], truth)
    for column, tau in enumerate(taus):
        free = np.ones(len(truth), dtype=np.bool_)
        for row, own in enumerate(ious):
            best = int(np.argmax(np.where(free, own, -1.0)))
            if free[best] and own[best] >= tau:
                free[best] = False
                found[row, column] = True
    return scores, found


def _average_precision(found: NDArray[np.bool_], annotated: int) -> NDArray[np.float64]:
    """Return the interpolated average precision at each tau, from `found` (events, taus)."""
    hits = np.cumsum(found, axis=0)
    precision = hits / np.arange(1, len(found) + 1)[:, None]
    at_or_beyond = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
    return np.asarray((at_or_beyond * found).sum(axis=0) / annotated, dtype=np.float64)


def _ious(predicted: Sequence[Segment], truth: Sequence[Segment]) -> NDArray[np.float64]:
    """Return the IoU of every pair, shape (predicted, truth)."""
    return np.array([[one.iou(other) for other in truth] for one in predicted], dtype=np.float64)


def _refuse_misfit(predicted: int, truth: int, taus: Sequence[float]) -> None:
    if predicted != truth:
        raise MetricError(f"events of {predicted} videos against the truth of {truth}; align them")
    bad = [tau for tau in taus if not 0 < tau <= 1]
    if bad or not taus:
        raise MetricError(f"IoU thresholds lie in (0, 1], got {bad[0] if bad else 'none'}")
