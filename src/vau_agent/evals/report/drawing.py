"""A plot in three forms: pictures, a key to their lines, and the same numbers as a table."""

from dataclasses import dataclass
from typing import Final

from vau_agent.evals.report.figures import UNDEFINED, defined, interval, number
from vau_agent.evals.report.lanes import difference_words, draw_forest, draw_strip, strip_words
from vau_agent.evals.report.plots import (
    CostCurve,
    Curve,
    Forest,
    Line,
    Plot,
    Point,
    Reliability,
    Timeline,
)
from vau_agent.evals.report.squares import (
    css_of,
    draw_cost,
    draw_curve,
    draw_reliability,
    letter_of,
)
from vau_agent.evals.tables import Estimate, RowKind

MAX_LISTED: Final = 13
"""Points of one line that the table under a curve lists, evenly chosen."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """What a line of a plot stands for."""

    letter: str
    css: str
    name: str
    kind: RowKind | None
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Numbers:
    """The numbers of a plot as a table."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def draw(plot: Plot, key: str) -> tuple[str, ...]:
    """Draw a plot: one SVG picture, or one for each video of a timeline; none when it is empty.

    Args:
        plot: What to draw.
        key: Unique on the page; begins the ids of the pictures.
    """
    match plot:
        case Curve():
            return (draw_curve(plot, key),) if any(line.points for line in plot.lines) else ()
        case Reliability():
            return (draw_reliability(plot, key),) if plot.bins else ()
        case Forest():
            return (draw_forest(plot, key),) if plot.effects else ()
        case CostCurve():
            return (draw_cost(plot, key),) if any(line.points for line in plot.lines) else ()
        case Timeline():
            strips = enumerate(plot.strips, start=1)
            return tuple(draw_strip(strip, f"{key}-{place}", place) for place, strip in strips)


def keys_of(plot: Plot) -> tuple[Key, ...]:
    """Say what the lines of a plot stand for."""
    if not isinstance(plot, Curve | CostCurve):
        return ()
    keys = tuple(
        Key(
            letter=letter_of(place),
            css=css_of(place, line),
            name=line.name,
            kind=line.kind,
            note=line.note if isinstance(line, Line) else "",
        )
        for place, line in enumerate(line for line in plot.lines if line.points)
    )
    chance = plot.chance if isinstance(plot, Curve) else None
    if chance is None:
        return keys
    return (*keys, Key(letter="", css="chance", name=chance.name, kind=None, note=chance.note))


def numbers_of(plot: Plot) -> Numbers:
    """Give the numbers that a plot shows."""
    match plot:
        case Curve():
            rows = [
                (line.name, number(point.x), number(point.y))
                for line in plot.lines
                for point in _evenly(line)
            ]
            return Numbers(head=("line", plot.x, plot.y), rows=tuple(rows))
        case Reliability():
            bins = [(number(one.confidence), *_estimate(one.accuracy)) for one in plot.bins]
            return Numbers(head=(plot.x, plot.y, "95 % interval", "n"), rows=tuple(bins))
        case Forest():
            effects = [
                (one.name, difference_words(one.difference), str(one.difference.n))
                for one in plot.effects
            ]
            return Numbers(head=("step", f"difference in {plot.x}", "n"), rows=tuple(effects))
        case CostCurve():
            costs = [
                (line.name, f"{point.cost:g}", *_estimate(point.score))
                for line in plot.lines
                for point in line.points
            ]
            head = ("method", plot.x, plot.y, "95 % interval", "n")
            return Numbers(head=head, rows=tuple(costs))
        case Timeline():
            videos = [
                (str(place), strip_words(strip)) for place, strip in enumerate(plot.strips, start=1)
            ]
            return Numbers(head=("video", "what is shown"), rows=tuple(videos))


def _estimate(estimate: Estimate) -> tuple[str, str, str]:
    value = defined(estimate)
    said = UNDEFINED if value is None else number(value)
    return said, interval(estimate), str(estimate.n)


def _evenly(line: Line) -> list[Point]:
    last = len(line.points) - 1
    if last < MAX_LISTED:
        return list(line.points)
    return [line.points[round(place * last / (MAX_LISTED - 1))] for place in range(MAX_LISTED)]
