"""Plots that are read line by line: differences one under the other, and videos over time."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from vau_agent.evals.records import CurveSample
from vau_agent.evals.report.canvas import (
    RIGHT,
    Scale,
    drawing,
    element,
    path,
    rule,
    shorten,
    text_at,
    tick_text,
)
from vau_agent.evals.report.figures import (
    SIDES,
    bounds,
    defined,
    interval,
    number,
    side_of_zero,
    signed,
)
from vau_agent.evals.report.plots import Effect, Forest, Strip
from vau_agent.evals.tables import Estimate
from vau_agent.reports.times import span, tick, tick_step
from vau_agent.schemas import Segment

LANE: Final = 40.0
"""Units down for one difference."""
EDGE: Final = 12.0
FIGURES: Final = 256.0
"""Where the plot of differences ends and their numbers begin."""
STRIP_HEIGHT: Final = 132.0
STRIP_LEFT: Final = 38.0
BAND: Final = 10.0
MAX_TICKS: Final = 6
MAX_SAMPLES: Final = 400
"""Moments drawn; of a longer curve, each stretch shows its highest."""


def draw_forest(plot: Forest, key: str) -> str:
    """Draw differences and their intervals; filled marks do not touch zero."""
    floor = 6 + LANE * len(plot.effects)
    x = _difference_scale(plot.effects)
    parts = []
    for value in x.ticks():
        parts.append(rule(x(value), 4, x(value), floor, "grid"))
        parts.append(text_at(x(value), floor + 14, tick_text(value), anchor="middle"))
    parts.append(rule(x(0), 4, x(0), floor, "axis"))
    middle = (x.start + x.end) / 2
    parts.append(
        text_at(
            middle, floor + 32, shorten(f"difference in {plot.x}", 376), anchor="middle", css="name"
        )
    )
    for place, effect in enumerate(plot.effects):
        parts.extend(_lane(effect, x, 6 + LANE * place))
    said = [f"{one.name}: {difference_words(one.difference)}." for one in plot.effects]
    about = " ".join([plot.about, *said]).strip()
    return drawing(key, plot.title, about, floor + 42, parts)


def difference_words(difference: Estimate) -> str:
    """Write a difference, and on which side of zero its interval lies."""
    value, ends = defined(difference), bounds(difference)
    if value is None:
        return "not defined"
    side = SIDES[side_of_zero(ends)]
    return " ".join(filter(None, [signed(value), interval(difference), side]))


def draw_strip(strip: Strip, key: str, place: int) -> str:
    """Draw one video: true times above, said times below, the score between."""
    x = Scale(low=0, high=strip.duration_s, start=STRIP_LEFT, end=RIGHT)
    y = Scale(low=0, high=1, start=95, end=38)
    name = f"Video {place}"
    parts = [text_at(2, 11, name, css="name"), rule(x.start, y(1), x.end, y(1), "grid")]
    parts.append(rule(x.start, y(0), x.end, y(0), "axis"))
    parts += [text_at(33, y(1) + 4, "1", anchor="end"), text_at(33, y(0) + 4, "0", anchor="end")]
    parts += [text_at(33, 31, "true", anchor="end"), text_at(33, 113, "said", anchor="end")]
    if strip.truth is None:
        parts.append(text_at(x.start, 31, "no times were written down"))
    parts += _band(x, 22, strip.truth or (), "truth")
    parts += _band(x, 104, strip.said, "said")
    if strip.curve:
        places = list(_held(strip, x, y))
        parts.append(
            path([(places[0][0], y(0)), *places, (places[-1][0], y(0))], "area", closed=True)
        )
        parts.append(path(places, "line c0"))
    step = tick_step(strip.duration_s, most=MAX_TICKS)
    for mark in range(int(strip.duration_s / step) + 1):
        at = x(mark * step)
        parts.append(text_at(min(at, RIGHT - 14), 127, tick(mark * step), anchor="middle"))
    return drawing(key, name, strip_words(strip), STRIP_HEIGHT, parts)


def strip_words(strip: Strip) -> str:
    """Say in words what a strip shows."""
    truth = "nobody wrote times down" if strip.truth is None else _spans(strip.truth)
    peak = max((sample.score for sample in strip.curve), default=None)
    highest = "" if peak is None else f"; highest score {number(peak)}"
    return f"{number(strip.duration_s)} s; true: {truth}; said: {_spans(strip.said)}{highest}."


def _lane(effect: Effect, x: Scale, top: float) -> Iterator[str]:
    value, ends = defined(effect.difference), bounds(effect.difference)
    said = "not defined" if value is None else f"{signed(value)} {interval(effect.difference)}"
    yield text_at(EDGE, top + 13, shorten(effect.name, RIGHT - EDGE), css="over")
    yield text_at(RIGHT, top + 30, said.strip(), anchor="end", css="name")
    if value is None:
        return
    middle = top + 26
    side = side_of_zero(ends)
    if ends is not None:
        yield rule(x(ends[0]), middle, x(ends[1]), middle, f"whisker {side}")
        for end in ends:
            yield rule(x(end), middle - 5, x(end), middle + 5, f"whisker {side}")
    yield element("circle", cx=x(value), cy=middle, r=4.5, class_=f"dot {side}")


def _difference_scale(effects: Sequence[Effect]) -> Scale:
    """Cover every difference, every interval, and zero."""
    values = [0.0]
    for one in effects:
        value = defined(one.difference)
        values += [] if value is None else [value, *(bounds(one.difference) or ())]
    room = 0.06 * ((max(values) - min(values)) or 1.0)
    return Scale(low=min(values) - room, high=max(values) + room, start=EDGE + 8, end=FIGURES)


def _band(x: Scale, top: float, spans: Sequence[Segment], css: str) -> Iterator[str]:
    """Draw spans of time as bars, each wide enough to be seen."""
    for one in spans:
        left = x(one.start)
        width = max(1.5, x(one.end) - left)
        yield element("rect", x=left, y=top, width=width, height=BAND, class_=css)


def _held(strip: Strip, x: Scale, y: Scale) -> Iterator[tuple[float, float]]:
    """Give the corners of the curve: a score holds until the next moment."""
    samples = thin_samples(strip.curve, MAX_SAMPLES)
    ends = [*(sample.t_s for sample in samples[1:]), strip.duration_s]
    for sample, end in zip(samples, ends, strict=True):
        yield x(sample.t_s), y(sample.score)
        yield x(max(end, sample.t_s)), y(sample.score)


def thin_samples(samples: Sequence[CurveSample], most: int) -> list[CurveSample]:
    """Keep at most `most` moments: of each equal share of them, the highest."""
    if len(samples) <= most:
        return list(samples)
    edges = [round(place * len(samples) / most) for place in range(most + 1)]
    return [max(samples[a:b], key=lambda one: one.score) for a, b in pairwise(edges)]


def _spans(spans: Sequence[Segment]) -> str:
    return ", ".join(span(one.start, one.end) for one in spans) or "nothing"
