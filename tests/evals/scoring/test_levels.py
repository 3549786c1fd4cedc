import pytest

from vau_agent.errors import BenchmarkError, MetricError
from vau_agent.evals.records import Choice, Opinion, Record
from vau_agent.evals.samples import Dataset, Gap, Question, Sample, Truth
from vau_agent.evals.scoring.levels import level_table
from vau_agent.evals.tables import Row, Table
from vau_agent.schemas import Segment

QUESTION = Question(text="?", options=("a", "b"), answer=1)


def sample(id_: str, source: str, category: str | None) -> Sample:
    anomalous = category is not None
    events = (Segment(start=0, end=4),) if anomalous else ()
    truth = Truth(anomalous=anomalous, category=category, events=events)
    return Sample(id=id_, source=source, video=id_, truth=truth, question=QUESTION)


def record(id_: str, *, anomalous: bool, category: str | None = None, option: int = 1) -> Record:
    opinion = Opinion(
        label="anomalous" if anomalous else "normal",
        category=category,
        events=(Segment(start=0, end=2),) if anomalous else (),
    )
    return Record(
        sample_id=id_, initial=opinion, final=opinion, choice=Choice(order=(0, 1), final=option)
    )


DATASET = Dataset(
    benchmark="b",
    annotation="a",
    samples=(
        sample("1", "ucf", "RoadAccidents"),
        sample("2", "ucf", None),
        sample("3", "msad", "Fire"),
        sample("4", "msad", "Fire"),
        sample("5", "ucf", "Fall"),
    ),
)
RECORDS = (
    record("1", anomalous=True, category="car accident"),
    record("2", anomalous=False, option=0),
    record("3", anomalous=True, category="fall"),
    record("4", anomalous=False),
)


def table(records: tuple[Record, ...] = RECORDS) -> Table:
    return level_table(DATASET, records, train_sources=["ucf"], held_out_classes=["Fall"], draws=50)


def figures(row: Row) -> dict[str, float | None]:
    return {name: one.value for name, one in row.metrics.items()}


def test_each_level_has_its_figures_and_the_gaps_between() -> None:
    found = {row.name: figures(row) for row in table().rows}

    assert found == {
        "L1": {"recall": 1, "category_accuracy": 1, "choice_accuracy": 0.5, "miou": 0.5},
        "L2": {"recall": 0.5, "category_accuracy": 0, "choice_accuracy": 1, "miou": 0.25},
        "L3": {"recall": 0, "category_accuracy": 0, "choice_accuracy": 0, "miou": 0},
        "L1 - L2": {"recall": 0.5, "category_accuracy": 1, "choice_accuracy": -0.5, "miou": 0.25},
        "L1 - L3": {"recall": 1, "category_accuracy": 1, "choice_accuracy": 0.5, "miou": 0.5},
    }


def test_failed_and_missing_answers_are_wrong_in_every_figure() -> None:
    failed = Record(sample_id="3", error="it broke")

    first, second, *_ = table((RECORDS[0], RECORDS[1], failed)).rows

    assert figures(first) == {
        "recall": 1, "category_accuracy": 1, "choice_accuracy": 0.5, "miou": 0.5,
    }  # fmt: skip
    assert figures(second) == dict.fromkeys(figures(second), 0)
    assert second.metrics["choice_accuracy"].n == 2


def test_questions_that_were_never_asked_have_no_figure() -> None:
    silent = [one.model_copy(update={"choice": None}) for one in RECORDS]

    assert all("choice_accuracy" not in row.metrics for row in table(tuple(silent)).rows)


def test_gaps_have_intervals_and_their_counts() -> None:
    gap = next(row for row in table().rows if row.name == "L1 - L2").metrics["recall"]

    assert gap.n == 3
    assert gap.low is not None
    assert gap.high is not None
    assert 0 <= gap.low <= 0.5 <= gap.high <= 1


def test_missing_answers_are_wrong_and_named() -> None:
    assert [(gap.id, gap.kind) for gap in table().gaps] == [("5", "missing-prediction")]


def test_nothing_to_score_is_refused() -> None:
    gaps = tuple(Gap(id=one.id, kind="missing-video", detail="?") for one in DATASET.samples)
    with pytest.raises(MetricError, match="no sample"):
        level_table(DATASET.model_copy(update={"gaps": gaps}), (), train_sources=["ucf"])


def test_a_source_that_is_not_there_is_refused() -> None:
    with pytest.raises(BenchmarkError, match="no source 'xd'"):
        level_table(DATASET, RECORDS, train_sources=["xd"])
