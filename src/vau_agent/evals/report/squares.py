"""Plots with two axes: rates against rates, confidence against truth, score against cost."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from vau_agent.evals.report.canvas import (
    LEFT,
    RIGHT,
    TOP,
    Scale,
    axes,
    drawing,
    element,
    path,
    round_step,
    rule,
    text_at,
)
from vau_agent.evals.report.figures import bounds, defined, interval, number
from vau_agent.evals.report.plots import (
    CostCurve,
    CostLine,
    CostPoint,
    Curve,
    Line,
    Point,
    Reliability,
)
from vau_agent.evals.tables import Estimate

LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
COLOURS: Final = 6
"""Colours of the style sheet; lines beyond them start again, told apart by their letters."""
FLOOR: Final = 262.0
"""Where the horizontal axis stands."""
HEIGHT: Final = 302.0
UNIT_X: Final = Scale(low=0, high=1, start=LEFT, end=RIGHT)
UNIT_Y: Final = Scale(low=0, high=1, start=FLOOR, end=TOP)
APART: Final = 18.0
BENT: Final = 30.0
"""Costs that differ more than this many times are drawn on a logarithmic axis."""


def letter_of(place: int) -> str:
    """Name a line of a plot: A to Z, then A2."""
    again, at = divmod(place, len(LETTERS))
    return LETTERS[at] + (str(again + 1) if again else "")


def css_of(place: int, line: Line | CostLine) -> str:
    """Give the style classes of a line: its colour, and its dashes by the kind of row."""
    return f"c{place % COLOURS} {line.kind}"


def draw_curve(plot: Curve, key: str) -> str:
    """Draw rates against rates."""
    parts = axes(UNIT_X, UNIT_Y, plot.x, plot.y)
    if plot.chance and plot.chance.points:
        parts.append(path(_placed(plot.chance.points), "line chance"))
    lines = [line for line in plot.lines if line.points]
    for place, line in enumerate(lines):
        parts.append(path(_placed(line.points), f"line {css_of(place, line)}"))
    for place, line in enumerate(lines):
        at = (place + 1) * len(line.points) // (len(lines) + 1)
        x, y = _placed(line.points)[at]
        parts.append(_letter(x, y, place, line))
    about = [plot.about, *(f"{line.name}: {line.note}." for line in lines if line.note)]
    return drawing(key, plot.title, " ".join(filter(None, about)), HEIGHT, parts)


def draw_reliability(plot: Reliability, key: str) -> str:
    """Draw confidence against truth; the bars at the foot show how many answers a bin holds."""
    parts = axes(UNIT_X, UNIT_Y, plot.x, plot.y)
    most = max(one.accuracy.n for one in plot.bins)
    for one in plot.bins:
        tall = 44 * one.accuracy.n / max(1, most)
        x = UNIT_X(one.confidence)
        parts.append(element("rect", x=x - 6, y=FLOOR - tall, width=12, height=tall, class_="bar"))
    parts.append(path([(LEFT, FLOOR), (RIGHT, TOP)], "line chance"))
    marks = [_Mark(x=one.confidence, estimate=one.accuracy) for one in plot.bins]
    centres = [place for mark in marks if (place := mark.centre(UNIT_X, UNIT_Y)) is not None]
    if len(centres) > 1:
        parts.append(path(centres, "line c0 measured"))
    for mark in marks:
        parts.extend(mark.shapes(UNIT_X, UNIT_Y, "c0"))
    about = "The dashed diagonal is perfect calibration; bars show the number of answers."
    return drawing(key, plot.title, f"{plot.about} {about}".strip(), HEIGHT, parts)


def draw_cost(plot: CostCurve, key: str) -> str:
    """Draw what is reached against what it costs; blind rows run across as dashed lines."""
    lines = [line for line in plot.lines if line.points]
    x, y = _cost_scale(lines), _score_scale(lines)
    parts = axes(x, y, plot.x, plot.y)
    for place, line in enumerate(lines):
        css = css_of(place, line)
        marks = [_Mark(x=one.cost, estimate=one.score) for one in _by_cost(line)]
        centres = [centre for mark in marks if (centre := mark.centre(x, y)) is not None]
        across = len(centres) == 1 and line.kind != "measured"
        if across:
            parts.append(rule(LEFT, centres[0][1], RIGHT, centres[0][1], f"line {css}"))
        elif len(centres) > 1:
            parts.append(path(centres, f"line {css}"))
        for mark in marks:
            parts.extend(mark.shapes(x, y, css))
        if centres:
            # Lines that run across may lie on each other: their letters stand side by side.
            x_at = LEFT + APART * (1 + place) if across else centres[-1][0] - 20
            parts.append(_letter(x_at, centres[-1][1], place, line))
    said = [
        f"{line.name}: " + ", ".join(_at_cost(one.cost, one.score) for one in _by_cost(line)) + "."
        for line in lines
    ]
    return drawing(key, plot.title, " ".join([plot.about, *said]).strip(), HEIGHT, parts)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Mark:
    """A point with its interval."""

    x: float
    estimate: Estimate

    def centre(self, x: Scale, y: Scale) -> tuple[float, float] | None:
        value = defined(self.estimate)
        return None if value is None else (x(self.x), y(value))

    def shapes(self, x: Scale, y: Scale, css: str) -> Iterator[str]:
        centre, ends = self.centre(x, y), bounds(self.estimate)
        if centre is None:
            return
        if ends is not None:
            low, high = y(ends[0]), y(ends[1])
            yield rule(centre[0], low, centre[0], high, f"whisker {css}")
            yield rule(centre[0] - 4, low, centre[0] + 4, low, f"whisker {css}")
            yield rule(centre[0] - 4, high, centre[0] + 4, high, f"whisker {css}")
        yield element("circle", cx=centre[0], cy=centre[1], r=3.5, class_=f"dot {css}")


def _placed(points: Sequence[Point]) -> list[tuple[float, float]]:
    return [(UNIT_X(point.x), UNIT_Y(point.y)) for point in points]


def _letter(x: float, y: float, place: int, line: Line | CostLine) -> str:
    inside = min(max(x + 6, LEFT + 4), RIGHT - 10)
    css = f"letter {css_of(place, line)}"
    return text_at(inside, max(y - 6, TOP + 8), letter_of(place), css=css)


def _by_cost(line: CostLine) -> list[CostPoint]:
    return sorted(line.points, key=lambda point: point.cost)


def _at_cost(cost: float, score: Estimate) -> str:
    value = defined(score)
    words = "not defined" if value is None else f"{number(value)} {interval(score)}".rstrip()
    return f"{words} at {cost:g}"


def _cost_scale(lines: Sequence[CostLine]) -> Scale:
    costs = [point.cost for line in lines for point in line.points]
    high = max(costs) or 1.0
    least = min((cost for cost in costs if cost > 0), default=high)
    bent = high / least > BENT
    return Scale(
        low=0, high=high * (1.5 if bent else 1.08), start=LEFT, end=RIGHT, logarithmic=bent
    )


def _score_scale(lines: Sequence[CostLine]) -> Scale:
    """Cover every value and interval, between round numbers."""
    values: list[float] = []
    for point in (point for line in lines for point in line.points):
        value = defined(point.score)
        values += [] if value is None else [value, *(bounds(point.score) or ())]
    low, high = min(values, default=0.0), max(values, default=1.0)
    step = round_step(max(high - low, 0.01) / 4)
    first = math.floor(low / step - 0.1)
    last = math.ceil(high / step + 0.1)
    return Scale(low=first * step, high=last * step, start=FLOOR, end=TOP)
