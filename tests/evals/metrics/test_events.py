import gzip
import json
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from vau_agent.errors import MetricError
from vau_agent.evals.metrics.events import (
    MOMENT_TAUS,
    EventScores,
    Pooling,
    ScoredEvent,
    event_map,
    event_scores,
    match_events,
    of_length,
)
from vau_agent.schemas import Segment

PROPERTY = settings(deadline=None, max_examples=80)
POOLINGS: tuple[Pooling, ...] = ("per_query", "pooled")
PUBLISHED = Path(__file__).parents[4] / "shared/data/predictions/qvhighlights"


def span(start: float, end: float) -> Segment:
    return Segment(start=start, end=end)


def event(start: float, end: float, score: float) -> ScoredEvent:
    return ScoredEvent(segment=span(start, end), score=score)


@st.composite
def segments(draw: st.DrawFn) -> Segment:
    start = draw(st.integers(0, 19))
    return span(start, draw(st.integers(start + 1, 20)))


scored = st.builds(
    ScoredEvent, segment=segments(), score=st.integers(0, 4).map(float) | st.floats(-3, 3)
)
several = st.lists(segments(), max_size=4)
videos = st.lists(st.tuples(st.lists(scored, max_size=5), several), min_size=1, max_size=4)


def split(
    cases: Sequence[tuple[list[ScoredEvent], list[Segment]]],
) -> tuple[list[list[ScoredEvent]], list[list[Segment]]]:
    return [ours for ours, _ in cases], [theirs for _, theirs in cases]


def best_matching(
    predicted: Sequence[Segment], truth: Sequence[Segment], tau: float
) -> tuple[int, float]:
    """Try every matching: most pairs, then the highest sum of IoU."""
    few, many = sorted((predicted, truth), key=len)
    best = (0, 0.0)
    for order in permutations(many, len(few)):
        ious = [one.iou(other) for one, other in zip(few, order, strict=True)]
        kept = [iou for iou in ious if iou >= tau]
        best = max(best, (len(kept), sum(kept)))
    return best


@PROPERTY
@given(several, several, st.sampled_from([0.1, 0.3, 0.5, 1.0]))
def test_the_matching_is_the_best_of_all(
    predicted: list[Segment], truth: list[Segment], tau: float
) -> None:
    pairs = match_events(predicted, truth, tau=tau)
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
    ious = [predicted[row].iou(truth[column]) for row, column in pairs]
    assert all(iou >= tau for iou in ious)
    number, total = best_matching(predicted, truth, tau)
    assert len(pairs) == number
    assert sum(ious) == pytest.approx(total)


def test_matching_finds_more_than_a_greedy_one_would() -> None:
    predicted = [span(0, 10), span(0, 6)]
    truth = [span(0, 9), span(3, 12)]
    # The first fits the first best; taking it leaves the second prediction with nothing.
    assert match_events(predicted, truth, tau=0.5) == ((0, 1), (1, 0))


def test_more_pairs_come_before_a_better_fit() -> None:
    predicted = [span(1, 11), span(0, 3)]
    truth = [span(0, 10), span(8, 14)]
    # The first fits the first with 9/11; the two looser pairs, 3/13 and 3/10, find both events.
    assert match_events(predicted, truth, tau=0.2) == ((0, 1), (1, 0))
    assert match_events(predicted, truth, tau=0.4) == ((0, 0),)


@PROPERTY
@given(videos, st.sampled_from([0.1, 0.5, 0.9]))
def test_precision_and_recall_trade_places_with_the_sides(
    cases: list[tuple[list[ScoredEvent], list[Segment]]], tau: float
) -> None:
    predicted, truth = split(cases)
    ours = [[one.segment for one in events] for events in predicted]
    there = event_scores(ours, truth, tau=tau)
    back = event_scores(truth, ours, tau=tau)
    assert (there.precision, there.recall, there.f1) == (back.recall, back.precision, back.f1)
    if there.precision and there.recall:
        harmonic = 2 / (1 / there.precision + 1 / there.recall)
        assert there.f1 == pytest.approx(harmonic)


def test_hand_case_of_event_scores() -> None:
    predicted = [[span(0, 10), span(50, 60)], [span(0, 5)], []]
    truth = [[span(0, 12)], [], [span(3, 4)]]
    scores = event_scores(predicted, truth, tau=0.5)
    assert scores == EventScores(tau=0.5, matched=1, predicted=3, truth=2)
    assert scores.precision == pytest.approx(1 / 3)
    assert scores.recall == pytest.approx(1 / 2)
    assert scores.f1 == pytest.approx(2 / 5)


def test_shares_of_nothing_are_absent() -> None:
    nothing = event_scores([[]], [[]], tau=0.5)
    assert nothing.precision is nothing.recall is nothing.f1 is None
    silent = event_scores([[]], [[span(0, 1)]], tau=0.5)
    assert (silent.precision, silent.recall, silent.f1) == (None, 0.0, 0.0)


def test_hand_case_of_average_precision() -> None:
    predicted = [[event(0, 10, 0.9), event(40, 50, 0.8), event(21, 30, 0.7)]]
    truth = [[span(0, 10), span(20, 30)]]
    # Found, missed, found: precision 1 up to recall 0.5, then 2/3.
    for pooling in POOLINGS:
        assert event_map(predicted, truth, (0.5,), pooling=pooling).mean == pytest.approx(5 / 6)


def test_an_annotated_event_is_found_once() -> None:
    predicted = [[event(0, 10, 0.9), event(0, 10, 0.8)]]
    truth = [[span(0, 10), span(20, 30)]]
    for pooling in POOLINGS:
        assert event_map(predicted, truth, (0.5,), pooling=pooling).mean == pytest.approx(0.5)


def test_a_second_prediction_takes_the_next_best_free_event() -> None:
    predicted = [[event(0, 10, 0.9), event(0, 10, 0.8)]]
    truth = [[span(0, 10), span(0, 8)]]
    assert event_map(predicted, truth, (0.7,), pooling="per_query").mean == pytest.approx(1.0)


def test_pooling_counts_false_alarms_of_other_videos_and_per_query_does_not() -> None:
    predicted = [[event(0, 10, 0.1)], [event(0, 10, 0.9)]]
    truth = [[span(0, 10)], []]
    per_query = event_map(predicted, truth, (0.5,), pooling="per_query")
    pooled = event_map(predicted, truth, (0.5,), pooling="pooled")
    assert (per_query.mean, per_query.n) == (1.0, 1)
    assert (pooled.mean, pooled.n) == (0.5, 1)


def step_wise(predicted: list[list[ScoredEvent]], truth: list[list[Segment]], tau: float) -> float:
    """Reckon the pooled average precision one event after another."""
    ranked = [(one, video) for video, events in enumerate(predicted) for one in events]
    ranked.sort(key=lambda pair: -pair[0].score)
    free = [list(events) for events in truth]
    found = []
    for one, video in ranked:
        fits = [other for other in free[video] if one.segment.iou(other) >= tau]
        if fits:
            free[video].remove(max(fits, key=one.segment.iou))
        found.append(bool(fits))
    precision = [sum(found[:k]) / k for k in range(1, len(found) + 1)]
    area = sum(max(precision[k:]) for k, hit in enumerate(found) if hit)
    return area / sum(map(len, truth))


@PROPERTY
@given(videos)
def test_mean_average_precision_agrees_with_a_plain_reckoning(
    cases: list[tuple[list[ScoredEvent], list[Segment]]],
) -> None:
    predicted, truth = split(cases)
    assume(any(truth))
    taus = (0.3, 0.5, 0.9)
    pooled = event_map(predicted, truth, taus, pooling="pooled")
    per_query = event_map(predicted, truth, taus, pooling="per_query")
    for tau in taus:
        assert pooled.by_tau[tau] == pytest.approx(step_wise(predicted, truth, tau))
        alone = [step_wise([ours], [theirs], tau) for ours, theirs in cases if theirs]
        assert per_query.by_tau[tau] == pytest.approx(np.mean(alone))
    assert pooled.mean == pytest.approx(np.mean(list(pooled.by_tau.values())))


@PROPERTY
@given(videos, st.sampled_from(POOLINGS))
def test_mean_average_precision_is_bounded_and_blind_to_the_scale_of_scores(
    cases: list[tuple[list[ScoredEvent], list[Segment]]], pooling: Pooling
) -> None:
    predicted, truth = split(cases)
    assume(any(truth))
    whole = event_map(predicted, truth, pooling=pooling)
    scaled = [[event(e.segment.start, e.segment.end, 4 * e.score) for e in v] for v in predicted]
    assert 0 <= whole.mean <= 1
    assert event_map(scaled, truth, pooling=pooling) == whole


@PROPERTY
@given(st.lists(several, min_size=1, max_size=4), st.sampled_from(POOLINGS))
def test_the_truth_itself_scores_1(truth: list[list[Segment]], pooling: Pooling) -> None:
    assume(any(truth))
    predicted = [[ScoredEvent(segment=one, score=0.5) for one in events] for events in truth]
    assert event_map(predicted, truth, pooling=pooling).mean == pytest.approx(1.0)
    assert event_scores(truth, truth, tau=1.0).f1 == 1.0


def test_lengths_are_kept_with_their_upper_bound() -> None:
    truth = [[span(0, 10), span(0, 10.5), span(0, 30)], [span(5, 40)]]
    assert of_length(truth, over=0, up_to=10) == ((span(0, 10),), ())
    assert of_length(truth, over=10, up_to=30) == ((span(0, 10.5), span(0, 30)), ())
    assert of_length(truth, over=30, up_to=150) == ((), (span(5, 40),))


@pytest.mark.parametrize("tau", [0.0, -0.5, 1.1, float("nan")])
def test_a_tau_outside_is_refused(tau: float) -> None:
    with pytest.raises(MetricError, match="thresholds lie in"):
        event_scores([[]], [[]], tau=tau)
    with pytest.raises(MetricError, match="thresholds lie in"):
        event_map([[]], [[span(0, 1)]], (0.5, tau), pooling="pooled")


def test_events_that_cannot_be_scored_are_refused() -> None:
    with pytest.raises(MetricError, match="1 videos against the truth of 2"):
        event_scores([[]], [[], []], tau=0.5)
    with pytest.raises(MetricError, match="2 videos hold no annotated event"):
        event_map([[], []], [[], []], pooling="per_query")
    with pytest.raises(MetricError, match="not a finite number"):
        event_map([[event(0, 1, float("nan"))]], [[span(0, 1)]], pooling="pooled")
    with pytest.raises(MetricError, match="got none"):
        event_map([[]], [[span(0, 1)]], (), pooling="pooled")


@pytest.mark.slow
@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the published predictions are not here")
@pytest.mark.parametrize(
    ("name", "over", "up_to"),
    [("full", 0, 150), ("short", 0, 10), ("middle", 10, 30), ("long", 30, 150)],
)
def test_the_published_moment_map_of_qvhighlights_comes_out(
    name: str, over: float, up_to: float
) -> None:
    published = json.loads((PUBLISHED / "sample_val_preds_metrics_raw.json").read_text())
    with gzip.open(PUBLISHED / "sample_val_preds.jsonl.gz", "rt") as lines:
        said = {one["qid"]: one["pred_relevant_windows"] for one in map(json.loads, lines)}
    with gzip.open(PUBLISHED / "highlight_val_release.jsonl.gz", "rt") as lines:
        known = {one["qid"]: one["relevant_windows"] for one in map(json.loads, lines)}
    predicted = [[event(*window) for window in said[qid]] for qid in known]
    truth = [[span(*window) for window in windows] for windows in known.values()]

    ours = event_map(predicted, of_length(truth, over=over, up_to=up_to), pooling="per_query")

    theirs = published[name]["MR-mAP"]
    assert f"{100 * ours.mean:.2f}" == f"{theirs['average']:.2f}"
    for tau in MOMENT_TAUS:
        assert f"{100 * ours.by_tau[tau]:.2f}" == f"{theirs[str(tau)]:.2f}"
