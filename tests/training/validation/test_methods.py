"""Figures of hand-made claims are those that can be counted by hand."""

import pytest

from tests.evals.made import opinion, record
from tests.training.validation.doubles import sample
from vau_agent.evals.samples import Dataset, Sample
from vau_agent.evals.scoring.answers import Answer, align
from vau_agent.evals.tables import Row
from vau_agent.schemas import Segment
from vau_agent.training.validation.methods import (
    Claim,
    Method,
    confusion,
    constant,
    difference_row,
    method_of,
    rightness,
    row_of,
)

SAMPLES = (
    sample("n1"),
    sample("n2"),
    sample("f1", "fall", (4, 8)),
    sample("f2", "fighting", (0, 4)),
)


def claim(category: str | None, iou: float = 0.0, *, readable: bool = True) -> Claim:
    anomalous = None if category is None else category != "normal"
    return Claim(anomalous=anomalous, category=category, iou=iou, readable=readable)


def method(*claims: Claim, name: str = "it") -> Method:
    ids = [one.id for one in SAMPLES]
    return Method(name=name, claims=dict(zip(ids, claims, strict=False)))


def values(row: Row) -> dict[str, float | None]:
    return {name: one.value for name, one in row.metrics.items()}


SAID = method(claim("normal"), claim("fall"), claim("fall", 0.5), claim("fall", 0.2))


def test_every_figure_of_a_row_is_counted() -> None:
    row = values(row_of(SAID, SAMPLES, draws=20, seed=0))

    assert row["accuracy"] == 0.75
    assert row["balanced_accuracy"] == 0.75
    assert row["class_accuracy"] == 0.5
    assert row["category_accuracy"] == 0.5
    assert row["miou"] == pytest.approx(0.35)
    assert row["r_at_0.5"] == 0.5
    assert row["format_valid"] == 1.0


def test_an_undecided_answer_is_wrong_everywhere() -> None:
    said = method(*(claim(None, readable=False) for _ in SAMPLES))
    row = values(row_of(said, SAMPLES, draws=20, seed=0))

    assert [row[name] for name in ("accuracy", "class_accuracy", "miou", "format_valid")] == [0] * 4


def test_a_row_speaks_of_its_own_samples_only() -> None:
    some = method(claim("normal"), claim("fall"))

    assert row_of(some, SAMPLES, draws=20, seed=0).metrics["accuracy"].n == 2


def test_differences_are_taken_over_the_samples_that_both_speak_of() -> None:
    other = method(claim("fall"), claim("fall"), claim("normal"), name="other")
    row = difference_row(SAID, other, SAMPLES, draws=20, seed=0)

    assert row.name == "it - other"
    assert values(row)["accuracy"] == pytest.approx(2 / 3)
    assert row.metrics["accuracy"].n == 3
    assert values(row)["miou"] == pytest.approx(0.5)
    assert values(row)["accuracy_mcnemar_p"] == 0.5


def test_what_only_says_when_is_compared_by_overlap_only() -> None:
    window = constant(
        "middle",
        SAMPLES,
        category="fall",
        window=lambda one: Segment(start=4, end=8),
        whole=False,
    )

    assert values(row_of(window, SAMPLES, draws=20, seed=0)).keys() == {"miou", "r_at_0.5"}
    assert values(row_of(window, SAMPLES, draws=20, seed=0))["miou"] == 0.5
    assert difference_row(SAID, window, SAMPLES, draws=20, seed=0).metrics.keys() == {"miou"}


@pytest.mark.parametrize(
    ("one", "said", "right"),
    [
        (SAMPLES[0], claim("normal"), 1.0),
        (SAMPLES[0], claim("fall"), 0.0),
        (SAMPLES[2], claim("fall", 0.5), 1.0),
        (SAMPLES[2], claim("fall", 0.49), 0.0),
        (SAMPLES[2], claim("fighting", 0.9), 0.0),
        (SAMPLES[2], claim(None), 0.0),
    ],
)
def test_an_answer_is_right_when_class_and_segment_are(
    one: Sample, said: Claim, right: float
) -> None:
    assert rightness(one, said) == right


def test_claims_are_read_off_records() -> None:
    records = [
        record("n1", opinion()),
        record("f1", opinion((4, 6), category="People Falling")),
    ]
    answers: tuple[Answer, ...] = align(
        Dataset(benchmark="made", annotation="made", samples=SAMPLES), records
    )[0]
    claims = method_of("it", answers, "final", readable={"n1": True}).claims

    assert claims["n1"] == Claim(anomalous=False, category="normal", iou=0.0, readable=True)
    assert claims["f1"] == Claim(anomalous=True, category="fall", iou=0.5)
    assert claims["f2"] == Claim(anomalous=None, category=None, iou=0.0)


def test_confusion_counts_what_is_taken_for_what() -> None:
    rows = {row.name: values(row) for row in confusion(SAID, SAMPLES)}

    assert rows["normal"] == {"n_normal": 1, "n_fall": 1}
    assert rows["fighting"] == {"n_normal": 0, "n_fall": 1}
