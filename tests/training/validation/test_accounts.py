"""What revising changed and what accepting knows, counted by hand."""

import pytest

from tests.evals.made import record
from tests.training.validation.doubles import sample
from vau_agent.results import UsageTotals
from vau_agent.training.validation.accounts import acceptance_rows, cost_row, revision_rows
from vau_agent.training.validation.answering import Words
from vau_agent.training.validation.methods import Claim, Method

SAMPLES = tuple(sample(f"n{number}") for number in range(4))
RIGHT = Claim(anomalous=False, category="normal", iou=0.0)
WRONG = Claim(anomalous=True, category="fall", iou=0.0)


def method(*claims: Claim) -> Method:
    return Method(
        name="it", claims={one.id: said for one, said in zip(SAMPLES, claims, strict=True)}
    )


def words(*accepts: float | None, unmeasured: float = 0.5) -> dict[str, Words]:
    return {
        one.id: Words(
            sample_id=one.id,
            stages=(),
            texts=(),
            readable=True,
            accept=accept,
            accept_unmeasured=unmeasured,
        )
        for one, accept in zip(SAMPLES, accepts, strict=True)
    }


FIRST = method(RIGHT, RIGHT, WRONG, WRONG)


def test_what_is_fixed_and_broken_is_counted_with_never_revising_beside() -> None:
    last = method(RIGHT, WRONG, RIGHT, RIGHT)
    rows = {row.name: row for row in revision_rows(FIRST, last, SAMPLES, draws=20, seed=0)}

    revised = {name: one.value for name, one in rows["whole answer: revise"].metrics.items()}
    assert (revised["fixed"], revised["broken"]) == (1.0, 0.5)
    assert (revised["net_points"], revised["points_ratio"]) == (25.0, 2.0)
    assert rows["whole answer: never revise"].metrics["right"].value == 0.5
    assert "segment: revise" not in rows  # no video here has one


@pytest.mark.parametrize(
    ("accepts", "auroc", "of_right", "of_wrong"),
    [
        ((0.9, 0.8, 0.2, 0.1), 1.0, 1.0, 0.0),
        ((0.1, 0.2, 0.8, 0.9), 0.0, 0.0, 1.0),
        ((0.5, 0.5, 0.5, 0.5), 0.5, 1.0, 1.0),
        ((0.9, 0.3, 0.5, 0.1), 0.75, 0.5, 0.5),
    ],
)
def test_the_verdict_is_scored_by_how_it_parts_right_from_wrong(
    accepts: tuple[float, ...], auroc: float, of_right: float, of_wrong: float
) -> None:
    row, control = acceptance_rows("it", FIRST, words(*accepts), SAMPLES, draws=20, seed=0)
    figures = {name: one.value for name, one in row.metrics.items()}

    assert figures["verdict_auroc"] == pytest.approx(auroc)
    assert (figures["accepted_of_right"], figures["accepted_of_wrong"]) == (of_right, of_wrong)
    assert control.metrics["verdict_auroc"].value == 0.5


def test_reflections_that_tell_no_probability_take_no_part() -> None:
    row, _ = acceptance_rows("it", FIRST, words(0.9, None, 0.1, None), SAMPLES, draws=20, seed=0)

    assert row.metrics["verdict_auroc"].n == 2


def test_where_every_first_answer_is_right_nothing_can_be_told_apart() -> None:
    always = method(RIGHT, RIGHT, RIGHT, RIGHT)
    row, _ = acceptance_rows("it", always, words(0.9, 0.8, 0.7, 0.6), SAMPLES, draws=20, seed=0)

    assert row.metrics["verdict_auroc"].value is None
    assert row.metrics["accepted_of_wrong"].note == "no first answer is of this kind"


def test_cost_is_that_of_one_video() -> None:
    made = [
        record(one.id, None).model_copy(update={"usage": UsageTotals(calls=calls, seconds=2.0)})
        for one, calls in ((SAMPLES[0], 2), (SAMPLES[1], 3))
    ]
    row = cost_row("it", made, draws=20, seed=0)

    assert row.metrics["calls_per_video"].value == 2.5
    assert row.metrics["seconds_per_video"].value == 2.0
