"""Events as a table (`events.csv`) and as subtitles (`events.vtt`)."""

import csv
import io
from typing import Final

from vau_agent.reports.text import cell, one_line
from vau_agent.reports.times import precise, timecode, wall_clock
from vau_agent.results import Result, ResultEvent

COLUMNS: Final = (
    "id",
    "start_s",
    "end_s",
    "start",
    "end",
    "wall_start",
    "wall_end",
    "label",
    "category",
    "severity",
    "score",
    "confidence",
    "calibrated",
    "review",
    "frames",
    "title",
    "summary",
)


def events_csv(result: Result) -> str:
    """Write one row an event, RFC 4180, with no cell that a spreadsheet would execute.

    Wall-clock cells are empty while nobody said when the video was recorded.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for event in result.events:
        writer.writerow([cell(value) for value in _row(result, event)])
    return out.getvalue()


def events_vtt(result: Result) -> str:
    """Write one WebVTT cue an event, to be shown over the source video."""
    blocks = ["WEBVTT", f"NOTE Events of {_cue_text(result.video.name)}, run {result.run_id}"]
    for event in sorted(result.events, key=lambda one: one.start_s):
        end = max(event.end_s, event.start_s + 0.001)
        blocks.append(
            f"{_cue_text(event.id)}\n"
            f"{precise(event.start_s)} --> {precise(end)}\n"
            f"{_cue_text(event.category)}: {_cue_text(event.title)}"
        )
    return "\n\n".join(blocks) + "\n"


def _row(result: Result, event: ResultEvent) -> tuple[str, ...]:
    clock = result.video.clock
    return (
        event.id,
        f"{event.start_s:.3f}",
        f"{event.end_s:.3f}",
        timecode(event.start_s),
        timecode(event.end_s),
        wall_clock(clock, event.start_s) or "",
        wall_clock(clock, event.end_s) or "",
        "anomalous",
        event.category,
        str(event.severity),
        f"{event.score:.3f}",
        "" if event.confidence is None else f"{event.confidence:.3f}",
        "yes" if result.verdict.calibrated else "no",
        result.review.state,
        " ".join(frame.frame_id for frame in event.evidence),
        event.title,
        event.summary,
    )


def _cue_text(text: str) -> str:
    """Escape what WebVTT reads as markup; an arrow would end the cue's text."""
    line = one_line(text)
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
