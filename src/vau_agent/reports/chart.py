"""The geometry of the timeline: where each mark stands, in percent of the video's length.

The curve is drawn in a box of 1000 x 100 units that is stretched to the page; labels are placed
by percent beside it, so that text keeps its size on a phone.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final

from vau_agent.reports.text import one_line
from vau_agent.reports.times import span, tick, tick_step, timecode
from vau_agent.results import Result
from vau_agent.schemas import CUES, CurvePoint, Segment

MAX_POINTS: Final = 1200
"""Points drawn; of a longer curve, each stretch shows its highest."""
MAX_TICKS: Final = 7
MAX_PEAKS: Final = 12
FAINT: Final = 0.05
"""A cue that never reaches this is not drawn."""
HOLE_SECONDS: Final = 10.0
"""No line is drawn over a longer stretch without a measurement."""
HOLE_FACTOR: Final = 4.0
"""The same, as a multiple of the usual distance between measurements."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """A label at one time, or a band from one time to another."""

    left: float
    """Percent of the video's length."""
    width: float = 0.0
    label: str
    title: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Strip:
    """One cue over time."""

    name: str
    meaning: str
    area: str
    """SVG path."""
    peak: CurvePoint


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """Everything the timeline shows."""

    duration: float
    points: tuple[CurvePoint, ...]
    line: str
    area: str
    ticks: tuple[Mark, ...]
    events: tuple[Mark, ...]
    windows: tuple[Mark, ...]
    gaps: tuple[Mark, ...]
    cuts: tuple[Mark, ...]
    strips: tuple[Strip, ...]
    peaks: tuple[CurvePoint, ...]
    """The curve in words: its highest moments, one from each stretch, in time order."""


def build_chart(result: Result) -> Chart:
    """Lay out curve, events, windows, cuts and unseen parts of a result."""
    ends = [result.video.duration_s, *(event.end_s for event in result.events)]
    points = thin_out(sorted(result.curve, key=lambda point: point.timestamp), MAX_POINTS)
    if points:
        ends.append(points[-1].timestamp)
    axis = _Axis(duration=max(0.001, *ends))
    runs = list(_unbroken(points))
    return Chart(
        duration=axis.duration,
        points=tuple(points),
        line=" ".join(axis.line([(p.timestamp, p.score) for p in run]) for run in runs),
        area=" ".join(axis.area([(p.timestamp, p.score) for p in run]) for run in runs),
        ticks=tuple(axis.ticks()),
        events=tuple(
            axis.band(
                Segment(start=event.start_s, end=event.end_s),
                label=one_line(event.id),
                title=f"{one_line(event.category)} {span(event.start_s, event.end_s)}",
            )
            for event in result.events
            if event.end_s > event.start_s
        ),
        windows=tuple(
            axis.band(window, label=span(window.start, window.end)) for window in _windows(result)
        ),
        gaps=tuple(
            axis.band(gap, label="not looked at", title=span(gap.start, gap.end))
            for gap in _gaps(result, points)
        ),
        cuts=tuple(
            Mark(left=axis.left(cut), label=timecode(cut)) for cut in result.cuts if cut >= 0
        ),
        strips=tuple(_strips(runs, axis)),
        peaks=tuple(_peaks(points)),
    )


def thin_out(points: Sequence[CurvePoint], most: int) -> list[CurvePoint]:
    """Keep at most `most` points: of each equal share of them, the highest."""
    if len(points) <= most:
        return list(points)
    edges = [round(number * len(points) / most) for number in range(most + 1)]
    return [max(points[a:b], key=lambda point: point.score) for a, b in pairwise(edges)]


def place(segment: Segment, within: Segment) -> Mark | None:
    """Place a segment on a bar that shows `within`; `None` when it lies outside."""
    start, end = max(segment.start, within.start), min(segment.end, within.end)
    if end <= start:
        return None
    axis = _Axis(duration=within.duration)
    shifted = Segment(start=start - within.start, end=end - within.start)
    return axis.band(shifted, label=span(segment.start, segment.end))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Axis:
    duration: float

    def left(self, seconds: float) -> float:
        return round(100 * min(max(seconds, 0.0), self.duration) / self.duration, 3)

    def band(self, segment: Segment, *, label: str, title: str = "") -> Mark:
        left = self.left(segment.start)
        width = round(self.left(segment.end) - left, 3)
        return Mark(left=left, width=width, label=label, title=title)

    def ticks(self) -> Iterator[Mark]:
        step = tick_step(self.duration, most=MAX_TICKS)
        for number in range(int(self.duration / step) + 1):
            yield Mark(left=self.left(number * step), label=tick(number * step))

    def line(self, values: Sequence[tuple[float, float]]) -> str:
        steps = (f"{10 * self.left(time):.1f} {100 - 100 * value:.1f}" for time, value in values)
        return "M" + "L".join(steps)

    def area(self, values: Sequence[tuple[float, float]]) -> str:
        first, last = 10 * self.left(values[0][0]), 10 * self.left(values[-1][0])
        return f"{self.line(values)}L{last:.1f} 100L{first:.1f} 100Z"


def _unbroken(points: Sequence[CurvePoint]) -> Iterator[list[CurvePoint]]:
    """Split the curve where nothing was measured for long."""
    limit = _longest_step(points)
    run: list[CurvePoint] = []
    for point in points:
        if run and point.timestamp - run[-1].timestamp > limit:
            yield run
            run = []
        run.append(point)
    if run:
        yield run


def _longest_step(points: Sequence[CurvePoint]) -> float:
    steps = [after.timestamp - before.timestamp for before, after in pairwise(points)]
    return max(HOLE_SECONDS, HOLE_FACTOR * median(steps)) if steps else HOLE_SECONDS


def _gaps(result: Result, points: Sequence[CurvePoint]) -> list[Segment]:
    if result.coverage.gaps:
        return list(result.coverage.gaps)
    limit = _longest_step(points)
    return [
        Segment(start=before.timestamp, end=after.timestamp)
        for before, after in pairwise(points)
        if after.timestamp - before.timestamp > limit
    ]


def _windows(result: Result) -> list[Segment]:
    return sorted(
        {(s.window.start, s.window.end): s.window for s in result.stages}.values(),
        key=lambda window: window.start,
    )


def _strips(runs: Sequence[Sequence[CurvePoint]], axis: _Axis) -> Iterator[Strip]:
    points = [point for run in runs for point in run]
    names = {name for point in points for name in point.cues}
    order = [*(name for name in CUES if name in names), *sorted(names - CUES.keys())]
    for name in order:
        peak = max(points, key=lambda point: point.cues.get(name, 0.0))
        if peak.cues.get(name, 0.0) < FAINT:
            continue
        areas = (axis.area([(p.timestamp, p.cues.get(name, 0.0)) for p in run]) for run in runs)
        meaning = CUES.get(name, "a cue this version has no words for")
        yield Strip(name=one_line(name), meaning=meaning, area=" ".join(areas), peak=peak)


def _peaks(points: Sequence[CurvePoint]) -> Iterable[CurvePoint]:
    return thin_out(points, MAX_PEAKS)
