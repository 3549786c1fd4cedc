import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from vau_agent.errors import BenchmarkError
from vau_agent.evals.benchmarks.vau_bench import COLUMNS, read
from vau_agent.evals.samples import Sample
from vau_agent.schemas import Segment

Write = Callable[[str, object], Path]

GOOD = {
    "Video Name": "msad_Fire_1.mp4",
    "Question": "What burns?",
    "Option 1": "A bin",
    "Option 2": "A car",
    "Option 3": "A tree",
    "Option 4": "Nothing",
    "Correct Option": "B",
    "Key Object": "car, smoke",
    "Description": "A car burns.",
    "Reasoning": "Cars should not.",
    "Anomaly Class": "Fire",
    "Start Time": "2.5",
    "End Time": "7",
}


def table(*rows: dict[str, str], header: Callable[[str], str] = str) -> str:
    names = [*COLUMNS, "Key Object", "Description", "Reasoning"]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([header(name) for name in names])
    for row in rows:
        writer.writerow([row[name] for name in names])
    return text.getvalue()


def one(written: Write, **changes: str) -> Sample:
    (sample,) = read(written("val.csv", table(GOOD | changes))).samples
    return sample


@pytest.mark.parametrize("header", [str, str.lower, str.upper, lambda name: f" {name} "])
def test_a_row_is_read_whatever_the_spelling_of_its_header(
    written: Write, header: Callable[[str], str]
) -> None:
    dataset = read(written("val.csv", table(GOOD, header=header)))

    (sample,) = dataset.samples
    assert (sample.id, sample.source, sample.video) == ("msad_Fire_1", "msad", "msad_Fire_1.mp4")
    assert sample.truth.events == (Segment(start=2.5, end=7),)
    assert sample.truth.category == "Fire"
    assert sample.question is not None
    assert sample.question.options == ("A bin", "A car", "A tree", "Nothing")
    assert sample.question.answer == 1
    assert sample.key_objects == ("car", "smoke")
    assert (sample.description, sample.reasoning) == ("A car burns.", "Cars should not.")
    assert dataset.gaps == ()


@pytest.mark.parametrize(
    ("key", "answer"),
    [("A", 0), ("D", 3), ("C)", 2), ("(C) A tree", 2), ("a  TREE", 2), ("C. A tree", 2)],
)
def test_a_key_is_a_letter_or_the_text_of_an_option(written: Write, key: str, answer: int) -> None:
    question = one(written, **{"Correct Option": key}).question

    assert question is not None
    assert question.answer == answer


def test_an_option_that_is_itself_a_letter_is_told_by_its_text(written: Write) -> None:
    question = one(written, **{"Option 4": "A", "Correct Option": "A"}).question

    assert question is not None
    assert question.options[question.answer] == "A"


def test_options_left_out_do_not_move_the_key(written: Write) -> None:
    question = one(written, **{"Option 2": "", "Correct Option": "C"}).question

    assert question is not None
    assert question.options == ("A bin", "A tree", "Nothing")
    assert question.options[question.answer] == "A tree"


@pytest.mark.parametrize("times", [("-1", "-1"), ("-1.0", "-1.0"), ("0", "0"), ("", "")])
def test_an_anomaly_without_times_still_serves_questions(
    written: Write, times: tuple[str, str]
) -> None:
    row = GOOD | {"Start Time": times[0], "End Time": times[1]}
    dataset = read(written("val.csv", table(row)))

    (sample,) = dataset.samples
    assert sample.truth.anomalous
    assert sample.truth.events is None
    assert sample.question is not None
    assert [gap.kind for gap in dataset.gaps] == ["no-times"]


@pytest.mark.parametrize("times", [("-1", "-1"), ("0.0", "0.0"), ("", "")])
def test_a_normal_video_has_no_events(written: Write, times: tuple[str, str]) -> None:
    sample = one(
        written, **{"Anomaly Class": "Normal", "Start Time": times[0], "End Time": times[1]}
    )

    assert not sample.truth.anomalous
    assert sample.truth.events == ()


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"Start Time": "8"}, "reversed-times"),
        ({"Start Time": "-3"}, "reversed-times"),
        ({"Start Time": "nan"}, "not-a-number"),
        ({"End Time": "inf"}, "not-a-number"),
        ({"End Time": "soon"}, "not-a-number"),
        ({"End Time": ""}, "not-a-number"),
    ],
)
def test_bad_times_are_a_gap_and_the_question_stays(
    written: Write, changes: dict[str, str], kind: str
) -> None:
    dataset = read(written("val.csv", table(GOOD | changes)))

    (sample,) = dataset.samples
    assert sample.truth.events is None
    assert sample.question is not None
    assert [(gap.id, gap.kind) for gap in dataset.gaps] == [("msad_Fire_1", kind)]


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"Correct Option": ""}, "missing-truth"),
        ({"Correct Option": "E"}, "missing-truth"),
        ({"Correct Option": "A boat"}, "missing-truth"),
        ({"Option 2": "", "Correct Option": "B"}, "missing-truth"),
        ({"Question": ""}, "missing-field"),
        ({"Option 1": "", "Option 2": "", "Option 3": ""}, "missing-field"),
    ],
)
def test_a_question_that_cannot_be_scored_is_a_gap_and_the_times_stay(
    written: Write, changes: dict[str, str], kind: str
) -> None:
    dataset = read(written("val.csv", table(GOOD | changes)))

    (sample,) = dataset.samples
    assert sample.question is None
    assert sample.truth.events
    assert [gap.kind for gap in dataset.gaps] == [kind]


@pytest.mark.parametrize(
    ("changes", "id_", "kind"),
    [
        ({"Video Name": ""}, "row 3", "missing-field"),
        ({"Video Name": "b.mp4", "Anomaly Class": ""}, "b.mp4", "missing-field"),
        ({}, "msad_Fire_1", "duplicate-id"),
    ],
)
def test_a_row_that_is_no_sample_is_a_gap(
    written: Write, changes: dict[str, str], id_: str, kind: str
) -> None:
    dataset = read(written("val.csv", table(GOOD, GOOD | changes)))

    assert len(dataset.samples) == 1
    assert [(gap.id, gap.kind) for gap in dataset.gaps] == [(id_, kind)]


def test_times_of_a_normal_video_are_a_contradiction(written: Write) -> None:
    dataset = read(written("val.csv", table(GOOD | {"Anomaly Class": "Normal"})))

    assert [gap.kind for gap in dataset.gaps] == ["missing-truth"]


@pytest.mark.parametrize(
    ("file", "video", "source"),
    [
        ("test_msad.csv", "Fire_1.mp4", "msad"),
        ("test_ucf_crime.csv", "Arson001.mp4", "ucf"),
        ("other.csv", "Fire_1.mp4", "vau-bench"),
        ("test_msad.csv", "ecva_17.mp4", "ecva"),
    ],
)
def test_the_source_is_the_prefix_or_else_the_file(
    written: Write, file: str, video: str, source: str
) -> None:
    (sample,) = read(written(file, table(GOOD | {"Video Name": video}))).samples

    assert sample.source == source


def test_a_missing_column_is_named_with_those_found(written: Write) -> None:
    text = table(GOOD).replace("Correct Option", "Key")

    with pytest.raises(BenchmarkError, match=r"'Correct Option'.*'video name'"):
        read(written("val.csv", text))
