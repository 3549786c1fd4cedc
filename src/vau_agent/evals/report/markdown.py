"""Tables in GitHub's Markdown: readable as they stand, in a terminal too."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from vau_agent.evals.report.beside_blind import is_difference
from vau_agent.evals.report.figures import (
    KINDS,
    UNDEFINED,
    defined,
    distinct_gaps,
    gap_counts,
    interval,
    is_count,
    joined_remarks,
    metric_names,
    number,
    shared_counts,
    signed,
    usual_n,
)
from vau_agent.evals.samples import Gap
from vau_agent.evals.tables import Estimate, Row, Table
from vau_agent.reports.text import one_line

MAX_GAPS: Final = 20
"""Gaps named one by one; all are counted."""
_MARKUP: Final = re.compile(r"[\\`*|<&]|\](?=[(\[:])")
"""What could start code, emphasis, a cell, an element, an entity, or end the words of a link."""


def render_markdown(tables: Sequence[Table]) -> str:
    """Write tables one under the other, each with its conventions and notes, and all gaps last.

    Figures carry their 95 % interval in brackets; `n=` stands beside a figure that rests on
    another number of items than the rest of its row.
    """
    blocks = [block for table in tables for block in _blocks(table)]
    gaps = distinct_gaps(gap for table in tables for gap in table.gaps)
    if gaps:
        blocks.append("\n".join(_gaps(gaps)))
    return "\n\n".join(blocks) + "\n" if blocks else ""


def _blocks(table: Table) -> Iterator[str]:
    yield f"### {_text(table.title)}"
    yield "\n".join(_grid(table)) if table.rows else "No rows."
    if table.rows:
        kinds = dict.fromkeys(row.kind for row in table.rows)
        yield "Kinds: " + "; ".join(f"{kind}: {KINDS[kind]}" for kind in kinds) + "."
    counts = ", ".join(f"{name} {count}" for name, count in shared_counts(table.rows).items())
    notes = [f"- for all rows: {_text(counts)}"] if counts else []
    notes += [f"- {_text(name)}: {_text(choice)}" for name, choice in table.conventions.items()]
    notes += [
        f"- {_text(', '.join(one.metrics))} ({_text('; '.join(one.rows))}): {_text(one.words)}"
        for one in joined_remarks(table.rows)
    ]
    notes += [f"- {_text(note)}" for note in table.notes]
    if notes:
        yield "\n".join(notes)


def _grid(table: Table) -> Iterator[str]:
    shared = shared_counts(table.rows)
    names = [name for name in metric_names(table.rows) if name not in shared]
    yield _line(["row", "kind", "n", *(_text(name) for name in names)])
    yield _line(["---", "---", *("---:" for _ in ("n", *names))])
    whole = {name: is_count(name, table.rows) for name in names}
    for row in table.rows:
        n = usual_n(row)
        figures = (_figure(row, name, n, whole=whole[name]) for name in names)
        yield _line([_text(row.name), row.kind, "" if n is None else str(n), *figures])


def _figure(row: Row, name: str, n: int | None, *, whole: bool) -> str:
    estimate: Estimate | None = row.metrics.get(name)
    if estimate is None:
        return ""
    value = defined(estimate)
    if value is None:
        return UNDEFINED
    said = signed(value) if is_difference(row, name) else number(value, whole=whole)
    words = [said, interval(estimate, whole=whole)]
    if estimate.n != n:
        words.append(f"n={estimate.n}")
    return " ".join(word for word in words if word)


def _gaps(gaps: Sequence[Gap]) -> Iterator[str]:
    counts = ", ".join(f"{count} {kind}" for kind, count in gap_counts(gaps))
    yield f"Gaps: {len(gaps)} ({counts})"
    yield ""
    for gap in gaps[:MAX_GAPS]:
        yield f"- {gap.kind}, {_text(gap.id)}: {_text(gap.detail)}"
    if len(gaps) > MAX_GAPS:
        yield f"- and {len(gaps) - MAX_GAPS} more"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _text(text: str) -> str:
    """Fit text into one cell, its markup shown and not obeyed."""
    return _MARKUP.sub(r"\\\g<0>", one_line(text))
