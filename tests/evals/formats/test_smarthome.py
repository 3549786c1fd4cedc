"""Answers of 0 or 1, in JSON that is often broken."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from vau_agent.evals.formats.smarthome import SMARTHOME_ANSWERS, parse_anomaly

WriteLines = Callable[[str, Iterable[Mapping[str, JsonValue]]], Path]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{\n  "result": 0\n}', False),
        ('{"reasoning": "calm"\n"anomaly": 1\n}', True),
        ("reasoning: none\n\nanomaly: 0", False),
        ("Anomaly: '1'", True),
        ('{"result": 1, "anomaly": 1}', True),
        ('{"result": 1, "anomaly": 0}', None),
        ("anomaly: 10", None),
        ("anomaly: 0.9", None),
        ("no anomaly at all", None),
        ("anomaly 1", None),
    ],
)
def test_the_value_is_read_from_broken_json_too(text: str, said: bool | None) -> None:
    assert parse_anomaly(text) is said


@given(st.text())
def test_any_text_is_read_or_not(text: str) -> None:
    assert parse_anomaly(text) in (True, False, None)


def test_unparsed_and_missing_count_wrong(write_lines: WriteLines) -> None:
    entries: list[dict[str, JsonValue]] = [
        {"id": "a", "truth": 1, "pred": "anomaly: 1"},
        {"id": "b", "truth": 0, "pred": "anomaly: 1"},
        {"id": "c", "truth": 1, "pred": "who knows"},
        {"id": "d", "truth": 0, "pred": None},
        {"id": "d", "truth": 0, "pred": "anomaly: 0"},
        {"id": "e", "truth": 2, "pred": "anomaly: 0"},
        {"truth": 0, "pred": "anomaly: 0"},
        {"id": "f", "truth": 0, "pred": "anomaly: 0"},
    ]
    table = SMARTHOME_ANSWERS.score(write_lines("a.jsonl", entries), None, draws=10, seed=0)
    metrics = table.rows[0].metrics
    counts = [metrics[name].value for name in ("tn", "fp", "fn", "tp", "unparsed_counted_wrong")]
    assert counts == [1, 2, 1, 1, 2]
    assert metrics["accuracy"].value == pytest.approx(2 / 5)
    assert metrics["accuracy"].n == 5
    assert [(gap.id, gap.kind) for gap in table.gaps] == [
        ("d", "missing-prediction"),
        ("d", "duplicate-id"),
        ("e", "missing-truth"),
        ("line 7", "missing-field"),
    ]


def test_rows_that_never_look_stand_beside(write_lines: WriteLines) -> None:
    entries: list[dict[str, JsonValue]] = [
        {"id": str(number), "truth": int(number < 3), "pred": "anomaly: 1"} for number in range(4)
    ]
    table = SMARTHOME_ANSWERS.score(write_lines("a.jsonl", entries), None, draws=10, seed=0)
    blind = {row.name: row.metrics["accuracy"].value for row in table.rows if row.kind == "blind"}
    assert blind == {"always normal": 0.25, "always anomalous": 0.75}
