import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.ndimage import convolve1d
from scipy.special import softmax

from vau_agent.errors import MetricError
from vau_agent.evals.metrics.curves import (
    fill_missing,
    mix_similar,
    parse_score,
    position_weights,
    smooth_gaussian,
)

UNIT = st.floats(0, 1)


@st.composite
def series(draw: st.DrawFn) -> NDArray[np.float64]:
    scores: NDArray[np.float64] = draw(arrays(np.float64, st.integers(1, 40), elements=UNIT))
    return scores


@st.composite
def neighbourhoods(draw: st.DrawFn) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    sources, segments = draw(st.integers(1, 8)), draw(st.integers(1, 8))
    cosines = draw(arrays(np.float64, (segments, sources), elements=st.floats(-1, 1)))
    return draw(arrays(np.float64, sources, elements=UNIT)), cosines


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("[0.7]", 0.7),
        ("0.7", 0.7),
        ("The score is [0.7].", 0.7),
        ("Of 3 people 1 runs: [ 0.4 ]", 0.4),
        ("I would say 0.35.", 0.35),
        (".5", 0.5),
        ("[1]", 1),
        ("0", 0),
        ("1.0", 1),
        ("1. A man walks, 0.2", 0.2),
        ("none", None),
        ("", None),
        ("[high]", None),
        ("7", None),
        ("1.5", None),
        ("[1.5]", None),
        ("-0.5", None),
        ("10 people", None),
        ("60 %, so 1/2", None),
        ("1. A man walks", None),
    ],
)
def test_scores_are_read_from_words(text: str, score: float | None) -> None:
    assert parse_score(text) == score


@given(st.integers(0, 10))
def test_every_step_of_the_scale_is_read(step: int) -> None:
    assert parse_score(f"[{step / 10}]") == parse_score(f"score: {step / 10}") == step / 10


def test_missing_scores_lie_on_the_line_between_their_neighbours() -> None:
    filled = fill_missing([None, 0.2, None, None, 0.8, None])
    assert filled.tolist() == pytest.approx([0.2, 0.2, 0.4, 0.6, 0.8, 0.8])


def test_scores_that_are_all_missing_are_refused() -> None:
    with pytest.raises(MetricError, match="none of 2 scores"):
        fill_missing([None, None])


@given(neighbourhoods(), st.integers(1, 10), st.floats(0.1, 20))
def test_mixing_is_convex_and_a_softmax_mean(
    given_: tuple[NDArray[np.float64], NDArray[np.float64]], count: int, sharpness: float
) -> None:
    scores, cosines = given_
    mixed = mix_similar(scores, cosines, count=count, sharpness=sharpness)
    for value, row in zip(mixed, cosines, strict=True):
        nearest = sorted(range(len(scores)), key=lambda place: -row[place])[:count]
        taken = scores[nearest]
        assert taken.min() <= value <= taken.max()
        assert value == pytest.approx(float(softmax(sharpness * row[nearest]) @ taken))


@given(series(), st.floats(-1, 1))
def test_equal_similarity_gives_the_plain_mean(scores: NDArray[np.float64], cosine: float) -> None:
    mixed = mix_similar(scores, np.full((3, len(scores)), cosine), count=len(scores))
    assert mixed == pytest.approx(float(scores.mean()))


@given(series())
def test_one_neighbour_is_the_segment_itself(scores: NDArray[np.float64]) -> None:
    mixed = mix_similar(scores, np.eye(len(scores)), count=1, sharpness=10)
    assert mixed.tolist() == scores.tolist()


@given(UNIT, st.integers(1, 60), st.integers(1, 21), st.floats(0.5, 20))
def test_smoothing_keeps_a_constant(value: float, count: int, size: int, sigma: float) -> None:
    smoothed = smooth_gaussian([value] * count, size=size, sigma=sigma)
    assert smoothed.tolist() == [value] * count


@given(series(), st.sampled_from([1, 3, 5, 15]), st.floats(0.5, 20))
def test_scipy_finds_the_same_smoothing(
    scores: NDArray[np.float64], size: int, sigma: float
) -> None:
    kernel = np.exp(-0.5 * ((np.arange(size) - size // 2) / sigma) ** 2)

    def total(values: NDArray[np.float64]) -> NDArray[np.float64]:
        summed: NDArray[np.float64] = convolve1d(values, kernel, mode="constant")
        return summed

    theirs = total(scores) / total(np.ones_like(scores))
    smoothed = smooth_gaussian(scores, size=size, sigma=sigma)
    assert smoothed == pytest.approx(theirs)
    assert scores.min() <= smoothed.min() <= smoothed.max() <= scores.max()


def test_zeros_beyond_the_ends_lower_a_constant_there() -> None:
    smoothed = smooth_gaussian(np.ones(40), edges="zeros")
    assert smoothed[20] == pytest.approx(1)
    assert smoothed[0] < 0.6
    assert smoothed[-1] < 0.6


def test_zeros_follow_the_released_kernel() -> None:
    # 3 taps at -2, -0.5 and 1 steps: linspace(-3 // 2, 3 // 2, 3).
    taps = np.exp(-(np.array([-2, -0.5, 1]) ** 2) / 2)
    smoothed = smooth_gaussian([0, 0, 1, 0, 0], size=3, sigma=1, edges="zeros")
    assert smoothed == pytest.approx([0, *(taps / taps.sum()), 0])


@pytest.mark.parametrize("count", [1, 3, 5, 101])
def test_position_is_worth_1_in_the_middle_and_exp_of_minus_half_at_the_ends(count: int) -> None:
    weights = position_weights(count)
    assert weights[count // 2] == weights.max() == 1
    assert weights.tolist() == pytest.approx(weights[::-1].tolist())
    if count > 1:
        assert weights[0] == pytest.approx(math.exp(-0.5))


@given(st.integers(2, 500))
def test_positions_fall_off_from_the_middle(count: int) -> None:
    weights, middle = position_weights(count), count // 2
    assert weights[0] == pytest.approx(math.exp(-0.5))
    assert (np.diff(weights[: middle + 1]) > 0).all()
    assert (np.diff(weights[middle:]) < 0).all()


def test_what_is_no_series_of_numbers_is_refused() -> None:
    with pytest.raises(MetricError, match=r"score at \[1\] is not a number"):
        smooth_gaussian([0.5, math.nan])
    with pytest.raises(MetricError, match=r"shape \(0,\)"):
        smooth_gaussian([])
    with pytest.raises(MetricError, match="size 0"):
        smooth_gaussian([0.5], size=0)
    with pytest.raises(MetricError, match="2 scores, similarities"):
        mix_similar([0.5, 0.5], [[1.0, 0.0, 0.0]], count=1)
    with pytest.raises(MetricError, match="the 0 nearest"):
        mix_similar([0.5], [[1.0]], count=0)
    with pytest.raises(MetricError, match="0 frames"):
        position_weights(0)
