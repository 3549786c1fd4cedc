import pytest

from tests.evals.made import OPEN, dataset, opinion, record, sample
from vau_agent.evals.metrics.risk import OUR_READING
from vau_agent.evals.records import Opinion, Record
from vau_agent.evals.samples import Risk, Sample
from vau_agent.evals.scoring.tables import score_records
from vau_agent.evals.tables import Table
from vau_agent.schemas import Severity


def rated(one: Sample, risk: Risk | None) -> Sample:
    return one.model_copy(update={"truth": one.truth.model_copy(update={"risk": risk})})


def urgent(one: Opinion, severity: Severity | None) -> Opinion:
    return one.model_copy(update={"severity": severity})


SAMPLES = dataset(
    rated(sample("fight", (2, 6)), "high"),
    rated(sample("theft", (2, 6), category="stealing"), "medium"),
    rated(sample("quiet"), "low"),
    rated(sample("failed", (0, 5)), "high"),
    sample("not rated", (0, 5)),
)
ANSWERS = (
    record("fight", urgent(opinion((2, 6)), 2), urgent(OPEN, 1)),
    record("theft", urgent(opinion((2, 6)), 2), urgent(opinion(), 0)),
    record("quiet", urgent(opinion(), 0)),
    record("failed", None),
    record("not rated", urgent(opinion((0, 5)), 2)),
)


def risk_table(*records: Record) -> Table | None:
    tables = score_records(SAMPLES, records, draws=20)
    return next((one for one in tables if one.title == f"Risk ({OUR_READING})"), None)


def figures(name: str) -> dict[str, float | None]:
    table = risk_table(*ANSWERS)
    assert table is not None
    row = next(one for one in table.rows if one.name == f"{name} ({OUR_READING})")
    return {metric: one.value for metric, one in row.metrics.items()}


def test_a_hand_case_with_a_failed_answer() -> None:
    assert figures("agent") == pytest.approx(
        {
            "risk_accuracy": 2 / 4,
            "risk_cost": (0 + 1 + 0 + 10) / 4,
            "cost_weighted_error": (0 + 1 / 3 + 0 + 1) / 4,
            "samples_called_too_low": 0,
            "samples_called_too_high": 1,
            "unanswered": 1,
            "double_right": 2 / 4,
            "triple_right": 2 / 4,
        }
    )


def test_first_opinions_are_rated_too() -> None:
    first = figures("agent, never revising")

    assert first["samples_called_too_low"] == 2
    assert first["risk_cost"] == (4 + 3 + 0 + 10) / 4
    assert first["double_right"] == 1 / 4


def test_constants_stand_beside_and_the_fitted_one_is_an_upper_bound() -> None:
    table = risk_table(*ANSWERS)

    assert table is not None
    assert [row.kind for row in table.rows] == ["measured", "measured", "blind", "blind", "oracle"]
    assert figures("always low")["risk_accuracy"] == 1 / 4
    assert figures("always low")["triple_right"] == 1 / 4
    assert figures("always high")["risk_accuracy"] == 2 / 4
    assert figures("always high")["risk_cost"] == (1 + 2) / 4
    fitted = "always high, most frequent in these samples: upper bound"
    assert figures(fitted) == figures("always high")


def test_the_costs_are_stated() -> None:
    table = risk_table(*ANSWERS)

    assert table is not None
    assert "high called low 10, high called medium 4" in table.conventions["risk_cost"]


def test_a_right_risk_for_a_wrong_reason_is_not_triple_right() -> None:
    fire = urgent(opinion((2, 6), category="fire"), 2)
    table = risk_table(record("fight", fire))

    assert table is not None
    metrics = table.rows[0].metrics
    assert metrics["risk_accuracy"].value == 1 / 4
    assert metrics["triple_right"].value == 0


def test_of_a_sample_without_category_only_the_label_must_be_right() -> None:
    open_ = rated(sample("odd", (2, 6), category=None), "high")
    tables = score_records(dataset(open_), [record("odd", urgent(opinion((2, 6)), 2))], draws=20)

    table = next(one for one in tables if one.title.startswith("Risk"))
    assert table.rows[0].metrics["triple_right"].value == 1


def test_where_nothing_rates_there_is_no_table() -> None:
    assert risk_table(*(record(one.sample_id, opinion()) for one in ANSWERS)) is None
    assert risk_table(record("not rated", urgent(opinion((0, 5)), 2))) is None
