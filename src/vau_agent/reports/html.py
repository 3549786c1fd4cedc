"""The report: one HTML file that opens offline and carries everything it shows.

Text of every origin is escaped by the template engine, and characters that act unseen are made
visible first. The page's content policy forbids it to load anything but the clips beside it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import quote

from jinja2 import Environment

from vau_agent.reports.chart import FAINT, Chart, build_chart
from vau_agent.reports.pages import page_environment
from vau_agent.reports.pictures import (
    CITED_SIDE,
    SHEET_SIDE,
    LoadPicture,
    data_uri,
    load_checked,
)
from vau_agent.reports.story import STAGE_NAMES, window_stories
from vau_agent.reports.text import (
    RISKS,
    SEVERITIES,
    confidence_words,
    first_sentence,
    one_line,
    size_words,
)
from vau_agent.reports.times import precise, span, stamp, timecode, took, wall_clock
from vau_agent.results import Clip, EvidenceFrame, Result, ResultEvent

CONTENT_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "script-src 'unsafe-inline'; media-src 'self'; base-uri 'none'; form-action 'none'"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class FrameView:
    """A frame as the report shows it."""

    frame: EvidenceFrame
    uri: str
    file: str | None
    """Link to the picture as it was looked at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EventView:
    """An event with its pictures and clips."""

    event: ResultEvent
    frames: tuple[FrameView, ...]
    clip: Clip | None


def render_report(
    result: Result,
    *,
    load_picture: LoadPicture,
    clips: Sequence[Clip] = (),
    journal_head: str | None = None,
) -> str:
    """Write the report of a result.

    Args:
        result: What the run stated; `thumb` of its frames is where the pictures lie.
        load_picture: Gives the picture of a digest.
        clips: Clips that lie in `clips/` beside the report.
        journal_head: Hash of the last record of the run's trace.

    Raises:
        BlobError: A cited picture is damaged.
    """
    chart = build_chart(result)
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            result=result,
            policy=CONTENT_POLICY,
            chart=chart,
            chart_json=_chart_data(chart),
            events=_event_views(result, load_picture, {clip.id: clip for clip in clips}),
            stories=window_stories(result.stages),
            sheet=_sheet(result, load_picture),
            journal_head=journal_head,
            stage_names=STAGE_NAMES,
            risks=RISKS,
            severities=SEVERITIES,
        )
    )


def _environment() -> Environment:
    environment = page_environment("vau_agent.reports")
    environment.filters |= {
        "first_sentence": first_sentence,
        "line": one_line,
        "timecode": timecode,
        "precise": precise,
        "took": took,
        "stamp": stamp,
        "size": size_words,
        "file_url": file_url,
    }
    environment.globals |= {
        "span": span,
        "wall_clock": wall_clock,
        "confidence_words": confidence_words,
    }
    return environment


def file_url(path: str) -> str:
    """Write a path inside the output folder as a relative address."""
    return "./" + quote(str(PurePosixPath(path)))


def _event_views(
    result: Result, load: LoadPicture, clips: Mapping[str, Clip]
) -> tuple[EventView, ...]:
    return tuple(
        EventView(
            event=event,
            frames=tuple(_frame_view(frame, load, CITED_SIDE) for frame in event.evidence),
            clip=clips.get(event.id),
        )
        for event in result.events
    )


def _sheet(result: Result, load: LoadPicture) -> tuple[FrameView, ...]:
    """Show each frame that was looked at once, in time order."""
    groups = [stage.frames for stage in result.stages]
    groups += [event.evidence for event in result.events]
    groups += [answer.frames for answer in result.answers]
    seen = {frame.frame_id: frame for group in groups for frame in group}
    ordered = sorted(seen.values(), key=lambda frame: (frame.t_s, frame.frame_id))
    return tuple(_frame_view(frame, load, SHEET_SIDE) for frame in ordered)


def _frame_view(frame: EvidenceFrame, load: LoadPicture, side: int) -> FrameView:
    uri = data_uri(load_checked(load, frame.sha256), longest_side=side)
    return FrameView(frame=frame, uri=uri, file=frame.thumb)


def _chart_data(chart: Chart) -> str:
    """Write the points for the page's script; `<` cannot end the element that holds them."""
    points = [
        [
            round(point.timestamp, 3),
            round(point.score, 3),
            {
                one_line(name): round(value, 2)
                for name, value in point.cues.items()
                if value >= FAINT
            },
        ]
        for point in chart.points
    ]
    data = json.dumps({"duration": chart.duration, "points": points}, separators=(",", ":"))
    return data.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
