import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vau_agent.schemas import Segment
from vau_agent.tools.detection import (
    Detection,
    Rule,
    bin_edges,
    category_of,
    find_candidates,
)

CLASSES = ("normal", "fall", "fire")
HALF = Rule()


def detection(fall: list[float], fire: list[float] | None = None, *, end: float) -> Detection:
    """One bin a value, from 0 s to `end`."""
    rows = np.zeros((len(fall), 3), dtype=np.float32)
    rows[:, 1] = fall
    rows[:, 2] = fire or 0
    rows[:, 0] = 1 - rows.sum(axis=1)
    return Detection(edges=np.linspace(0, end, len(fall) + 1), probabilities=rows, classes=CLASSES)


def test_boundaries_lie_where_the_line_between_two_bins_crosses_the_edge() -> None:
    (found,) = find_candidates(detection([0, 0, 1, 1, 0.2, 0], end=6), HALF)

    assert found.segment.start == pytest.approx(2.0)
    assert found.segment.end == pytest.approx(3.5 + 0.5 / 0.8)
    assert category_of(found) == "fall"
    assert found.cues == {"fall": 1.0}


def test_a_lower_edge_widens_a_candidate() -> None:
    seen = detection([0, 0.4, 1, 0.4, 0], end=5)

    (narrow,) = find_candidates(seen, HALF)
    (wide,) = find_candidates(seen, Rule(alarm=0.5, edge=0.2))

    assert wide.segment.start < narrow.segment.start < narrow.segment.end < wide.segment.end


def test_an_event_that_is_under_way_fills_the_span() -> None:
    (found,) = find_candidates(detection([0.9, 0.9, 0.9], end=3), HALF)

    assert found.segment == Segment(start=0, end=3)


def test_a_run_below_the_alarm_is_none() -> None:
    seen = detection([0, 0.6, 0.7, 0.6, 0], end=5)

    assert find_candidates(seen, Rule(alarm=0.75, edge=0.5)) == ()
    assert len(find_candidates(seen, Rule(alarm=0.69, edge=0.5))) == 1


def test_the_strongest_run_comes_first_with_the_class_that_has_most_of_it() -> None:
    fall = [0, 0.6, 0.1, 0, 0.5, 0.2, 0.2]
    fire = [0, 0.0, 0.0, 0, 0.4, 0.75, 0.7]

    first, second = find_candidates(detection(fall, fire, end=7), HALF)

    assert (category_of(first), category_of(second)) == ("fire", "fall")
    assert first.cues["fire"] > first.cues["fall"] > 0
    assert first.score == pytest.approx(0.95)
    assert first.peak == pytest.approx(5.5)


def test_nothing_abnormal_is_no_candidate() -> None:
    assert find_candidates(detection([0.1, 0.2, 0.1], end=3), HALF) == ()


@given(
    values=st.lists(st.floats(0, 1, width=32), min_size=1, max_size=40),
    alarm=st.floats(0.05, 1),
    edge=st.floats(0.05, 1),
)
def test_candidates_lie_inside_in_order_and_apart(
    values: list[float], alarm: float, edge: float
) -> None:
    found = find_candidates(detection(values, end=10), Rule(alarm=alarm, edge=edge))

    in_time = sorted(found, key=lambda one: one.segment.start)
    assert all(0 <= one.segment.start < one.segment.end <= 10 for one in found)
    assert all(one.segment.contains(one.peak) for one in found)
    assert all(one.segment.end <= other.segment.start for one, other in itertools.pairwise(in_time))
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


@pytest.mark.parametrize(("seconds", "bins"), [(4.0, 16), (24.0, 16), (24.1, 17), (60.0, 40)])
def test_long_spans_have_more_bins(seconds: float, bins: int) -> None:
    edges = bin_edges(Segment(start=5, end=5 + seconds), bins=16, longest_bin_s=1.5)

    assert len(edges) == bins + 1
    assert (edges[0], edges[-1]) == (5, 5 + seconds)
    assert np.diff(edges).max() <= 1.5 + 1e-9
