"""Numbers in words: the same digits in Markdown and on the page."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from vau_agent.evals.samples import Gap
from vau_agent.evals.tables import Estimate, Row, RowKind

KINDS: Final[dict[RowKind, str]] = {
    "measured": "the method, on these samples",
    "difference": "one method less another, on the same items",
    "blind": "never sees the video",
    "oracle": "is told part of the truth",
    "floor": "a trivial method",
    "published": "somebody else's figure, quoted",
}
"""What each kind of row means."""
UNDEFINED: Final = "n/a"
"""Stands where a figure is not defined; a note says why."""
COUNTS: Final = frozenset(
    {"anomalous", "calls", "classes", "events", "fn", "fp", "frames", "inconclusive", "n"}
    | {"normal", "queries", "rows", "samples", "tn", "tokens", "tp", "unanswered"}
    | {"unparsed", "unreadable", "videos"}
)
"""Words of a metric's name that tell a number of things."""
Side = Literal["above", "below", "around", "unknown"]
SIDES: Final[dict[Side, str]] = {
    "above": "above zero",
    "below": "below zero",
    "around": "may be zero",
    "unknown": "no interval",
}
"""Where the interval of a difference lies, in words."""


def number(value: float, *, whole: bool = False) -> str:
    """Write a figure with three significant decimals, a count without any."""
    if whole:
        return f"{value:,.0f}"
    size = abs(value)
    if size == 0 or 0.0005 <= size < 10:
        return f"{value:.3f}"
    if size < 0.0005:
        return f"{value:.1e}"
    return f"{value:,.{2 if size < 100 else 1 if size < 1000 else 0}f}"


def signed(value: float) -> str:
    """Write a difference: `number` with its sign."""
    return f"{'+' if value > 0 else ''}{number(value)}"


def interval(estimate: Estimate, *, whole: bool = False) -> str:
    """Write the 95 % interval in brackets; empty when there is none."""
    ends = bounds(estimate)
    if ends is None:
        return ""
    return f"[{number(ends[0], whole=whole)}, {number(ends[1], whole=whole)}]"


def bounds(estimate: Estimate) -> tuple[float, float] | None:
    """Give both ends of the 95 % interval, or `None` when one is not a finite number."""
    low, high = estimate.low, estimate.high
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return None
    return low, high


def defined(estimate: Estimate) -> float | None:
    """Give the value, or `None` when there is none or it is not a finite number."""
    value = estimate.value
    return value if value is not None and math.isfinite(value) else None


def side_of_zero(ends: tuple[float, float] | None) -> Side:
    """Tell where an interval lies: above, below or around zero; `unknown` without one."""
    if ends is None:
        return "unknown"
    return "above" if ends[0] > 0 else "below" if ends[1] < 0 else "around"


def metric_names(rows: Sequence[Row]) -> tuple[str, ...]:
    """Name every metric that some row has, in the order of first mention."""
    return tuple(dict.fromkeys(name for row in rows for name in row.metrics))


def is_count(name: str, rows: Sequence[Row]) -> bool:
    """Tell whether a metric counts things.

    It does when its values are whole throughout and its name says so, or they carry no interval
    and one is larger than any share.
    """
    estimates = [row.metrics[name] for row in rows if name in row.metrics]
    values = [value for one in estimates if (value := defined(one)) is not None]
    if not all(value.is_integer() for value in values):
        return False
    if COUNTS.intersection(name.split("_")):
        return True
    return any(value > 1 for value in values) and not any(map(bounds, estimates))


def shared_counts(rows: Sequence[Row]) -> dict[str, str]:
    """Give the counts that are the same in all of the rows that have them, two at least.

    They tell of the samples and not of a method, so they stand once under a table. Nothing is
    given where no other figure would remain.
    """
    names = metric_names(rows)
    shared = {
        name: number(value, whole=True)
        for name in names
        if is_count(name, rows) and (value := _shared(name, rows)) is not None
    }
    return shared if len(shared) < len(names) else {}


def usual_n(row: Row) -> int | None:
    """Give the number of items that most figures of a row rest on."""
    counted = Counter(estimate.n for estimate in row.metrics.values())
    return counted.most_common(1)[0][0] if counted else None


def why_undefined(estimate: Estimate) -> str:
    """Say why a figure is missing."""
    if estimate.note:
        return estimate.note
    return "not defined on these samples" if estimate.value is None else "not a finite number"


def remarks(row: Row) -> tuple[tuple[str, str], ...]:
    """Give metric and words for each figure of a row that needs a word of explanation."""
    return tuple(
        (name, estimate.note if defined(estimate) is not None else why_undefined(estimate))
        for name, estimate in row.metrics.items()
        if estimate.note or defined(estimate) is None
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Remark:
    """One explanation, and the figures that it stands for."""

    words: str
    metrics: tuple[str, ...]
    rows: tuple[str, ...]


def joined_remarks(rows: Sequence[Row]) -> tuple[Remark, ...]:
    """Say each explanation once: for all metrics of a row, and for all rows with the same ones."""
    by_row: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        for metric, words in remarks(row):
            by_row.setdefault((words, row.name), []).append(metric)
    joined: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (words, name), metrics in by_row.items():
        joined.setdefault((words, tuple(metrics)), []).append(name)
    return tuple(
        Remark(words=words, metrics=metrics, rows=tuple(names))
        for (words, metrics), names in joined.items()
    )


def distinct_gaps(gaps: Iterable[Gap]) -> tuple[Gap, ...]:
    """Keep the first gap of each kind an item has."""
    kept: dict[tuple[str, str], Gap] = {}
    for gap in gaps:
        kept.setdefault((gap.kind, gap.id), gap)
    return tuple(kept.values())


def gap_counts(gaps: Sequence[Gap]) -> tuple[tuple[str, int], ...]:
    """Count gaps by kind, the most frequent first."""
    return tuple(Counter(gap.kind for gap in gaps).most_common())


def _shared(name: str, rows: Sequence[Row]) -> float | None:
    """Give what a metric is in every row that has it, if it needs no further word."""
    found = [row.metrics[name] for row in rows if name in row.metrics]
    values = {defined(one) for one in found}
    if len(found) < 2 or len(values) != 1 or any(one.note or bounds(one) for one in found):
        return None
    return values.pop()
