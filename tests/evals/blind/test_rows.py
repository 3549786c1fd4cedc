import json
from pathlib import Path

import pytest
from sklearn.metrics import roc_auc_score

from vau_agent.errors import BenchmarkError
from vau_agent.evals.benchmarks.registry import find_benchmark
from vau_agent.evals.blind.rows import (
    Fitting,
    blind_tables,
    category_rows,
    detection_rows,
    frame_rows,
    localisation_rows,
    longest_option,
    question_rows,
)
from vau_agent.evals.samples import Dataset, FrameSpan, Question, Sample, Truth
from vau_agent.evals.tables import Estimate, Row, Table
from vau_agent.schemas import Segment

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"


@pytest.fixture(scope="module")
def annotations() -> Path:
    if not DATA.is_dir():
        pytest.skip("published annotations are not here (../shared/data)")
    return DATA / "annotations"


def clip(
    id_: str,
    *events: tuple[float, float],
    source: str = "a",
    duration: float | None = 10,
    category: str | None = "fire",
    question: Question | None = None,
) -> Sample:
    spans = tuple(FrameSpan(start=int(s * 10), end=int(e * 10)) for s, e in events)
    truth = Truth(
        anomalous=bool(events),
        category=category if events else None,
        events=tuple(Segment(start=s, end=e) for s, e in events),
        spans=spans,
    )
    return Sample(
        id=id_,
        source=source,
        video=id_,
        truth=truth,
        duration_s=duration,
        frames=None if duration is None else int(duration * 10),
        fps=10,
        question=question,
    )


def asked(id_: str, key: int, *options: str, source: str = "a") -> Sample:
    return clip(id_, source=source, question=Question(text="?", options=options, answer=key))


def values(rows: tuple[Row, ...], metric: str) -> dict[str, float | None]:
    return {row.name: row.metrics[metric].value for row in rows if metric in row.metrics}


def test_always_the_same_label_scores_the_share_of_that_label() -> None:
    samples = [clip("1", (0, 1)), clip("2", (0, 1)), clip("3")]
    rows = detection_rows(samples, draws=20, seed=0)

    assert values(rows, "accuracy") == {
        "always anomalous": pytest.approx(2 / 3),
        "always normal": pytest.approx(1 / 3),
    }
    assert all(row.kind == "blind" for row in rows)


def test_shorter_videos_are_ranked_by_length_alone() -> None:
    lengths = [3.0, 5.0, 5.0, 8.0, 4.0]
    truth = [True, True, False, False, False]
    samples = [
        clip(str(n), *([(0.0, 1.0)] if label else []), duration=length)
        for n, (label, length) in enumerate(zip(truth, lengths, strict=True))
    ]
    rows = detection_rows(samples, draws=20, seed=0)

    expected = roc_auc_score(truth, [-length for length in lengths])
    assert values(rows, "video_auc") == {"shorter video is anomalous": pytest.approx(expected)}


def test_lengths_are_not_guessed() -> None:
    rows = detection_rows([clip("1", (0, 1)), clip("2", duration=None)], draws=20, seed=0)

    assert values(rows, "video_auc") == {}


def test_the_most_frequent_category_comes_from_other_data_or_is_an_upper_bound() -> None:
    here = [clip("1", (0, 1), category="Fall"), clip("2", (0, 1), category="Fall"), clip("3")]
    other = Fitting(name="x", samples=(clip("4", (0, 1), category="Fire", source="b"),))

    (own,) = category_rows(here, draws=20, seed=0)
    assert (own.kind, own.metrics["category_accuracy"].value) == ("oracle", 1)
    (learned,) = category_rows(here, fitting=other, draws=20, seed=0)
    assert (learned.kind, learned.metrics["category_accuracy"].value) == ("blind", 0)
    assert learned.name == "always fire, most frequent in b of x"


def test_letters_and_lengths_answer_questions() -> None:
    samples = [asked("1", 0, "yes", "no, never"), asked("2", 1, "aa", "b"), asked("3", 0, "x", "y")]
    other = Fitting(name="", samples=(asked("4", 1, "x", "y", source="b"), clip("5")))
    rows = question_rows(samples, fitting=other, seed=0)

    scores = values(rows, "choice_accuracy")
    assert scores.pop("always A, options in a drawn order") in (0, 1 / 3, 2 / 3, 1)
    assert scores == {
        "always A": pytest.approx(2 / 3),
        "always B": pytest.approx(1 / 3),
        "longest option": pytest.approx(1 / 3),
        "always B, most frequent in b": pytest.approx(1 / 3),
    }


def test_drawn_orders_leave_a_letter_at_chance() -> None:
    samples = [asked(str(n), 0, "a", "b", "c", "d") for n in range(2000)]
    scores = values(question_rows(samples, seed=3), "choice_accuracy")

    assert scores["always A"] == 1
    assert scores["always A, options in a drawn order"] == pytest.approx(0.25, abs=0.03)


def test_of_equally_long_options_the_first_is_taken() -> None:
    assert longest_option(Question(text="?", options=("a", "bb", "cc"), answer=0)) == 1


def test_windows_are_fitted_elsewhere_or_named_an_upper_bound() -> None:
    here = [clip("1", (2, 4)), clip("2", (2, 4)), clip("3")]
    other = Fitting(name="", samples=(clip("4", (2, 6), source="b"), clip("5", source="c")))
    rows = localisation_rows(here, fitting=other, draws=20, seed=0)

    assert {row.name: (row.kind, row.metrics["miou"].value) for row in rows} == {
        "constant [2, 6] s, fitted on b": ("blind", 0.5),
        "constant [2, 4] s, fitted here (upper bound)": ("oracle", 1),
        "whole video": ("blind", pytest.approx(0.2)),
        "share [0.2, 0.4] of each video, fitted here (upper bound)": ("oracle", pytest.approx(1)),
    }
    counted = values(rows, "miou_normals_counted")
    assert counted["constant [2, 6] s, fitted on b"] == pytest.approx(1 / 3)
    assert rows[0].metrics["r_at_0.5"].value == 1
    assert rows[0].metrics["r_at_0.7"].value == 0


def test_without_lengths_no_row_depends_on_them() -> None:
    rows = localisation_rows([clip("1", (2, 4), duration=None)], draws=20, seed=0)

    assert [row.kind for row in rows] == ["oracle"]


def test_perfect_labels_say_nothing_inside_a_video() -> None:
    samples = [clip("1", (4, 6)), clip("2", (0, 2), duration=20), clip("3", duration=30)]
    rows = {row.name: row for row in frame_rows(samples, draws=10, seed=0)}

    flat = rows["perfect video label"]
    assert flat.kind == "oracle"
    assert flat.metrics["within_auc_macro"].value == 0.5
    assert flat.metrics["video_auc"].value == 1
    frame_auc = flat.metrics["frame_auc"].value
    assert frame_auc is not None
    assert 0.5 < frame_auc < 1
    prior = rows["position prior"]
    both = rows["perfect video label x position prior"]
    assert prior.kind == "blind"
    for metric in ("within_auc_pooled", "within_auc_macro"):
        assert prior.metrics[metric].value == both.metrics[metric].value
    assert rows["shorter video is anomalous"].metrics["within_auc_macro"].value == 0.5


def test_each_source_is_fitted_on_the_others() -> None:
    samples = (clip("1", (0, 2)), clip("2", (5, 9), source="b"), clip("3"))
    dataset = Dataset(benchmark="x", annotation="y", samples=samples)
    tables = {table.title: table for table in blind_tables(dataset, fitting=None, draws=9, seed=0)}

    names = [row.name for row in tables["Times without looking"].rows if row.kind == "blind"]
    assert names == [
        "a: constant [5, 9] s, fitted on b",
        "a: whole video",
        "b: constant [0, 2] s, fitted on a",
        "b: whole video",
    ]


def test_given_data_is_fitted_on_and_named() -> None:
    dataset = Dataset(benchmark="x", annotation="y", samples=(clip("1", (0, 2)), clip("2")))
    other = Dataset(benchmark="z", annotation="w.csv", samples=(clip("3", (1, 2), source="c"),))
    tables = blind_tables(dataset, fitting=other, draws=9, seed=0)

    names = [row.name for table in tables for row in table.rows]
    assert "constant [1, 2] s, fitted on c of z w.csv" in names
    assert all(table.conventions["annotation"] == "y" for table in tables)


def test_data_that_is_scored_too_is_not_fitted_on() -> None:
    dataset = Dataset(benchmark="x", annotation="y", samples=(clip("1", (0, 2)), clip("2")))
    other = dataset.model_copy(update={"samples": (clip("3"), clip("2"))})

    with pytest.raises(BenchmarkError, match=r"1 videos to fit on are scored too, e\.g\. '2'"):
        blind_tables(dataset, fitting=other, draws=9, seed=0)


def test_what_cannot_be_scored_is_named() -> None:
    lost = Sample(id="lost", source="a", video="v", truth=Truth(anomalous=True), frames=9)
    samples = (clip("1", (0, 2)), clip("2", duration=None), lost)
    dataset = Dataset(benchmark="x", annotation="y", samples=samples)
    tables = {table.title: table for table in blind_tables(dataset, fitting=None, draws=9, seed=0)}

    times, frames = tables["Times without looking"], tables["Frames without looking"]
    assert [(gap.id, gap.kind) for gap in times.gaps] == [("lost", "no-times")]
    assert [(gap.id, gap.kind) for gap in frames.gaps] == [
        ("2", "wrong-length"),
        ("lost", "no-times"),
    ]


def test_only_what_the_truth_allows_is_scored() -> None:
    dataset = Dataset(
        benchmark="x",
        annotation="y",
        samples=(Sample(id="1", source="a", video="v", truth=Truth(anomalous=False)),),
    )

    titles = [one.title for one in blind_tables(dataset, fitting=None, draws=9, seed=0)]
    assert titles == ["Detection without looking"]


def close(row: Row, **expected: float) -> None:
    for metric, value in expected.items():
        got = row.metrics[metric].value
        assert got is not None
        assert 100 * got == pytest.approx(value, abs=0.15), (row.name, metric)


def find(table: Table, name: str) -> Row:
    return next(row for row in table.rows if row.name == name)


@pytest.mark.slow
def test_published_questions_and_times_without_looking(annotations: Path) -> None:
    dataset = find_benchmark("vau-bench").read(annotations / "vau_bench" / "val.csv")
    tables = {table.title: table for table in blind_tables(dataset, fitting=None, draws=50, seed=0)}

    questions = tables["Questions without looking"]
    close(find(questions, "msad: always A"), choice_accuracy=66.67)
    close(find(questions, "ucf: longest option"), choice_accuracy=77.93)
    times = tables["Times without looking"]
    # Both windows are those known of the two sets.
    close(find(times, "ecva: constant [0, 40] s, fitted here (upper bound)"), miou=36.22)
    close(find(times, "msad: constant [0, 40] s, fitted on ecva"), miou=34.38)
    close(find(times, "msad: constant [1, 15] s, fitted here (upper bound)"), miou=40.60)
    close(find(times, "ecva: constant [1, 15] s, fitted on msad"), miou=29.26)
    for row in (*questions.rows, *times.rows):
        for estimate in row.metrics.values():
            assert bounded(estimate)


def bounded(estimate: Estimate) -> bool:
    value, low, high = estimate.value, estimate.low, estimate.high
    return value is None or (low is not None and high is not None and low <= value <= high)


@pytest.mark.slow
def test_published_frames_without_looking(annotations: Path) -> None:
    """The older annotation with the later one's lengths gives the figures known of both sets."""
    ucf = find_benchmark("ucf-crime")
    later = ucf.read(annotations / "ucf_crime" / "UCF_Eval.json").samples
    older = ucf.read(annotations / "ucf_crime" / "Temporal_Anomaly_Annotation.txt").samples
    frames = {one.id: one.frames for one in later}
    samples = [one.model_copy(update={"frames": frames[one.id]}) for one in older]
    rows = {row.name: row for row in frame_rows(samples, draws=1, seed=0)}

    close(rows["position prior"], frame_auc=61.9, frame_ap=10.0, within_auc_pooled=63.4)
    close(rows["shorter video is anomalous"], frame_auc=65.2, frame_ap=10.4)
    close(rows["perfect video label"], frame_auc=81.6, frame_ap=18.2)
    close(rows["perfect video label x position prior"], frame_auc=86.5, frame_ap=24.1)


def test_tables_are_plain_json(annotations: Path) -> None:
    dataset = find_benchmark("smarthome").read(
        annotations / "smarthome" / "Video_Annotation.csv.gz"
    )
    tables = blind_tables(dataset, fitting=None, draws=9, seed=0)

    for table in tables:
        assert Table.model_validate(json.loads(table.model_dump_json())) == table
