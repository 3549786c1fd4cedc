"""Intervals of any method against any benchmark that knows times."""

import json
from pathlib import Path

import pytest

from vau_agent.errors import BenchmarkError, PredictionError
from vau_agent.evals.formats.intervals import INTERVALS, read_intervals, records_of

# `one` is anomalous from 40/30 s to 70/30 s, `two` is normal.
START, END = 40 / 30, 70 / 30


def test_the_surest_interval_is_the_answer(tmp_path: Path, ucf_truth: Path) -> None:
    path = tmp_path / "i.csv"
    path.write_text(f"id,start,end,score\none,0,1,7\none.mp4,{START},{END},9\ntwo,,,\n")
    table = INTERVALS.score(path, ucf_truth, draws=5, seed=0)
    metrics = table.rows[0].metrics
    assert table.rows[0].name == "predictions"
    assert metrics["miou"].value == pytest.approx(1)
    assert metrics["miou_normals_counted"].value == pytest.approx(1)
    assert metrics["set_iou"].value == pytest.approx(0.5)
    assert metrics["event_precision"].value == pytest.approx(0.5)
    assert metrics["event_recall"].value == pytest.approx(1)
    assert {row.kind for row in table.rows[1:]} <= {"blind", "oracle"}
    assert len(table.rows) > 1
    assert table.gaps == ()


def test_json_says_the_same(tmp_path: Path, ucf_truth: Path) -> None:
    path = tmp_path / "i.json"
    path.write_text(json.dumps([{"id": "one", "start": START, "end": END}, {"id": "two"}]))
    metrics = INTERVALS.score(path, ucf_truth, draws=5, seed=0).rows[0].metrics
    assert metrics["miou"].value == pytest.approx(1)
    assert metrics["miou_normals_counted"].value == pytest.approx(1)


def test_no_row_is_no_answer_and_counts_wrong(tmp_path: Path, ucf_truth: Path) -> None:
    path = tmp_path / "i.csv"
    path.write_text(f"id,start,end\none,{START},{END}\n")
    table = INTERVALS.score(path, ucf_truth, draws=5, seed=0)
    assert table.rows[0].metrics["miou"].value == pytest.approx(1)
    assert table.rows[0].metrics["miou_normals_counted"].value == pytest.approx(0.5)
    assert [(gap.id, gap.kind) for gap in table.gaps] == [("two", "missing-prediction")]


def test_bad_rows_are_gaps_and_the_rest_is_scored(tmp_path: Path, ucf_truth: Path) -> None:
    path = tmp_path / "i.csv"
    path.write_text(
        f"id,start,end,score\none,{START},{END},\none,5,2,\none,nan,2,\none,1,2,inf\n,1,2,\n"
        f"one,{START},{END},\none,1,,\nthree,1,2,\n"
    )
    table = INTERVALS.score(path, ucf_truth, draws=5, seed=0)
    assert table.rows[0].metrics["miou"].value == pytest.approx(1)
    kinds = sorted((gap.id, gap.kind) for gap in table.gaps)
    assert kinds == [
        ("one", "duplicate-id"),
        ("one", "not-a-number"),
        ("one", "not-a-number"),
        ("one", "not-a-number"),
        ("one", "reversed-times"),
        ("row 6", "missing-field"),
        ("three", "unknown-id"),
        ("two", "missing-prediction"),
    ]


def test_scores_of_any_scale_keep_their_order(tmp_path: Path) -> None:
    path = tmp_path / "i.csv"
    path.write_text("id,start,end,score\na,0,1,-50\na,1,2,1000\nb,0,1,3\n")
    intervals, gaps = read_intervals(path)
    first, second = records_of(intervals)
    assert gaps == ()
    assert first.final is not None and second.final is not None
    assert first.final.scores == pytest.approx((1 / 3, 1))
    assert second.final.scores == pytest.approx((2 / 3,))


def test_it_reads_truths_of_other_benchmarks(tmp_path: Path, vau_truth: Path) -> None:
    path = tmp_path / "i.csv"
    path.write_text("id,start,end\nclip_1,10,15\nclip_2,0,4\nclip_3,,\n")
    table = INTERVALS.score(path, vau_truth, draws=5, seed=0)
    assert table.conventions["benchmark"] == "vau-bench"
    assert table.rows[0].metrics["miou"].value == pytest.approx(0.75)


def test_a_truth_of_no_benchmark_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "i.csv"
    path.write_text("id,start,end\na,0,1\n")
    with pytest.raises(BenchmarkError, match="no annotation of"):
        INTERVALS.score(path, path, draws=5, seed=0)


def test_other_videos_are_refused(tmp_path: Path, ucf_truth: Path) -> None:
    path = tmp_path / "i.csv"
    path.write_text("id,start,end\nelsewhere,0,1\n")
    with pytest.raises(PredictionError, match="none of the videos"):
        INTERVALS.score(path, ucf_truth, draws=5, seed=0)
