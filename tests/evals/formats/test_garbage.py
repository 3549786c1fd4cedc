"""Whatever a file holds, a format scores it or says in one line why not."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from vau_agent.errors import PredictionError
from vau_agent.evals.formats.registry import FORMATS
from vau_agent.evals.tables import Table

ENDINGS = {
    "corevad": ".json",
    "keyword-captions": ".jsonl",
    "qvhighlights": ".jsonl",
    "smarthome": ".jsonl",
    "sultani-roc": ".mat",
    "vau-bench": ".csv",
    "frame-scores": ".npz",
    "intervals": ".json",
    "vau-records": ".jsonl",
}
FIELDS = {
    "keyword-captions": ("video", "frame", "label", "caption"),
    "qvhighlights": ("qid", "pred_relevant_windows", "pred_saliency_scores"),
    "smarthome": ("id", "truth", "pred"),
    "vau-records": ("schema", "sample_id", "final", "curve"),
}
COLUMNS = {
    "vau-bench": ("Video Name", "Temporal Grounding"),
    "frame-scores": ("video", "frame", "score"),
    "intervals": ("id", "start", "end", "score"),
}
QUERY: JsonValue = {
    "qid": 1,
    "duration": 10,
    "relevant_windows": [[2, 6]],
    "relevant_clip_ids": [1, 2],
    "saliency_scores": [[4, 0, 2], [1, 1, 1]],
}
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-2, 12)
    | st.floats()
    | st.sampled_from(["one", "two", "clip_1", "Normal scenes.", "Anomalous scenes.", "", "1"])
    | st.text(max_size=8)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)
ROUNDS = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def truths(tmp_path: Path, ucf_truth: Path, vau_truth: Path) -> dict[str, Path]:
    """Give the truth that each format needs."""
    queries = tmp_path / "queries.jsonl"
    queries.write_text(json.dumps(QUERY))
    return {name: ucf_truth for name in FORMATS} | {
        "vau-bench": vau_truth,
        "qvhighlights": queries,
    }


def score_or_refuse(name: str, path: Path, truth: Path) -> None:
    try:
        table = FORMATS[name].score(path, truth, draws=2, seed=0)
    except PredictionError as error:
        assert "\n" not in str(error)
    else:
        assert isinstance(table, Table)
        assert table.conventions


def test_every_format_is_tried() -> None:
    assert set(ENDINGS) == set(FORMATS)


@pytest.mark.parametrize("name", sorted(ENDINGS))
@ROUNDS
@given(
    content=st.binary(max_size=200) | st.sampled_from([b"MATLAB 5.0", b"PK\x03\x04", b"\x1f\x8b"])
)
def test_bytes_are_refused_in_one_line(
    name: str, content: bytes, tmp_path: Path, truths: dict[str, Path]
) -> None:
    path = tmp_path / f"answers{ENDINGS[name]}"
    path.write_bytes(content)
    score_or_refuse(name, path, truths[name])


@pytest.mark.parametrize("name", ["corevad", "frame-scores", "intervals"])
@ROUNDS
@given(value=st.dictionaries(st.sampled_from(["one", "two", "x"]), VALUES) | VALUES)
def test_any_json_is_scored_or_refused(
    name: str, value: JsonValue, tmp_path: Path, truths: dict[str, Path]
) -> None:
    path = tmp_path / "answers.json"
    path.write_text(json.dumps(value))
    score_or_refuse(name, path, truths[name])


@pytest.mark.parametrize("name", sorted(FIELDS))
@ROUNDS
@given(data=st.data())
def test_any_fields_are_scored_or_refused(
    name: str, data: st.DataObject, tmp_path: Path, truths: dict[str, Path]
) -> None:
    lines = st.fixed_dictionaries(
        {}, optional={field: VALUES | st.just("one") for field in FIELDS[name]}
    )
    entries = data.draw(st.lists(lines, max_size=4))
    path = tmp_path / "answers.jsonl"
    path.write_text("\n".join(json.dumps(entry) for entry in entries))
    score_or_refuse(name, path, truths[name])


@pytest.mark.parametrize("name", sorted(COLUMNS))
@ROUNDS
@given(data=st.data())
def test_any_cells_are_scored_or_refused(
    name: str, data: st.DataObject, tmp_path: Path, truths: dict[str, Path]
) -> None:
    cell = st.sampled_from(["one", "two", "clip_1", "", "0", "1", "2.5", "-1", "nan", "1e400"])
    cell |= st.text(st.characters(exclude_characters=',"\r\n', codec="utf-8"), max_size=8)
    rows = data.draw(st.lists(st.lists(cell, max_size=5), max_size=5))
    path = tmp_path / "answers.csv"
    text = "\n".join([",".join(COLUMNS[name]), *(",".join(row) for row in rows)])
    path.write_text(text, encoding="utf-8", newline="")
    score_or_refuse(name, path, truths[name])


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_an_absent_file_is_refused(name: str, tmp_path: Path, truths: dict[str, Path]) -> None:
    with pytest.raises(PredictionError, match=f"absent\\{ENDINGS[name]}"):
        FORMATS[name].score(tmp_path / f"absent{ENDINGS[name]}", truths[name], draws=2, seed=0)


@pytest.mark.parametrize("name", sorted(n for n in FORMATS if FORMATS[n].truth))
def test_a_truth_that_is_needed_is_asked_for(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"answers{ENDINGS[name]}"
    path.write_text("{}\n")
    with pytest.raises(PredictionError, match=r"truth|no evaluation|no record"):
        FORMATS[name].score(path, None, draws=2, seed=0)
