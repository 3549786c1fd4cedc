from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from vau_agent.errors import MetricError
from vau_agent.evals.metrics.intervals import (
    TAUS,
    best_iou,
    merge_segments,
    score_ious,
    set_iou,
    temporal_iou,
    to_seconds,
    to_shares,
)
from vau_agent.schemas import Segment

PROPERTY = settings(deadline=None, max_examples=100)
END = 40
"""Whole seconds that the drawn segments lie in."""


def span(start: float, end: float) -> Segment:
    return Segment(start=start, end=end)


def covered(segments: Sequence[Segment]) -> NDArray[np.bool_]:
    """Which whole seconds the segments cover: a second way to reckon."""
    grid = np.zeros(END, dtype=np.bool_)
    for one in segments:
        grid[int(one.start) : int(one.end)] = True
    return grid


def grid_iou(predicted: Sequence[Segment], truth: Sequence[Segment]) -> float:
    ours, theirs = covered(predicted), covered(truth)
    return float((ours & theirs).sum() / (ours | theirs).sum())


@st.composite
def segments(draw: st.DrawFn) -> Segment:
    start = draw(st.integers(0, END - 1))
    return span(start, draw(st.integers(start + 1, END)))


maybe = st.none() | segments()
several = st.lists(segments(), max_size=5)


@pytest.mark.parametrize(
    ("predicted", "truth", "iou"),
    [
        (None, None, 1.0),
        (None, span(3, 5), 0.0),
        (span(3, 5), None, 0.0),
        (span(0, 10), span(5, 15), 1 / 3),
        (span(0, 10), span(0, 10), 1.0),
        (span(0, 10), span(2, 4), 0.2),
        (span(0, 5), span(5, 10), 0.0),
        (span(0, 1), span(90, 91), 0.0),
    ],
)
def test_hand_cases_of_temporal_iou(
    predicted: Segment | None, truth: Segment | None, iou: float
) -> None:
    assert temporal_iou(predicted, truth) == pytest.approx(iou)


@PROPERTY
@given(segments(), segments())
def test_iou_agrees_with_a_count_of_seconds(one: Segment, other: Segment) -> None:
    assert temporal_iou(one, other) == pytest.approx(grid_iou([one], [other]))


@PROPERTY
@given(maybe, maybe)
def test_iou_is_symmetric_and_bounded(one: Segment | None, other: Segment | None) -> None:
    iou = temporal_iou(one, other)
    assert 0 <= iou <= 1
    assert iou == temporal_iou(other, one)
    assert (iou == 1) == (one == other)


@PROPERTY
@given(segments(), segments())
def test_the_hull_in_place_of_the_union_changes_no_score(one: Segment, other: Segment) -> None:
    hull = max(one.end, other.end) - min(one.start, other.start)
    assert temporal_iou(one, other) == pytest.approx(one.overlap(other) / hull)


@PROPERTY
@given(segments(), st.lists(st.floats(0, 60), min_size=2, max_size=2))
def test_moving_further_away_never_raises_the_iou(truth: Segment, shifts: list[float]) -> None:
    near, far = (span(truth.start + by, truth.end + by) for by in sorted(shifts))
    assert temporal_iou(far, truth) <= temporal_iou(near, truth) + 1e-12


@PROPERTY
@given(several, several)
def test_set_iou_agrees_with_a_count_of_seconds(ours: list[Segment], theirs: list[Segment]) -> None:
    assert set_iou(ours, theirs) == pytest.approx(set_iou(theirs, ours))
    if ours and theirs:
        assert set_iou(ours, theirs) == pytest.approx(grid_iou(ours, theirs))
    else:
        assert set_iou(ours, theirs) == float(ours == theirs)


@PROPERTY
@given(segments(), segments())
def test_sets_of_one_score_as_segments_do(one: Segment, other: Segment) -> None:
    assert set_iou([one], [other]) == pytest.approx(temporal_iou(one, other))


def test_set_iou_counts_overlapping_segments_once() -> None:
    assert set_iou([span(0, 6), span(4, 10)], [span(0, 10)]) == pytest.approx(1.0)
    assert set_iou([span(0, 2), span(8, 10)], [span(0, 10)]) == pytest.approx(0.4)


@PROPERTY
@given(several)
def test_merged_segments_cover_the_same_time_apart_and_in_order(ours: list[Segment]) -> None:
    merged = merge_segments(ours)
    assert (covered(merged) == covered(ours)).all()
    assert all(one.end < other.start for one, other in pairwise(merged))
    assert merge_segments(merged) == merged


def test_best_iou_takes_the_segment_that_fits_best() -> None:
    truths = [span(0, 10), span(20, 40)]
    assert best_iou(span(20, 30), truths) == pytest.approx(0.5)
    assert best_iou(span(50, 60), truths) == 0.0
    assert best_iou(None, truths) == 0.0
    assert best_iou(None, []) == 1.0
    assert best_iou(span(0, 1), []) == 0.0


IOUS = (1 / 3, 0.5, 0.0, 1.0, 0.0)
NORMAL = (False, False, False, True, True)


def values(ious: Sequence[float], *, normal: Sequence[bool] | None = None) -> dict[str, float]:
    scores = score_ious(ious, normal=normal, draws=1, seed=0)
    return {name: one.value for name, one in scores.items() if one.value is not None}


def test_normals_are_skipped_or_counted_as_the_convention_says() -> None:
    skipped = values(IOUS[:3])
    both = values(IOUS, normal=NORMAL)

    assert skipped["miou"] == pytest.approx((1 / 3 + 0.5) / 3)
    assert both["miou_normals_counted"] == pytest.approx((1 / 3 + 1.5) / 5)
    assert {name: both[name] for name in skipped} == skipped
    assert "miou_normals_counted" not in skipped


def test_an_iou_of_exactly_tau_is_found() -> None:
    assert values([0.3, 0.5, 0.7, 0.7 - 1e-9])["r_at_0.3"] == 1.0
    assert values([0.3, 0.5, 0.7, 0.7 - 1e-9])["r_at_0.5"] == 0.75
    assert values([0.3, 0.5, 0.7, 0.7 - 1e-9])["r_at_0.7"] == 0.25


@PROPERTY
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=20))
def test_recall_falls_as_tau_rises_and_is_bound_by_the_mean_iou(
    items: list[tuple[float, bool]],
) -> None:
    assume(any(not normal for _, normal in items))
    scores = values([iou for iou, _ in items], normal=[normal for _, normal in items])

    assert scores["r_at_0.3"] >= scores["r_at_0.5"] >= scores["r_at_0.7"]
    for tau in TAUS:  # Markov's inequality, and the same of what is missing to 1
        recall = scores[f"r_at_{tau}"]
        assert recall * tau <= scores["miou"] + 1e-9
        assert (1 - recall) * (1 - tau) <= 1 - scores["miou"] + 1e-9


def test_scores_rest_on_the_items_that_take_part_and_carry_intervals() -> None:
    scores = score_ious(IOUS, normal=NORMAL, draws=200, seed=0)

    assert list(scores) == ["miou", "miou_normals_counted", "r_at_0.3", "r_at_0.5", "r_at_0.7"]
    assert {name: one.n for name, one in scores.items()} == dict.fromkeys(scores, 3) | {
        "miou_normals_counted": 5
    }
    assert scores["miou"].low == 0.0
    assert scores["miou"].high == pytest.approx(0.5)


def test_without_an_item_that_takes_part_a_figure_is_undefined() -> None:
    scores = score_ious([1.0], normal=[True], draws=5, seed=0)

    assert (scores["miou"].value, scores["miou"].n) == (None, 0)
    assert scores["r_at_0.5"].note == "no item takes part"
    assert scores["miou_normals_counted"].value == 1.0
    assert score_ious([], draws=5, seed=0)["miou"].value is None


def test_score_ious_refuses_what_is_no_number_and_other_lengths() -> None:
    with pytest.raises(MetricError, match="item 1 is nan"):
        score_ious([0.5, float("nan")], draws=5, seed=0)
    with pytest.raises(MetricError, match="2 IoUs cannot be of 1 videos"):
        score_ious([0.5, 0.5], normal=[True], draws=5, seed=0)


@PROPERTY
@given(segments(), segments(), st.floats(0.5, 5000))
def test_shares_and_seconds_convert_both_ways_and_iou_is_the_same(
    one: Segment, other: Segment, duration_s: float
) -> None:
    there = to_shares(one, duration_s)
    back = to_seconds(there, duration_s)
    assert (back.start, back.end) == pytest.approx((one.start, one.end))
    assert temporal_iou(there, to_shares(other, duration_s)) == pytest.approx(
        temporal_iou(one, other)
    )


def test_a_whole_video_is_the_share_from_0_to_1() -> None:
    assert to_seconds(span(0, 1), 42.0) == span(0, 42.0)
    assert to_seconds(span(0.25, 0.5), 40.0) == span(10, 20)
    assert to_shares(span(10, 20), 40.0) == span(0.25, 0.5)


@pytest.mark.parametrize("duration_s", [0.0, -1.0, float("nan"), float("inf")])
def test_shares_need_a_length(duration_s: float) -> None:
    with pytest.raises(MetricError, match="length in seconds"):
        to_seconds(span(0, 1), duration_s)
    with pytest.raises(MetricError, match="length in seconds"):
        to_shares(span(0, 1), duration_s)
