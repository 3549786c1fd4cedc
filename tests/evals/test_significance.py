import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binomtest
from scipy.stats import bootstrap as scipy_bootstrap

from vau_agent.errors import MetricError
from vau_agent.evals.significance import (
    bootstrap,
    bootstrap_mean,
    mcnemar,
    paired_difference,
    percentile_interval,
    resamples,
    wilson,
)

PROPERTY = settings(deadline=None, max_examples=60)
VALUES = st.lists(st.floats(-5, 5), min_size=1, max_size=30)


@PROPERTY
@given(VALUES)
def test_an_interval_of_the_mean_stays_within_the_values(values: list[float]) -> None:
    interval = bootstrap_mean(values, draws=50)
    slack = 1e-9
    assert min(values) - slack <= interval.low <= interval.high <= max(values) + slack
    assert interval.value == pytest.approx(np.mean(values))
    assert interval.n == len(values)


def test_the_interval_of_a_mean_agrees_with_scipy() -> None:
    values = np.random.default_rng(1).normal(size=80)
    ours = bootstrap_mean(values.tolist(), draws=4000, seed=3)
    theirs = scipy_bootstrap(
        (values,), np.mean, n_resamples=4000, method="percentile", rng=np.random.default_rng(4)
    ).confidence_interval
    assert ours.low == pytest.approx(theirs.low, abs=0.02)
    assert ours.high == pytest.approx(theirs.high, abs=0.02)


def test_an_interval_covers_the_true_mean_about_95_times_of_100() -> None:
    random = np.random.default_rng(0)
    held = 0
    for trial in range(300):
        interval = bootstrap_mean(random.normal(size=60).tolist(), draws=200, seed=trial)
        held += interval.low <= 0 <= interval.high
    assert 0.90 <= held / 300 <= 0.98


def test_equal_seeds_give_equal_intervals_and_others_do_not() -> None:
    values = list(range(20))
    assert bootstrap_mean(values, seed=1) == bootstrap_mean(values, seed=1)
    assert bootstrap_mean(values, seed=1) != bootstrap_mean(values, seed=2)


def test_undefined_draws_are_left_out_and_counted() -> None:
    labels = np.array([True] + [False] * 4)

    def share_after_the_hit(items: NDArray[np.int64]) -> float:
        drawn = labels[items]
        return float(drawn.mean()) if drawn.any() else math.nan

    interval = bootstrap(share_after_the_hit, 5, draws=200, seed=0)
    missing = sum(not labels[items].any() for items in resamples(5, draws=200, seed=0))
    assert missing > 0
    assert interval.note == f"undefined in {missing} of 200 draws"
    assert interval.low >= 0.2
    assert interval.estimate().note == interval.note


def test_a_figure_that_is_undefined_on_everything_is_refused() -> None:
    with pytest.raises(MetricError, match="undefined on these 3 items"):
        bootstrap(lambda _: math.nan, 3)
    with pytest.raises(MetricError, match="undefined"):
        percentile_interval(1.0, np.array([math.nan, math.nan]), 2)


@PROPERTY
@given(VALUES, st.integers(0, 5))
def test_a_paired_difference_turns_its_sign_when_the_sides_are_swapped(
    values: list[float], seed: int
) -> None:
    others = [value * 2 + 1 for value in values]
    there = paired_difference(values, others, draws=40, seed=seed)
    back = paired_difference(others, values, draws=40, seed=seed)
    assert there.value == pytest.approx(-back.value)
    assert there.low == pytest.approx(-back.high)
    assert there.high == pytest.approx(-back.low)


def test_a_constant_gain_has_an_interval_without_width() -> None:
    interval = paired_difference([0.1, 0.9, 0.4], [0.2, 1.0, 0.5])
    assert interval.low == pytest.approx(interval.high) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        ([1.0], [1.0, 2.0], "got 1 and 2"),
        ([], [], "0 items"),
        ([1.0, 2.0], [1.0, math.nan], "item 1 is nan"),
    ],
)
def test_items_that_do_not_pair_are_refused(a: list[float], b: list[float], said: str) -> None:
    with pytest.raises(MetricError, match=said):
        paired_difference(a, b)


@PROPERTY
@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_agrees_with_scipy(case: tuple[int, int]) -> None:
    successes, n = case
    ours = wilson(successes, n)
    theirs = binomtest(successes, n).proportion_ci(method="wilson")
    assert ours.low == pytest.approx(theirs.low, abs=1e-12)
    assert ours.high == pytest.approx(theirs.high, abs=1e-12)
    assert 0 <= ours.low <= ours.value <= ours.high <= 1


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (3, 2), (-1, 4)])
def test_wilson_refuses_what_is_no_share(successes: int, n: int) -> None:
    with pytest.raises(MetricError, match=f"got {successes} of {n}"):
        wilson(successes, n)


def test_mcnemar_gives_the_hand_cases() -> None:
    assert mcnemar(10, 2) == pytest.approx(0.0386, abs=5e-5)
    assert mcnemar(3, 0) == pytest.approx(0.25)
    assert mcnemar(2, 0) == pytest.approx(0.5)
    assert mcnemar(0, 0) == 1.0


@PROPERTY
@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_is_twice_the_smaller_tail_and_does_not_care_who_is_first(a: int, b: int) -> None:
    n = a + b
    tail = sum(math.comb(n, k) for k in range(min(a, b) + 1)) / 2**n
    assert mcnemar(a, b) == pytest.approx(min(1.0, 2 * tail))
    assert mcnemar(a, b) == mcnemar(b, a)


def test_mcnemar_refuses_a_negative_count() -> None:
    with pytest.raises(MetricError, match="-1"):
        mcnemar(-1, 3)


@pytest.mark.parametrize(("n", "draws"), [(0, 10), (5, 0)])
def test_a_bootstrap_without_items_or_draws_is_refused(n: int, draws: int) -> None:
    with pytest.raises(MetricError, match=f"{n} items and {draws} draws"):
        next(resamples(n, draws=draws, seed=0))
