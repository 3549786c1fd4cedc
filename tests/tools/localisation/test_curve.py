"""Scores over time: averages without a position prior, and segments with two thresholds."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vau_agent.schemas import Segment
from vau_agent.tools.localisation.base import Series
from vau_agent.tools.localisation.curve import join, relative, segments, smooth
from vau_agent.tools.localisation.looking import spread

SHARES = st.floats(0, 1, allow_subnormal=False)
SCALES = st.lists(st.sampled_from([0.5, 1.0, 2.0, 4.0, 16.0]), min_size=1, max_size=4)


@st.composite
def looks(draw: st.DrawFn) -> tuple[Series, Series]:
    """Draw values of a video, and which of its moments were looked at: some evenly, some not."""
    moments = draw(st.integers(1, 60))
    values = draw(st.lists(SHARES, min_size=moments, max_size=moments))
    places = {*spread(moments, draw(st.integers(1, moments)))}
    places |= draw(st.sets(st.integers(0, moments - 1)))
    looked = np.zeros(moments)
    looked[sorted(places)] = 1
    return np.array(values), looked


def averaged(values: Series, looked: Series, scales: list[float]) -> Series:
    """Average by the definition, one moment after the other."""
    gap = len(looked) / looked.sum()
    means = []
    for scale in scales:
        width = scale if gap <= 1 else max(scale, gap)
        reach = int(8 * width + 0.5)
        for moment in range(len(values)):
            near = [
                (math.exp(-((moment - other) ** 2) / (2 * width**2)), values[other])
                for other in np.flatnonzero(looked)
                if abs(moment - other) <= reach
            ]
            means.append(sum(w * v for w, v in near) / sum(w for w, _ in near))
    mean: Series = np.array(means).reshape(len(scales), -1).mean(axis=0)
    return mean


@given(looks(), SCALES)
def test_smoothing_is_the_mean_of_gaussian_averages_of_what_was_looked_at(
    drawn: tuple[Series, Series], scales: list[float]
) -> None:
    np.testing.assert_allclose(smooth(*drawn, scales), averaged(*drawn, scales), atol=1e-9)


@given(looks(), SCALES)
def test_smoothed_values_stay_between_the_looked_at_ones(
    drawn: tuple[Series, Series], scales: list[float]
) -> None:
    values, looked = drawn
    smoothed = smooth(values, looked, scales)

    assert smoothed.min() >= values[looked == 1].min() - 1e-12
    assert smoothed.max() <= values[looked == 1].max() + 1e-12


@given(looks(), SHARES, SCALES)
def test_what_is_constant_stays_constant_up_to_both_ends(
    drawn: tuple[Series, Series], level: float, scales: list[float]
) -> None:
    _, looked = drawn
    values = np.where(looked == 1, level, 0.77)  # what was not looked at does not count

    np.testing.assert_allclose(smooth(values, looked, scales), level, atol=1e-12)


@given(looks(), SCALES)
def test_time_backwards_gives_the_curve_backwards(
    drawn: tuple[Series, Series], scales: list[float]
) -> None:
    values, looked = drawn

    np.testing.assert_allclose(
        smooth(values[::-1], looked[::-1], scales), smooth(*drawn, scales)[::-1], atol=1e-12
    )


def test_a_peak_stays_where_it_was_and_is_spread() -> None:
    values = np.zeros(41)
    values[20] = 1
    smoothed = smooth(values, np.ones(41), (1.0, 4.0))

    assert smoothed.argmax() == 20
    assert 0 < smoothed[10] < smoothed[17] < smoothed[20] < 1


@given(st.lists(st.floats(0, 1e9), min_size=1), st.floats(1e-3, 10))
def test_relative_evidence_is_a_share_in_the_same_order(
    evidence: list[float], least: float
) -> None:
    shares = relative(np.array(evidence), least)

    assert shares.min() >= 0
    assert shares.max() <= 1
    order = np.argsort(evidence)
    assert (np.diff(shares[order]) >= 0).all()


@pytest.mark.parametrize(("peak", "share"), [(0.0, 0.0), (0.01, 1 / 11), (0.1, 0.5), (0.9, 0.9)])
def test_a_small_peak_is_kept_small(peak: float, share: float) -> None:
    assert relative(np.array([0.0, peak]), 0.1).tolist() == pytest.approx([0, share])


@given(st.lists(st.tuples(SHARES, SHARES), min_size=1))
def test_the_joined_score_lies_between_both_readings(pairs: list[tuple[float, float]]) -> None:
    whether, when = np.array(pairs).T
    joined = join(whether, when)

    assert (joined >= np.minimum(whether, when) - 1e-12).all()
    assert (joined <= np.maximum(whether, when) + 1e-12).all()
    np.testing.assert_allclose(joined, join(when, whether))


def test_both_readings_are_needed() -> None:
    assert join(np.array([1.0, 0.0, 0.25]), np.array([0.0, 1.0, 1.0])).tolist() == [0, 0, 0.5]


def cut(*scores: float) -> list[tuple[float, float]]:
    found = segments(np.array(scores), 2.0, alarm=0.5, hold=0.35)
    return [(one.start, one.end) for one in found]


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ((), []),
        ((0.0, 0.0), []),
        ((0.5,), [(0, 2)]),  # reaches the alarm
        ((0.4999,), []),  # does not
        ((0.1, 0.4, 0.6, 0.4, 0.1), [(2, 8)]),  # lasts as long as it holds
        ((0.35, 0.6, 0.3499), [(0, 4)]),  # holds at the limit, not below
        ((0.4, 0.4, 0.4), []),  # holds, and never alarms
        ((0.6, 0.1, 0.6), [(0, 2), (4, 6)]),
        ((0.6, 0.36, 0.6), [(0, 6)]),  # a dip that holds parts nothing
        ((0.4, 0.1, 0.9, 0.9), [(4, 8)]),
    ],
)
def test_a_segment_starts_and_ends_at_hold_and_needs_the_alarm_once(
    scores: tuple[float, ...], expected: list[tuple[float, float]]
) -> None:
    assert cut(*scores) == expected


@given(st.lists(SHARES, max_size=40), SHARES, SHARES)
def test_segments_are_the_longest_spans_that_hold_and_alarm(
    scores: list[float], one: float, other: float
) -> None:
    hold, alarm = sorted((one, other))
    found = segments(np.array(scores), 1.0, alarm=alarm, hold=hold)

    inside = {moment for span in found for moment in range(int(span.start), int(span.end))}
    assert {moment for moment, score in enumerate(scores) if score >= alarm} <= inside
    for span in found:
        held = scores[int(span.start) : int(span.end)]
        assert min(held) >= hold
        assert max(held) >= alarm
        beyond = [scores[int(span.start) - 1]] if span.start else []
        beyond += scores[int(span.end) : int(span.end) + 1]
        assert all(score < hold for score in beyond)


@given(st.lists(SHARES, min_size=1, max_size=40))
def test_time_backwards_gives_the_segments_backwards(scores: list[float]) -> None:
    def spans(values: list[float]) -> tuple[Segment, ...]:
        return segments(np.array(values), 1.0, alarm=0.5, hold=0.35)

    mirrored = [(len(scores) - one.end, len(scores) - one.start) for one in spans(scores[::-1])]
    assert [(one.start, one.end) for one in spans(scores)] == mirrored[::-1]
