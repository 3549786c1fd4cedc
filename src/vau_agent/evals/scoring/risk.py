"""How urgent it was said to be, where the truth knows: risk by unequal costs, blind rows beside."""

from collections import Counter
from collections.abc import Mapping, Sequence

from vau_agent.evals.metrics.risk import COSTS, OUR_READING, risk_row
from vau_agent.evals.samples import RISKS, Risk
from vau_agent.evals.scoring.answers import ROWS, Answer, When
from vau_agent.evals.tables import Row, Table


def risk_table(
    answers: Sequence[Answer], conventions: Mapping[str, str], *, draws: int, seed: int
) -> Table | None:
    """Compare what verdicts rate with the annotated risk.

    `None` when no risk is annotated, or no answer to such a sample states one.
    """
    known = [(one, one.sample.truth.risk) for one in answers if one.sample.truth.risk is not None]
    rated = [one for one, _ in known]
    truth = [risk for _, risk in known]
    if all(_risk(one, "final") is None for one in rated):
        return None
    rows = []
    for name, when in ROWS:
        said = [_risk(one, when) for one in rated]
        if any(said):
            rows.append(
                risk_row(
                    name,
                    truth,
                    said,
                    label_right=[one.is_right(when) for one in rated],
                    category_right=[_is_category_right(one, when) for one in rated],
                    draws=draws,
                    seed=seed,
                )
            )
    return Table(
        title=f"Risk ({OUR_READING})",
        rows=(*rows, *_blind_rows(rated, truth, draws=draws, seed=seed)),
        conventions={
            **conventions,
            "risk": "severity of the verdict: 0 low (normal), 1 medium (inconclusive too), 2 high",
            "risk_cost": _told_costs(),
            "cost_weighted_error": "cost over the most that the truth allows; unanswered costs "
            "the most",
            "double_right": "label and category; of a sample without category, the label",
            "triple_right": "label, category and risk",
            "always low": "calls every video normal",
        },
    )


def _risk(answer: Answer, when: When) -> Risk | None:
    opinion = answer.opinion(when)
    if opinion is None or opinion.severity is None:
        return None
    return RISKS[opinion.severity]


def _is_category_right(answer: Answer, when: When) -> bool:
    return answer.sample.truth.category is None or answer.is_category_right(when)


def _blind_rows(
    rated: Sequence[Answer], truth: Sequence[Risk], *, draws: int, seed: int
) -> tuple[Row, ...]:
    def always(risk: Risk) -> list[Risk]:
        return [risk] * len(truth)

    normal = [not one.sample.truth.anomalous for one in rated]
    most = Counter(truth).most_common(1)[0][0]
    return (
        risk_row(
            "always low",
            truth,
            always("low"),
            label_right=normal,
            category_right=normal,
            kind="blind",
            draws=draws,
            seed=seed,
        ),
        risk_row("always high", truth, always("high"), kind="blind", draws=draws, seed=seed),
        risk_row(
            f"always {most}, most frequent in these samples: upper bound",
            truth,
            always(most),
            kind="oracle",
            draws=draws,
            seed=seed,
        ),
    )


def _told_costs() -> str:
    told = (f"{truth} called {said} {cost:g}" for (truth, said), cost in COSTS.items())
    return f"mean of {', '.join(told)}; right 0"
