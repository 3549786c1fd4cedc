"""Risk levels with unequal costs: our reading of Vad-R1-Plus (arXiv 2601.10165).

Neither its code nor its body was public: levels, costs and the joint scores follow its abstract and
third-party notes, and every row that rests on them says so in its name. `risk_scores` scores runs;
`decide_risk` and `expected_costs` are for a policy that states probabilities, and for rewards.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from vau_agent.errors import MetricError
from vau_agent.evals.samples import RISKS, Risk
from vau_agent.evals.significance import bootstrap_mean, wilson
from vau_agent.evals.tables import Estimate, Row, RowKind

Costs = Mapping[tuple[Risk, Risk], float]
"""Cost of each wrong decision, by (truth, decision); a right one costs nothing."""

OUR_READING: Final = "our reading of Vad-R1-Plus"
COSTS: Final[Costs] = MappingProxyType(
    {
        ("high", "low"): 10.0,
        ("high", "medium"): 4.0,
        ("medium", "low"): 3.0,
        ("low", "medium"): 1.0,
        ("low", "high"): 2.0,
        ("medium", "high"): 1.0,
    }
)
"""Calling a risk too low costs more than calling it too high."""


def expected_costs(probabilities: Mapping[Risk, float], costs: Costs = COSTS) -> dict[Risk, float]:
    """Give what each decision costs on average (our reading).

    Raises:
        MetricError: The probabilities are not those of the three levels.
    """
    if set(probabilities) != set(RISKS):
        raise MetricError(f"probabilities are needed for {', '.join(RISKS)}")
    if any(not 0 <= share <= 1 for share in probabilities.values()) or (
        abs(sum(probabilities.values()) - 1) > 1e-6
    ):
        raise MetricError(f"{dict(probabilities)} are no probabilities: they lie in 0..1, sum 1")
    return {
        decision: sum(probabilities[truth] * _cost(truth, decision, costs) for truth in RISKS)
        for decision in RISKS
    }


def decide_risk(probabilities: Mapping[Risk, float], costs: Costs = COSTS) -> Risk:
    """Choose the decision that costs least on average; of equal ones the higher risk (our reading).

    Raises:
        MetricError: The probabilities are not those of the three levels.
    """
    expected = expected_costs(probabilities, costs)
    return min(reversed(RISKS), key=expected.__getitem__)


def risk_scores(
    truth: Sequence[Risk],
    said: Sequence[Risk | None],
    costs: Costs = COSTS,
    *,
    draws: int = 2000,
    seed: int = 0,
) -> dict[str, Estimate]:
    """Give `risk_accuracy`, `risk_cost`, `cost_weighted_error` and three counts (our reading).

    `risk_cost` is the mean cost of a decision; an answer that could not be read costs the most that
    its truth can. `cost_weighted_error` is that cost over the most it could have been, 0..1.
    Counts are `samples_called_too_low`, `samples_called_too_high` and `unanswered`.

    Raises:
        MetricError: There are no items, or the lengths differ.
    """
    if len(truth) != len(said) or not truth:
        raise MetricError(f"{len(truth)} risks and {len(said)} answers")
    worst = [max(_cost(risk, other, costs) for other in RISKS) for risk in truth]
    paid = [
        most if answer is None else _cost(risk, answer, costs)
        for risk, answer, most in zip(truth, said, worst, strict=True)
    ]
    shares = [cost / most for cost, most in zip(paid, worst, strict=True)]
    steps = [
        RISKS.index(answer) - RISKS.index(risk)
        for risk, answer in zip(truth, said, strict=True)
        if answer is not None
    ]
    counts = {
        "samples_called_too_low": sum(step < 0 for step in steps),
        "samples_called_too_high": sum(step > 0 for step in steps),
        "unanswered": list(said).count(None),
    }
    return {
        "risk_accuracy": wilson(steps.count(0), len(truth)).estimate(),
        "risk_cost": bootstrap_mean(paid, draws=draws, seed=seed).estimate(),
        "cost_weighted_error": bootstrap_mean(shares, draws=draws, seed=seed).estimate(),
    } | {name: Estimate(value=count, n=len(truth)) for name, count in counts.items()}


def joint_correctness(*parts: Sequence[bool]) -> Estimate:
    """Give the share of items that are right in every part; never above the least of the parts.

    Raises:
        MetricError: There are no items, or the lengths differ.
    """
    if not parts or not parts[0] or len({len(part) for part in parts}) > 1:
        raise MetricError(f"parts of {[len(part) for part in parts]} items cannot be joined")
    return wilson(sum(map(all, zip(*parts, strict=True))), len(parts[0])).estimate()


def risk_row(
    name: str,
    truth: Sequence[Risk],
    said: Sequence[Risk | None],
    *,
    label_right: Sequence[bool] = (),
    category_right: Sequence[bool] = (),
    kind: RowKind = "measured",
    draws: int = 2000,
    seed: int = 0,
) -> Row:
    """Give a row that names itself our reading, with double and triple right beside the risk.

    `double_right` is label and category, `triple_right` label, category and risk; neither is given
    for a row that claims nothing but a risk.

    Raises:
        MetricError: There are no items, or the lengths differ.
    """
    metrics = risk_scores(truth, said, draws=draws, seed=seed)
    if label_right or category_right:
        risk_right = [risk == answer for risk, answer in zip(truth, said, strict=True)]
        metrics |= {
            "double_right": joint_correctness(label_right, category_right),
            "triple_right": joint_correctness(label_right, category_right, risk_right),
        }
    return Row(name=f"{name} ({OUR_READING})", kind=kind, metrics=metrics)


def _cost(truth: Risk, decision: Risk, costs: Costs) -> float:
    return 0.0 if truth == decision else costs[truth, decision]
