import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vau_agent.evals.report.document import render_json
from vau_agent.evals.tables import Estimate, Row, Table

FIGURES = st.dictionaries(
    st.text(min_size=1, max_size=5),
    st.builds(
        Estimate,
        value=st.none() | st.floats(),
        low=st.none() | st.floats(),
        high=st.none() | st.floats(),
        n=st.integers(0, 99),
    ),
    max_size=4,
)
ROWS = st.lists(
    st.builds(
        Row,
        name=st.sampled_from(["a", "b", "a (t)"]),
        kind=st.sampled_from(["measured", "blind"]),
        metrics=FIGURES,
    ),
    max_size=5,
)


def parsed(document: object) -> Any:  # noqa: ANN401 - what JSON holds
    """Write and read a document as strict JSON."""
    return json.loads(json.dumps(document, allow_nan=False))


def test_one_table_is_one_object_of_plain_numbers(detection: Table) -> None:
    document = parsed(render_json([detection], name="corevad", source="format"))

    assert document["format"] == "corevad"
    assert document["titles"] == ["Detection"]
    assert document["conventions"] == {"annotation": "times of 2018", "AP": "step-wise"}
    assert document["metrics"]["agent"]["frame_auc"] == 0.8714
    assert document["intervals"]["agent"]["frame_auc"] == [0.8352, 0.9011]
    assert document["n"]["agent"] == {
        "frame_auc": 40, "within_auc_macro": 17, "ece": 40, "frames": 40,
    }  # fmt: skip
    assert document["kinds"]["perfect video label"] == "oracle"
    assert document["gaps"][1] == {
        "id": "row 12",
        "kind": "reversed-times",
        "detail": "ends at 3.0 s before it starts at 9.0 s",
    }
    assert document["notes"] == ["Half of the videos."]


def test_an_undefined_figure_is_null_and_says_why(detection: Table) -> None:
    document = parsed(render_json([detection], name="corevad"))

    assert document["metrics"]["perfect video label"]["within_auc_macro"] is None
    assert "within_auc_macro" not in document["intervals"]["perfect video label"]
    assert document["remarks"] == {
        "perfect video label": {"within_auc_macro": "no video holds both classes"}
    }


def test_tables_of_the_same_rows_are_joined(detection: Table) -> None:
    row = Row(name="agent", metrics={"choice_accuracy": Estimate(value=0.61, n=96)})
    questions = Table(title="Questions", rows=(row,), gaps=detection.gaps[:1])

    document = parsed(render_json([detection, questions], name="ucf-crime"))

    assert document["benchmark"] == "ucf-crime"
    assert document["metrics"]["agent"]["frame_auc"] == 0.8714
    assert document["metrics"]["agent"]["choice_accuracy"] == 0.61
    assert document["n"]["agent"]["choice_accuracy"] == 96
    assert len(document["gaps"]) == len(detection.gaps)


def test_another_figure_of_the_same_name_is_not_lost(detection: Table) -> None:
    row = Row(name="agent", metrics={"frame_auc": Estimate(value=0.5, n=9)})
    other = Table(title="Strict", rows=(row, row), conventions={"AP": "trapezoid"})

    document = parsed(render_json([detection, other], name="x"))

    assert document["metrics"]["agent"]["frame_auc"] == 0.8714
    assert document["metrics"]["agent (Strict)"] == {"frame_auc": 0.5}
    assert document["conventions"]["AP"] == "step-wise"
    assert document["conventions"]["AP (Strict)"] == "trapezoid"


def test_a_row_of_another_kind_stays_apart() -> None:
    tables = [
        Table(title=kind, rows=(Row(name="r", kind=kind, metrics={kind: Estimate(value=1, n=1)}),))
        for kind in ("measured", "blind")
    ]

    assert parsed(render_json(tables, name="x"))["kinds"] == {"r": "measured", "r (blind)": "blind"}


@pytest.mark.slow
@given(st.lists(ROWS, max_size=3))
def test_every_finite_figure_is_there_and_the_object_is_strict_json(
    groups: list[list[Row]],
) -> None:
    tables = [Table(title="t", rows=tuple(rows)) for rows in groups]

    document = parsed(render_json(tables, name="x"))

    written = {
        (kind, name, value)
        for row, kind in document["kinds"].items()
        for name, value in document["metrics"][row].items()
    }
    for row in (row for table in tables for row in table.rows):
        for name, estimate in row.metrics.items():
            value = estimate.value
            finite = value if value is not None and math.isfinite(value) else None
            assert (row.kind, name, finite) in written


def test_no_tables_give_an_empty_object() -> None:
    assert parsed(render_json([], name="x")) == {
        "benchmark": "x", "titles": [], "conventions": {}, "metrics": {}, "intervals": {},
        "n": {}, "kinds": {}, "remarks": {}, "gaps": [], "notes": [],
    }  # fmt: skip
