"""The page of an evaluation: one HTML file that opens offline and needs no script.

Every text is escaped by the template engine, characters that act unseen are made visible, and the
page's content policy forbids it to load anything or to run anything.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from vau_agent.evals.records import RunHeader
from vau_agent.evals.report.beside_blind import best_blind, better, clears, is_difference
from vau_agent.evals.report.drawing import Key, Numbers, draw, keys_of, numbers_of
from vau_agent.evals.report.figures import (
    KINDS,
    SIDES,
    UNDEFINED,
    Remark,
    bounds,
    defined,
    distinct_gaps,
    gap_counts,
    interval,
    is_count,
    joined_remarks,
    metric_names,
    number,
    shared_counts,
    side_of_zero,
    signed,
    usual_n,
)
from vau_agent.evals.report.plots import Plot
from vau_agent.evals.tables import Row, RowKind, Table
from vau_agent.reports.pages import page_environment, read_template
from vau_agent.reports.text import one_line
from vau_agent.reports.times import stamp

MAX_COLUMNS: Final = 7
"""Figures side by side; a table with more is shown in parts."""
MAX_GAPS: Final = 1000
"""Gaps named one by one; all are counted."""
_PACKAGE: Final = "vau_agent.evals.report"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """A figure as the page shows it."""

    value: str = ""
    interval: str = ""
    n: str = ""
    """Only where it differs from the row's."""
    beside: str = ""
    """How it stands to the best blind row, or a difference to zero, in words."""
    clear: bool = False
    """It lies wholly on the better side of that."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RowView:
    """A row of one part of a table."""

    name: str
    kind: RowKind
    n: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class TableView:
    """A table in parts that fit across a page."""

    table: Table
    parts: tuple[tuple[tuple[str, ...], tuple[RowView, ...]], ...]
    """Names of metrics, and the rows."""
    counts: Mapping[str, str]
    """What is the same in every row."""
    remarks: tuple[Remark, ...]
    alone: tuple[str, ...]
    """Metrics that are measured here with no blind row beside them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlotView:
    """A plot with everything that stands around it."""

    plot: Plot
    pictures: tuple[str, ...]
    """SVG, every text in it escaped."""
    keys: tuple[Key, ...]
    numbers: Numbers


def run_facts(header: RunHeader, made: datetime) -> dict[str, str]:
    """Give what the head of a page says about a run."""
    return {
        "Benchmark": header.benchmark,
        "Annotation": f"{header.annotation} (sha256 {header.annotation_sha256})",
        "Policy": header.policy,
        "Samples": str(header.samples),
        "Made": stamp(made),
        "Program": header.tool,
    }


def render_html(
    title: str,
    tables: Sequence[Table],
    plots: Sequence[Plot] = (),
    *,
    facts: Mapping[str, str] | None = None,
    settings: Mapping[str, str] | None = None,
) -> str:
    """Write the page of an evaluation.

    Args:
        title: What was evaluated.
        tables: In the order of showing.
        plots: In the order of showing.
        facts: What the head says, by name: see `run_facts`.
        settings: Everything else that changes an outcome; the head holds it folded up.
    """
    style = read_template("vau_agent.reports", "report.css") + read_template(
        _PACKAGE, "evaluation.css"
    )
    gaps = distinct_gaps(gap for table in tables for gap in table.gaps)
    environment = page_environment(_PACKAGE)
    environment.filters["line"] = one_line
    return environment.get_template("evaluation.html.j2").render(
        title=title,
        facts=dict(facts or {}),
        settings=dict(settings or {}),
        style=style,
        policy=content_policy(style),
        tables=[_table_view(table) for table in tables],
        plots=[_plot_view(plot, f"plot-{place}") for place, plot in enumerate(plots, start=1)],
        kinds={
            kind: words
            for kind, words in KINDS.items()
            if any(row.kind == kind for table in tables for row in table.rows)
        },
        gaps=gaps[:MAX_GAPS],
        gap_counts=gap_counts(gaps),
        unnamed_gaps=max(0, len(gaps) - MAX_GAPS),
    )


def content_policy(style: str) -> str:
    """Allow this style sheet and nothing else."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _table_view(table: Table) -> TableView:
    counts = shared_counts(table.rows)
    names = [name for name in metric_names(table.rows) if name not in counts]
    return TableView(
        table=table,
        parts=tuple(
            (part, tuple(_row_view(row, part, table) for row in table.rows))
            for part in _parts(names)
        ),
        counts=counts,
        remarks=joined_remarks(table.rows),
        alone=tuple(
            name
            for name in names
            if better(name) != "neither" and best_blind(table, name) is None
            if any(row.kind == "measured" and name in row.metrics for row in table.rows)
        ),
    )


def _parts(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Share metrics evenly over as few parts as hold them."""
    count = -(-len(names) // MAX_COLUMNS)
    for part in range(count):
        yield tuple(names[part * len(names) // count : (part + 1) * len(names) // count])


def _row_view(row: Row, names: Sequence[str], table: Table) -> RowView:
    n = usual_n(row)
    return RowView(
        name=row.name,
        kind=row.kind,
        n="" if n is None else str(n),
        cells=tuple(_cell(row, name, n, table) for name in names),
    )


def _cell(row: Row, name: str, n: int | None, table: Table) -> Cell:
    estimate = row.metrics.get(name)
    if estimate is None:
        return Cell()
    own_n = "" if estimate.n == n else f"n={estimate.n}"
    value = defined(estimate)
    if value is None:
        return Cell(value=UNDEFINED, n=own_n)
    whole = is_count(name, table.rows)
    beside, clear = _beside(row, name, table)
    return Cell(
        value=signed(value) if is_difference(row, name) else number(value, whole=whole),
        interval=interval(estimate, whole=whole),
        n=own_n,
        beside=beside,
        clear=clear,
    )


def _beside(row: Row, name: str, table: Table) -> tuple[str, bool]:
    """Say how a figure stands to what it is held against, and whether it clears that."""
    if is_difference(row, name):
        side = side_of_zero(bounds(row.metrics[name]))
        return SIDES[side], side == ("above" if better(name) == "higher" else "below")
    best = best_blind(table, name)
    if best is None or row == best:
        return "" if best is None else "best blind", False
    if row.kind != "measured":
        return "", False
    answer = clears(row.metrics[name], best, name)
    if answer is None:
        return "no interval", False
    return "clears blind" if answer else "does not clear blind", answer


def _plot_view(plot: Plot, key: str) -> PlotView:
    return PlotView(
        plot=plot, pictures=draw(plot, key), keys=keys_of(plot), numbers=numbers_of(plot)
    )
