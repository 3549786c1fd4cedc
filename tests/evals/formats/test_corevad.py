"""CoReVAD's answers: verdicts, the published smoothing, and joining with frames."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue
from sklearn.metrics import average_precision_score, roc_auc_score

from vau_agent.errors import PredictionError
from vau_agent.evals.formats.corevad import COREVAD, parse_verdict, read_answers

ODD, CALM = "Anomalous scenes. A fire.", "Normal scenes. A street."


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (ODD, True),
        (CALM, False),
        ("  anomalous\n SCENES: smoke", True),
        ("A normal scene.", None),
        ("The scene is anomalous scenes.", None),
        ("", None),
    ],
)
def test_only_the_opening_is_the_verdict(text: str, verdict: bool | None) -> None:
    assert parse_verdict(text) is verdict


@given(st.text())
def test_any_text_has_a_verdict_or_none(text: str) -> None:
    assert parse_verdict(text) in (True, False, None)


def write(path: Path, responses: JsonValue) -> Path:
    path.write_text(json.dumps(responses))
    return path


def test_figures_are_those_of_the_published_rule(tmp_path: Path, ucf_truth: Path) -> None:
    answers: dict[str, JsonValue] = {"one": [CALM, ODD, ODD, CALM], "two": [CALM, ODD]}
    path = write(tmp_path / "r.json", answers)
    table = COREVAD.score(path, ucf_truth, draws=5, seed=0)
    labels = np.zeros(160, dtype=bool)
    labels[40:70] = True
    verdicts = {"one": np.array([0.0, 1, 1, 0]), "two": np.array([0.0, 1])}
    kernel = np.exp(-(np.linspace(-5, 4, 9) ** 2) / 50)
    kernel /= kernel.sum()

    def smooth(values: np.ndarray) -> np.ndarray:  # zeros beyond both ends, by the definition
        padded = np.concatenate([np.zeros(4), values, np.zeros(4)])
        return np.array([(padded[i : i + 9] * kernel[::-1]).sum() for i in range(len(values))])

    frames = {"one": 100, "two": 60}
    raw = np.concatenate([np.repeat(verdicts[v], 30)[: frames[v]] for v in frames])
    soft = [np.repeat(smooth(verdicts[v]), 30)[: frames[v]] for v in frames]
    weighted = [
        one * np.exp(-0.5 * ((np.arange(len(one)) - len(one) // 2) / (len(one) // 2)) ** 2)
        for one in soft
    ]
    expected = {
        "raw": raw,
        "smoothed": np.concatenate(soft),
        "smoothed_and_position_weighted": np.concatenate(weighted),
    }
    rows = {row.name: row.metrics for row in table.rows}
    for name, scores in expected.items():
        auc, ap = roc_auc_score(labels, scores), average_precision_score(labels, scores)
        assert rows[name]["auc"].value == pytest.approx(auc)
        assert rows[name]["ap"].value == pytest.approx(ap)
        assert rows[name]["frames"].value == 160
        assert rows[name]["anomalous_frames"].value == 30
        assert rows[name]["auc"].low is not None
    assert {row.kind for row in table.rows} == {"measured", "blind", "oracle"}


def test_bad_videos_are_gaps_and_the_rest_is_scored(tmp_path: Path, ucf_truth: Path) -> None:
    path = tmp_path / "r.json"
    good = json.dumps([CALM, ODD, ODD, CALM])
    path.write_text(
        f'{{"one": {good}, "one": {good}, "two": {json.dumps(5 * [CALM])}, '
        '"three": ["x"], "four": [1], "five": []}'
    )
    table = COREVAD.score(path, ucf_truth, draws=2, seed=0)
    assert {(gap.id, gap.kind) for gap in table.gaps} == {
        ("one", "duplicate-id"),
        ("two", "wrong-length"),
        ("three", "unknown-id"),
        ("four", "unreadable"),
        ("five", "unreadable"),
    }
    assert table.rows[0].metrics["videos"].value == 1


@pytest.mark.parametrize(("answers", "frames"), [(2, 60), (3, 90), (5, 100), (6, 100)])
def test_a_length_that_is_nearly_right_is_scored_where_both_are(
    answers: int, frames: int, tmp_path: Path, ucf_truth: Path
) -> None:
    path = write(tmp_path / "r.json", {"one": [ODD] * answers})
    table = COREVAD.score(path, ucf_truth, draws=2, seed=0)
    assert table.rows[0].metrics["frames"].value == frames
    assert [(gap.id, gap.kind) for gap in table.gaps] == [("one", "wrong-length")]


def test_answers_that_say_neither_are_counted(tmp_path: Path, ucf_truth: Path) -> None:
    path = write(tmp_path / "r.json", {"one": ["?", ODD, ODD, CALM], "two": [CALM, CALM]})
    table = COREVAD.score(path, ucf_truth, draws=2, seed=0)
    assert table.notes == ("1 of 6 answers say neither and count as normal, as published",)


def test_videos_keep_their_order_of_answers(tmp_path: Path) -> None:
    path = write(tmp_path / "r.json", {"b": ["1", "2"], "a": ["3"]})
    assert dict(read_answers(path)[0]) == {"b": ("1", "2"), "a": ("3",)}


def test_predictions_for_other_videos_are_refused(tmp_path: Path, ucf_truth: Path) -> None:
    path = write(tmp_path / "r.json", {"elsewhere": [ODD]})
    with pytest.raises(PredictionError, match="none of the videos"):
        COREVAD.score(path, ucf_truth, draws=2, seed=0)
