import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vau_agent.evals.report.figures import (
    bounds,
    defined,
    interval,
    is_count,
    joined_remarks,
    metric_names,
    number,
    shared_counts,
    side_of_zero,
    signed,
    usual_n,
    why_undefined,
)
from vau_agent.evals.tables import Estimate, Row


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, "0.000"),
        (0.77614, "0.776"),
        (1.0, "1.000"),
        (-0.0214, "-0.021"),
        (0.00003, "3.0e-05"),
        (53.94, "53.94"),
        (412.36, "412.4"),
        (2103441.0, "2,103,441"),
    ],
)
def test_a_figure_has_three_digits(value: float, said: str) -> None:
    assert number(value) == said


@given(st.floats(min_value=-1e6, max_value=1e6).filter(lambda value: abs(value) > 1e-9))
def test_written_figures_read_back_within_half_a_percent_or_half_a_digit(value: float) -> None:
    read = float(number(value).replace(",", ""))

    assert math.isclose(read, value, rel_tol=0.051 if abs(value) < 0.0005 else 0.005, abs_tol=5e-4)


def test_a_count_has_no_decimals() -> None:
    rows = [Row(name="a", metrics={"frames": Estimate(value=1, n=3)})]

    assert is_count("frames", rows)
    assert number(1, whole=True) == "1"


def test_a_whole_share_is_no_count() -> None:
    rows = [Row(name="a", metrics={"recall": Estimate(value=1, n=3)})]

    assert not is_count("recall", rows)


def test_whole_numbers_above_one_are_counts_unless_they_carry_an_interval() -> None:
    points = Row(name="a", metrics={"points": Estimate(value=7, n=3)})
    gained = Row(name="a", metrics={"net_points": Estimate(value=5, low=2, high=8, n=3)})
    nothing = Row(name="b", metrics={"net_points": Estimate(value=0, n=3)})

    assert is_count("points", [points])
    assert not is_count("net_points", [gained, nothing])


def test_a_count_that_all_rows_share_is_given_once() -> None:
    def row(name: str, frames: float, videos: float) -> Row:
        return Row(
            name=name,
            metrics={
                "auc": Estimate(value=0.5, n=3),
                "frames": Estimate(value=frames, n=3),
                "videos": Estimate(value=videos, n=3),
            },
        )

    bare = Row(name="difference", metrics={"auc": Estimate(value=0.1, n=3)})

    assert shared_counts([row("a", 1200, 3), row("b", 1200, 4), bare]) == {"frames": "1,200"}
    assert shared_counts([row("a", 1200, 3), bare]) == {}


@pytest.mark.parametrize(
    "other",
    [
        Estimate(value=7, n=3, note="of which 2 are doubled"),
        Estimate(value=7, low=5, high=9, n=3),
        Estimate(value=None, n=3),
    ],
)
def test_a_shared_count_that_needs_a_word_stays_in_its_rows(other: Estimate) -> None:
    auc, seven = Estimate(value=0.5, n=3), Estimate(value=7, n=3)
    rows = [
        Row(name="a", metrics={"auc": auc, "unparsed": seven}),
        Row(name="b", metrics={"auc": auc, "unparsed": other}),
    ]

    assert shared_counts(rows) == {}


def test_a_table_of_nothing_but_shared_counts_keeps_them() -> None:
    rows = [Row(name=name, metrics={"frames": Estimate(value=7, n=3)}) for name in "ab"]

    assert shared_counts(rows) == {}


def test_a_difference_has_its_sign_and_its_side() -> None:
    assert [signed(value) for value in (0.0214, -0.0214, 0.0)] == ["+0.021", "-0.021", "0.000"]
    assert side_of_zero((0.1, 0.2)) == "above"
    assert side_of_zero((-0.2, -0.1)) == "below"
    assert side_of_zero((0.0, 0.1)) == side_of_zero((-0.1, 0.1)) == "around"
    assert side_of_zero(None) == "unknown"


def test_a_mean_of_counts_keeps_its_decimals() -> None:
    rows = [
        Row(name="a", metrics={"calls": Estimate(value=2, n=3)}),
        Row(name="b", metrics={"calls": Estimate(value=2.5, n=3)}),
    ]

    assert not is_count("calls", rows)


def test_an_interval_with_one_end_is_none() -> None:
    assert bounds(Estimate(value=0.5, low=0.4, n=3)) is None
    assert interval(Estimate(value=0.5, low=0.4, n=3)) == ""
    assert interval(Estimate(value=0.5, low=0.41, high=0.6, n=3)) == "[0.410, 0.600]"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_finite_number_is_undefined_and_says_so(value: float) -> None:
    estimate = Estimate(value=value, low=value, high=value, n=3)

    assert defined(estimate) is None
    assert bounds(estimate) is None
    assert why_undefined(estimate) == "not a finite number"


def test_metrics_stand_in_the_order_of_first_mention() -> None:
    one = Estimate(value=1, n=1)
    rows = [
        Row(name="a", metrics={"x": one, "y": one}),
        Row(name="b", metrics={"z": one, "x": one}),
    ]

    assert metric_names(rows) == ("x", "y", "z")


def test_the_n_of_a_row_is_what_most_of_its_figures_rest_on() -> None:
    metrics = {name: Estimate(value=1, n=n) for name, n in (("a", 5), ("b", 9), ("c", 9))}

    assert usual_n(Row(name="r", metrics=metrics)) == 9
    assert usual_n(Row(name="r", metrics={})) is None


def test_an_explanation_is_given_once_for_all_it_stands_for() -> None:
    def row(name: str, **notes: str) -> Row:
        metrics = {metric: Estimate(value=1, n=1, note=note) for metric, note in notes.items()}
        return Row(name=name, metrics=metrics)

    rows = [row("a", x="few", y="few", z="none"), row("b", x="few", y="few"), row("c", x="few")]

    assert [(one.words, one.metrics, one.rows) for one in joined_remarks(rows)] == [
        ("few", ("x", "y"), ("a", "b")),
        ("none", ("z",), ("a",)),
        ("few", ("x",), ("c",)),
    ]
