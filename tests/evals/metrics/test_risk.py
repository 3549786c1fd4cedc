import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vau_agent.errors import MetricError
from vau_agent.evals.metrics.risk import (
    COSTS,
    OUR_READING,
    decide_risk,
    expected_costs,
    joint_correctness,
    risk_row,
    risk_scores,
)
from vau_agent.evals.samples import RISKS, Risk

SHARES = st.lists(st.floats(0.01, 1), min_size=3, max_size=3)
RISK = st.sampled_from(RISKS)


def test_high_is_decided_although_low_is_most_likely() -> None:
    probabilities: dict[Risk, float] = {"low": 0.5, "medium": 0.2, "high": 0.3}
    costs = expected_costs(probabilities)
    assert costs == pytest.approx({"low": 3.6, "medium": 1.7, "high": 1.2})
    assert decide_risk(probabilities) == "high"


def test_calling_a_risk_too_low_costs_more_than_too_high() -> None:
    assert COSTS["high", "low"] > COSTS["low", "high"]
    under, over = risk_scores(["high"], ["low"]), risk_scores(["low"], ["high"])
    assert (under["risk_cost"].value, over["risk_cost"].value) == (10, 2)


@given(SHARES)
def test_no_decision_is_expected_to_cost_less(shares: list[float]) -> None:
    probabilities = {risk: share / sum(shares) for risk, share in zip(RISKS, shares, strict=True)}
    costs = expected_costs(probabilities)
    by_hand = {
        decision: sum(probabilities[truth] * COSTS.get((truth, decision), 0.0) for truth in RISKS)
        for decision in RISKS
    }
    assert costs == pytest.approx(by_hand)
    assert costs[decide_risk(probabilities)] == min(costs.values())


def test_of_equal_costs_the_higher_risk_is_decided() -> None:
    costs = dict.fromkeys(COSTS, 1.0)
    third: dict[Risk, float] = {"low": 1 / 3, "medium": 1 / 3, "high": 1 / 3}
    assert decide_risk(third, costs) == "high"


def test_a_hand_case_with_an_unread_answer() -> None:
    scores = risk_scores(["high", "low", "medium", "low"], ["medium", None, "medium", "low"])
    values = {name: one.value for name, one in scores.items()}
    assert values == pytest.approx(
        {
            "risk_accuracy": 0.5,
            "risk_cost": (4 + 2) / 4,
            "cost_weighted_error": (0.4 + 1) / 4,
            "samples_called_too_low": 1,
            "samples_called_too_high": 0,
            "unanswered": 1,
        }
    )


@given(st.lists(st.tuples(RISK, st.none() | RISK), min_size=1, max_size=20))
@settings(max_examples=12, deadline=None)
def test_the_error_lies_between_0_and_1(pairs: list[tuple[Risk, Risk | None]]) -> None:
    truth, said = [one for one, _ in pairs], [other for _, other in pairs]
    error = risk_scores(truth, said)["cost_weighted_error"].value
    assert error is not None and 0 <= error <= 1
    assert (error == 0) == (truth == said)


@given(st.lists(st.tuples(RISK, st.none() | RISK), min_size=1, max_size=20))
@settings(max_examples=12, deadline=None)
def test_each_item_is_right_too_low_too_high_or_unanswered(
    pairs: list[tuple[Risk, Risk | None]],
) -> None:
    scores = risk_scores([one for one, _ in pairs], [other for _, other in pairs], draws=2)
    values = {name: one.value or 0 for name, one in scores.items()}
    apart = ("samples_called_too_low", "samples_called_too_high", "unanswered")
    wrong = sum(values[name] for name in apart)
    assert values["risk_accuracy"] == pytest.approx(1 - wrong / len(pairs))


def test_a_row_that_claims_only_a_risk_has_no_joint_scores() -> None:
    row = risk_row("always high", ["low"], ["high"], kind="blind")
    assert row.kind == "blind"
    assert "double_right" not in row.metrics and "triple_right" not in row.metrics


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=1))
def test_joint_correctness_never_exceeds_the_least_of_its_parts(
    items: list[tuple[bool, bool, bool]],
) -> None:
    parts = list(zip(*items, strict=True))
    double, triple = joint_correctness(*parts[:2]).value, joint_correctness(*parts).value
    assert double is not None and triple is not None
    assert triple <= double <= min(sum(part) for part in parts[:2]) / len(items)
    assert triple <= sum(parts[2]) / len(items)
    assert triple == sum(map(all, items)) / len(items)


def test_a_row_says_that_it_is_our_reading() -> None:
    row = risk_row(
        "rules",
        ["high", "low"],
        ["high", "high"],
        category_right=[True, True],
        label_right=[True, True],
    )
    assert row.name == f"rules ({OUR_READING})"
    assert row.metrics["double_right"].value == 1
    assert row.metrics["triple_right"].value == row.metrics["risk_accuracy"].value == 0.5


@pytest.mark.parametrize(
    "probabilities",
    [
        {"low": 0.5, "high": 0.5},
        {"low": 0.5, "medium": 0.5, "high": 0.5},
        {"low": -0.5, "medium": 0.5, "high": 1.0},
        {"low": float("nan"), "medium": 0.5, "high": 0.5},
    ],
)
def test_what_are_no_probabilities_is_refused(probabilities: dict[Risk, float]) -> None:
    with pytest.raises(MetricError, match="probabilities"):
        decide_risk(probabilities)


def test_answers_that_do_not_fit_their_items_are_refused() -> None:
    with pytest.raises(MetricError, match="1 risks and 0 answers"):
        risk_scores(["high"], [])
    with pytest.raises(MetricError, match=r"\[1, 2\]"):
        joint_correctness([True], [True, False])
    with pytest.raises(MetricError, match=r"parts of \[\] items"):
        joint_correctness()
