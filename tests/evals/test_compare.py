from collections.abc import Sequence

import pytest

from tests.evals.made import OPEN, dataset, header, opinion, record, sample
from vau_agent.errors import EvaluationError
from vau_agent.evals.compare import Comparison, Run, compare_runs
from vau_agent.evals.records import Opinion, Record
from vau_agent.evals.samples import Question
from vau_agent.evals.significance import Interval, mcnemar
from vau_agent.evals.tables import Table

MANY = dataset(*(sample(f"n{number}") for number in range(100)))


def run(name: str, records: Sequence[Record], samples: int = 100, **changed: str) -> Run:
    made = header(samples, **changed)
    return Run(name=name, header=made, dataset=MANY, records=tuple(records))


def answers(right: int) -> list[Record]:
    """Answer a hundred normal videos, so many of them right."""
    return [
        record(f"n{number}", opinion() if number < right else opinion((1, 2)))
        for number in range(100)
    ]


def gate(value: float, low: float, high: float) -> Comparison:
    interval = Interval(value=value, low=low, high=high, n=50)
    return Comparison(table=Table(title="t", rows=()), differences={"accuracy": interval})


@pytest.mark.parametrize(
    ("value", "low", "high", "fails"),
    [
        (0.0, 0.0, 0.0, False),
        (0.05, 0.01, 0.09, False),
        (-0.005, -0.02, 0.01, False),  # within the margin, and may be chance
        (-0.005, -0.009, -0.001, True),  # within the margin, and beyond doubt
        (-0.02, -0.05, 0.01, True),  # beyond the margin, even if it may be chance
        (-0.01, -0.05, 0.01, False),  # the margin itself is allowed
    ],
)
def test_the_gate_fails_beyond_the_margin_or_beyond_doubt(
    value: float, low: float, high: float, fails: bool
) -> None:
    assert bool(gate(value, low, high).worse(0.01)) == fails


def test_the_gate_says_which_metric_and_by_how_much() -> None:
    (line,) = gate(-0.02, -0.05, 0.01).worse(0.01)

    assert line == "accuracy: -0.020, worse than the allowed -0.010 (n=50)"


def test_only_the_named_metrics_decide() -> None:
    assert gate(-0.5, -0.6, -0.4).worse(0.01, only=("miou",)) == ()


def test_a_run_is_not_worse_than_itself() -> None:
    compared = compare_runs(run("a", answers(60)), run("b", answers(60)), draws=50)

    assert compared.differences["accuracy"] == Interval(value=0, low=0, high=0, n=100)
    assert compared.worse(0.0) == ()


def test_differences_are_paired_and_mcnemar_is_exact() -> None:
    compared = compare_runs(run("a", answers(60)), run("b", answers(52)), draws=200)

    difference = compared.differences["accuracy"]
    assert difference.value == pytest.approx(-0.08)
    assert -0.16 < difference.low < difference.high < 0  # unpaired, 0 would lie well inside
    (row,) = [one for one in compared.table.rows if one.name == "B - A"]
    assert row.kind == "difference"
    assert row.metrics["accuracy_mcnemar_p"].value == pytest.approx(mcnemar(8, 0))
    assert compared.worse(0.10) != ()


def test_samples_of_one_side_only_are_named() -> None:
    compared = compare_runs(run("a", answers(60)), run("b", answers(60)[1:]), draws=20)

    assert compared.differences["accuracy"].n == 99
    assert [(gap.id, gap.detail) for gap in compared.table.gaps] == [
        ("n0", "only a has it; not compared")
    ]


def test_a_failed_answer_is_wrong_on_its_side_and_named() -> None:
    failed = [record("n0", None), *answers(60)[1:]]

    compared = compare_runs(run("a", answers(60)), run("b", failed), draws=20)

    assert compared.differences["accuracy"].value == pytest.approx(-0.01)
    assert compared.differences["miou"].value == pytest.approx(-0.01)
    assert [gap.kind for gap in compared.table.gaps] == ["failed"]


def test_runs_of_different_annotations_are_refused() -> None:
    with pytest.raises(EvaluationError, match="different annotations"):
        compare_runs(run("a", answers(60)), run("b", answers(60), sha256="b" * 64))


def test_runs_without_a_sample_in_common_are_refused() -> None:
    with pytest.raises(EvaluationError, match="no sample in common"):
        compare_runs(run("a", answers(60)[:50]), run("b", answers(60)[50:]))


def test_settings_that_differ_are_told() -> None:
    a, b = run("a", answers(60), rounds="0"), run("b", answers(60), rounds="2")

    assert compare_runs(a, b, draws=20).table.notes == ("rounds: 0 (A), 2 (B)",)


def test_every_kind_of_answer_is_compared() -> None:
    question = Question(text="?", options=("a", "b"), answer=0)
    samples = dataset(sample("one", (2, 6), question=question), sample("two"))

    def side(name: str, said: Opinion) -> Run:
        curve = ((0.0, 0.5),)
        return Run(
            name=name,
            header=header(2),
            dataset=samples,
            records=(record("one", said, curve=curve), record("two", opinion(), curve=curve)),
        )

    compared = compare_runs(side("a", OPEN), side("b", opinion((2, 6))), draws=20)

    values = {name: one.value for name, one in compared.differences.items()}
    assert values["accuracy"] == 0.5
    assert values["category_accuracy"] == 1
    assert values["miou"] == 0.5
    assert values["frame_auc"] == 0.5
    assert "choice_accuracy" not in values
