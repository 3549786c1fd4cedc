"""Scores of frames, of any method, against benchmarks that know frames."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from vau_agent.errors import PredictionError
from vau_agent.evals.formats.frame_scores import FRAME_SCORES, read_scores

RISING = [frame / 100 for frame in range(100)]
FLAT = [0.3] * 60


def write_csv(path: Path) -> Path:
    rows = [f"one.mp4,{frame},{score}" for frame, score in enumerate(RISING)]
    rows += [f"two,{frame},{score}" for frame, score in enumerate(FLAT)]
    path.write_text("\n".join(["video,frame,score", *reversed(rows)]))
    return path


def write_json(path: Path) -> Path:
    path.write_text(json.dumps({"one.mp4": RISING, "two": FLAT}))
    return path


def write_npz(path: Path) -> Path:
    np.savez(path, one=np.array(RISING), two=np.array(FLAT)[:, None])
    return path


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(("s.csv", write_csv), id="csv"),
        pytest.param(("s.json", write_json), id="json"),
        pytest.param(("s.npz", write_npz), id="npz"),
    ],
)
def test_figures_are_those_of_scikit_learn(
    path: tuple[str, object], tmp_path: Path, ucf_truth: Path
) -> None:
    name, write = path
    assert callable(write)
    table = FRAME_SCORES.score(write(tmp_path / name), ucf_truth, draws=5, seed=0)
    labels = np.zeros(160, dtype=bool)
    labels[40:70] = True
    metrics = table.rows[0].metrics
    scores = RISING + FLAT
    assert metrics["frame_auc"].value == pytest.approx(roc_auc_score(labels, scores))
    assert metrics["frame_ap"].value == pytest.approx(average_precision_score(labels, scores))
    within = roc_auc_score(labels[:100], RISING)
    assert metrics["within_auc_pooled"].value == pytest.approx(within)
    assert table.gaps == ()
    assert table.conventions["benchmark"] == "ucf-crime"
    assert {row.kind for row in table.rows} == {"measured", "blind", "oracle"}


def test_bad_videos_are_gaps_and_the_rest_is_scored(tmp_path: Path, ucf_truth: Path) -> None:
    path = tmp_path / "s.json"
    path.write_text(json.dumps({"one": RISING, "two": [0.1] * 59, "three": [1], "four": ["x"]}))
    table = FRAME_SCORES.score(path, ucf_truth, draws=2, seed=0)
    assert table.rows[0].metrics["videos"].value == 1
    assert {(gap.id, gap.kind) for gap in table.gaps} == {
        ("two", "wrong-length"),
        ("three", "unknown-id"),
        ("four", "not-a-number"),
    }


def test_a_score_that_is_no_number_is_named(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_text('{"one": [0.5, NaN], "two": [0.5, 1e400], "three": [1, 2]}')
    scores, gaps = read_scores(path)
    assert set(scores) == {"three"}
    assert [(gap.id, gap.kind) for gap in gaps] == [
        ("one", "not-a-number"),
        ("two", "not-a-number"),
    ]
    assert "frame 1" in gaps[0].detail


def test_frames_that_are_missing_or_doubled_are_named(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("video,frame,score\na,0,1\na,2,1\nb,0,1\nb,0,2\nb,x,1\nc,0,1\n")
    scores, gaps = read_scores(path)
    assert set(scores) == {"b", "c"}
    assert {(gap.id, gap.kind) for gap in gaps} == {
        ("a", "wrong-length"),
        ("row 5", "duplicate-id"),
        ("row 6", "missing-field"),
    }


def test_videos_without_scores_are_named(tmp_path: Path, ucf_truth: Path) -> None:
    path = tmp_path / "s.json"
    path.write_text(json.dumps({"one": RISING}))
    table = FRAME_SCORES.score(path, ucf_truth, draws=2, seed=0)
    assert [(gap.id, gap.kind) for gap in table.gaps] == [("two", "missing-prediction")]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("s.txt", "x", "neither"),
        ("s.csv", "video,score\na,1\n", "'frame'"),
        ("s.json", "[]", "no JSON object"),
        ("s.npz", "x", "NPZ"),
        ("s.json", "{}", "no scores"),
    ],
)
def test_other_files_are_refused(name: str, content: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(PredictionError, match=said):
        read_scores(path)


def test_objects_in_an_npz_are_never_run(tmp_path: Path) -> None:
    path = tmp_path / "s.npz"
    np.savez(path, bad=np.array([{"a": 1}], dtype=object), good=np.ones(3))
    scores, gaps = read_scores(path)
    assert set(scores) == {"good"}
    assert [gap.id for gap in gaps] == ["bad"]
