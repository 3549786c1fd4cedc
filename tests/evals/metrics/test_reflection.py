import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from vau_agent.errors import MetricError
from vau_agent.evals.metrics.reflection import (
    NEVER_REVISE,
    effective_reflection_ratio,
    reflection_scores,
)

SCORES = st.sampled_from([0.0, 0.25, 0.5, 1.0]) | st.floats(0, 1)
PAIRS = st.lists(st.tuples(SCORES, SCORES), min_size=1, max_size=25)


def test_a_hand_case_of_right_and_wrong() -> None:
    # 4 wrong, 3 of them fixed; 6 right, 1 of them broken.
    first = [0.0] * 4 + [1.0] * 6
    last = [1.0] * 3 + [0.0] * 2 + [1.0] * 5
    scores = reflection_scores(first, last)
    assert scores.n == 10
    assert scores.points_ratio.note == "3 fixed, 1 broken"
    assert scores.fixed.value == 3 / 4
    assert scores.broken.value == pytest.approx(1 / 6)
    assert scores.net_points.value == pytest.approx(20)
    assert scores.net_points.low < 20 < scores.net_points.high
    assert scores.points_ratio.value == 3
    assert scores.mcnemar_p == pytest.approx(0.625)
    assert scores.first_right.value == 0.6
    assert scores.last_right.value == 0.8


def test_a_hand_case_of_overlaps() -> None:
    scores = reflection_scores([0.0, 0.8, 1.0, 0.1], [0.8, 0.0, 1.0, 0.2], right_at=0.5)
    assert scores.points_ratio.note == "1 fixed, 1 broken"
    assert scores.mean_gain.value == pytest.approx((0.8 - 0.8 + 0 + 0.1) / 4)
    assert scores.correction_rate.value == pytest.approx(2 / 3)
    assert scores.damage_rate.value == 0.25


def test_an_infinite_ratio_is_said_in_words() -> None:
    fixed = reflection_scores([0, 0], [1, 1]).points_ratio
    assert fixed.value is None
    assert fixed.note == "inf: 2 fixed, none broken"
    assert reflection_scores([0, 1], [0, 1]).points_ratio.note == "nothing fixed, nothing broken"
    assert reflection_scores([1, 1], [0, 1]).points_ratio.value == 0


def test_shares_without_items_are_not_defined_and_say_why() -> None:
    scores = reflection_scores([1, 1], [1, 0])
    assert scores.fixed.value is scores.correction_rate.value is None
    assert scores.fixed.note == "no first answer was wrong"
    assert scores.correction_rate.note == "every first answer was perfect"
    assert reflection_scores([0], [1]).broken.note == "no first answer was right"


@given(PAIRS, st.sampled_from([0.3, 0.5, 0.7, 1.0]))
@settings(deadline=None, max_examples=60)
def test_the_parts_add_up(pairs: list[tuple[float, float]], right_at: float) -> None:
    first, last = [one for one, _ in pairs], [other for _, other in pairs]
    scores = reflection_scores(first, last, right_at=right_at, draws=20)
    n = len(pairs)
    fixed = sum(s1 < right_at <= s2 for s1, s2 in pairs)
    broken = sum(s2 < right_at <= s1 for s1, s2 in pairs)
    wrong = sum(s1 < right_at for s1, _ in pairs)
    assert scores.fixed.value == (pytest.approx(fixed / wrong) if wrong else None)
    assert scores.broken.value == (pytest.approx(broken / (n - wrong)) if n > wrong else None)
    assert scores.net_points.value == pytest.approx(100 * (fixed - broken) / n)
    gained = (scores.last_right.value or 0) - (scores.first_right.value or 0)
    assert scores.net_points.value == pytest.approx(100 * gained)
    assert scores.mean_gain.value == pytest.approx(sum(s2 - s1 for s1, s2 in pairs) / n)
    assert scores.damage_rate.value == pytest.approx(sum(s2 < s1 for s1, s2 in pairs) / n)
    if fixed + broken:
        exact = binomtest(fixed, fixed + broken, 0.5).pvalue
        assert scores.mcnemar_p == pytest.approx(float(exact))


@given(PAIRS)
@settings(deadline=None, max_examples=30)
def test_swapping_first_and_last_swaps_fixed_and_broken(pairs: list[tuple[float, float]]) -> None:
    first, last = [one for one, _ in pairs], [other for _, other in pairs]
    there, back = reflection_scores(first, last, draws=20), reflection_scores(last, first, draws=20)
    assert there.net_points.value == -back.net_points.value
    assert there.mcnemar_p == back.mcnemar_p


def test_the_row_that_never_revises_stands_beside() -> None:
    first, last = [0.0, 0.0, 1.0, 1.0], [1.0, 1.0, 1.0, 0.0]
    row, unrevised = reflection_scores(first, last).rows("agent")
    assert (row.name, row.kind) == ("agent", "measured")
    assert (unrevised.name, unrevised.kind) == (NEVER_REVISE, "floor")
    assert set(row.metrics) == set(unrevised.metrics)
    assert (row.metrics["right"].value, unrevised.metrics["right"].value) == (0.75, 0.5)
    same, _ = reflection_scores(first, first).rows("agent")
    assert {name: one.value for name, one in same.metrics.items() if name != "mcnemar_p"} == {
        name: one.value for name, one in unrevised.metrics.items() if name != "mcnemar_p"
    }


def test_equal_seeds_give_equal_intervals() -> None:
    first, last = [0.0, 1.0] * 10, [1.0, 1.0, 0.0, 1.0] * 5
    assert reflection_scores(first, last, seed=3) == reflection_scores(first, last, seed=3)
    assert reflection_scores(first, last, seed=3) != reflection_scores(first, last, seed=4)


def test_effective_reflection_is_the_accuracy_of_what_was_reflected_on() -> None:
    ratio = effective_reflection_ratio([1, 0, 1, 1], [1, 1, 0, 1])
    assert ratio.value == pytest.approx(2 / 3)
    assert ratio.n == 3
    assert effective_reflection_ratio([1, 0], [3, 1]).value == 0.75
    assert effective_reflection_ratio([1, 0], [0, 0]).note == "nothing was reflected on"


@given(st.lists(st.tuples(SCORES, st.integers(0, 1)), min_size=1, max_size=20))
@settings(deadline=None, max_examples=30)
def test_what_was_not_reflected_on_changes_nothing(items: list[tuple[float, int]]) -> None:
    right, made = [one for one, _ in items], [other for _, other in items]
    with_more = effective_reflection_ratio([*right, 0.0, 1.0], [*made, 0, 0])
    assert effective_reflection_ratio(right, made) == with_more


@pytest.mark.parametrize(
    ("first", "last", "message"),
    [
        ([], [], "no scores"),
        ([1.0], [1.0, 0.0], "1 first and 2 last"),
        ([1.0, 1.5], [1.0, 0.0], "item 1 has score 1.5"),
        ([float("nan")], [1.0], "item 0 has score nan"),
    ],
)
def test_scores_that_cannot_be_compared_are_refused(
    first: list[float], last: list[float], message: str
) -> None:
    with pytest.raises(MetricError, match=message):
        reflection_scores(first, last)


@pytest.mark.parametrize("weights", [[1.0], [1.0, -1.0], [1.0, float("nan")]])
def test_weights_that_are_none_are_refused(weights: list[float]) -> None:
    with pytest.raises(MetricError, match="reflection"):
        effective_reflection_ratio([1, 0], weights)
