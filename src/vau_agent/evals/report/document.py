"""Tables as one JSON object, for other programs: what `--json` prints."""

from collections.abc import Mapping, Sequence
from itertools import chain, count
from typing import Literal

from pydantic import JsonValue

from vau_agent.evals.report.figures import bounds, defined, remarks
from vau_agent.evals.tables import Row, Table

Source = Literal["format", "benchmark", "comparison"]
"""What a document was made from; its name stands under this key."""


def render_json(
    tables: Sequence[Table], *, name: str, source: Source = "benchmark"
) -> dict[str, JsonValue]:
    """Write tables as one JSON object of plain numbers.

    Rows of the same name are joined over the tables. Where two tables give one row another kind,
    or one of its metrics another figure, the later row is named `row (title of its table)`; a
    convention that differs is named so too. A figure that is not defined is `null`, and `remarks`
    says why.
    """
    conventions: dict[str, JsonValue] = {}
    rows: dict[str, Row] = {}
    words: dict[str, dict[str, JsonValue]] = {}
    for table in tables:
        conventions |= _distinct(table, conventions)
        for row in table.rows:
            place = _place(row, rows, table.title)
            former = rows[place].metrics if place in rows else {}
            rows[place] = row.model_copy(update={"metrics": {**former, **row.metrics}})
            for metric, text in remarks(row):
                words.setdefault(place, {})[metric] = text
    gaps = dict.fromkeys(gap for table in tables for gap in table.gaps)
    return {
        source: name,
        "titles": [table.title for table in tables],
        "conventions": conventions,
        **_figures(rows),
        "remarks": dict(words),
        "gaps": [gap.model_dump(mode="json") for gap in gaps],
        "notes": list(dict.fromkeys(note for table in tables for note in table.notes)),
    }


def _figures(rows: Mapping[str, Row]) -> dict[str, JsonValue]:
    return {
        "metrics": {
            name: {metric: defined(one) for metric, one in row.metrics.items()}
            for name, row in rows.items()
        },
        "intervals": {
            name: {
                metric: list(ends)
                for metric, one in row.metrics.items()
                if (ends := bounds(one)) is not None
            }
            for name, row in rows.items()
        },
        "n": {
            name: {metric: one.n for metric, one in row.metrics.items()}
            for name, row in rows.items()
        },
        "kinds": {name: row.kind for name, row in rows.items()},
    }


def _place(row: Row, rows: Mapping[str, Row], title: str) -> str:
    """Name a row so that it stands in no other row's way."""
    names = chain(
        (row.name, f"{row.name} ({title})"),
        (f"{row.name} ({title}, {number})" for number in count(2)),
    )
    return next(name for name in names if name not in rows or _agrees(row, rows[name]))


def _agrees(row: Row, former: Row) -> bool:
    shared = row.metrics.keys() & former.metrics.keys()
    return row.kind == former.kind and all(
        row.metrics[name] == former.metrics[name] for name in shared
    )


def _distinct(table: Table, former: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {
        name if former.get(name, choice) == choice else f"{name} ({table.title})": choice
        for name, choice in table.conventions.items()
    }
