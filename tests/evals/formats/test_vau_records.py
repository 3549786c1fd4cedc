"""Records of our own runs as a format."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest
from pydantic import JsonValue

from vau_agent.errors import PredictionError
from vau_agent.evals.formats.vau_records import VAU_RECORDS, join_tables
from vau_agent.evals.tables import Estimate, Row, Table

WriteLines = Callable[[str, Iterable[Mapping[str, JsonValue]]], Path]


def record(sample: str, label: str, **fields: JsonValue) -> dict[str, JsonValue]:
    final: JsonValue = {"label": label, **fields}
    return {"schema": "vau.record/1", "sample_id": sample, "final": final, "initial": final}


def test_records_are_scored_against_an_annotation(write_lines: WriteLines, ucf_truth: Path) -> None:
    event: JsonValue = {"start": 40 / 30, "end": 70 / 30}
    path = write_lines(
        "records.jsonl",
        [record("one", "anomalous", events=[event]), record("two", "normal"), {"sample_id": 1}],
    )
    table = VAU_RECORDS.score(path, ucf_truth, draws=5, seed=0)
    agent = next(row for row in table.rows if row.name == "agent")
    assert agent.metrics["accuracy"].value == 1
    assert agent.metrics["miou"].value == pytest.approx(1)
    assert [(gap.id, gap.kind) for gap in table.gaps] == [("line 3", "unreadable")]
    assert any(row.kind == "blind" for row in table.rows)


def test_records_without_a_truth_need_their_folder(write_lines: WriteLines) -> None:
    path = write_lines("records.jsonl", [record("one", "normal")])
    with pytest.raises(PredictionError, match="--truth"):
        VAU_RECORDS.score(path, None, draws=5, seed=0)


def test_records_of_other_samples_are_refused(write_lines: WriteLines, ucf_truth: Path) -> None:
    path = write_lines("records.jsonl", [record("elsewhere", "normal")])
    with pytest.raises(PredictionError, match="none of the records"):
        VAU_RECORDS.score(path, ucf_truth, draws=5, seed=0)


def test_joined_tables_lose_no_figure() -> None:
    one = Table(
        title="first",
        rows=(Row(name="agent", metrics={"f1": Estimate(value=1, n=1)}),),
        conventions={"normals": "skipped"},
    )
    other = Table(
        title="second",
        rows=(
            Row(name="agent", metrics={"f1": Estimate(value=0, n=1)}),
            Row(name="agent", metrics={"ap": Estimate(value=0.5, n=1)}),
        ),
        conventions={"normals": "counted"},
    )
    joined = join_tables("both", [one, other])
    figures = {
        (row.name, name): figure.value
        for row in joined.rows
        for name, figure in row.metrics.items()
    }
    assert figures == {("agent", "f1"): 1, ("agent (second)", "f1"): 0, ("agent", "ap"): 0.5}
    assert joined.conventions == {"normals": "skipped", "normals (second)": "counted"}
