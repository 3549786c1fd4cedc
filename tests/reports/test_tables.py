import csv
import io
import re
from datetime import UTC, datetime

from vau_agent.reports.tables import COLUMNS, events_csv, events_vtt
from vau_agent.results import Result, WallClock


def read_rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_one_row_an_event_with_times_in_seconds_and_as_timecode(anomalous: Result) -> None:
    first, second = read_rows(events_csv(anomalous))
    assert (first["start_s"], first["end_s"]) == ("463.400", "472.100")
    assert (first["start"], first["end"]) == ("07:43.4", "07:52.1")
    assert (first["label"], first["category"], first["score"]) == ("anomalous", "stealing", "0.860")
    assert (first["confidence"], first["calibrated"]) == ("0.610", "no")
    assert first["frames"] == "f118 f121 f126"
    assert first["review"] == "unreviewed"
    assert second["confidence"] == ""


def test_every_line_ends_in_crlf(anomalous: Result) -> None:
    text = events_csv(anomalous)
    assert text.count("\r\n") == text.count("\n") == 3


def test_a_result_without_events_is_a_header(normal: Result) -> None:
    assert events_csv(normal) == ",".join(COLUMNS) + "\r\n"


def test_wall_clock_cells_are_empty_until_it_is_known(anomalous: Result) -> None:
    assert read_rows(events_csv(anomalous))[0]["wall_start"] == ""
    clock = WallClock(start_utc=datetime(2026, 1, 1, tzinfo=UTC), zone="UTC", source="given")
    video = anomalous.video.model_copy(update={"clock": clock})
    known = anomalous.model_copy(update={"video": video})
    assert read_rows(events_csv(known))[0]["wall_start"] == "2026-01-01T00:07:43.400+00:00"


def test_hostile_text_neither_breaks_rows_nor_becomes_a_formula(anomalous: Result) -> None:
    hostile = '=HYPERLINK("http://x","y"),"\r\n+2'
    event = anomalous.events[0].model_copy(
        update={"title": hostile, "summary": "-" + hostile, "category": "@cmd"}
    )
    (row,) = read_rows(events_csv(anomalous.model_copy(update={"events": (event,)})))
    assert row["title"] == '\'=HYPERLINK("http://x","y")," +2'
    assert row["summary"].startswith("'-=")
    assert row["category"] == "'@cmd"


CUE = re.compile(
    r"(?P<id>[^\n]+)\n"
    r"(?P<start>\d\d+:\d\d:\d\d\.\d{3}) --> (?P<end>\d\d+:\d\d:\d\d\.\d{3})\n"
    r"(?P<text>[^\n]+)"
)


def read_cues(text: str) -> list[dict[str, str]]:
    head, note, *blocks = text.removesuffix("\n").split("\n\n")
    assert head == "WEBVTT"
    assert note.startswith("NOTE ")
    assert "-->" not in note
    matches = [CUE.fullmatch(block) for block in blocks]
    return [match.groupdict() for match in matches if match is not None]


def test_vtt_has_one_cue_an_event(anomalous: Result) -> None:
    first, second = read_cues(events_vtt(anomalous))
    assert (first["id"], first["start"], first["end"]) == ("e1", "00:07:43.400", "00:07:52.100")
    assert first["text"] == "stealing: Bag taken from an unattended seat"
    assert second["start"] == "00:11:02.000"


def test_vtt_cues_come_in_time_order(anomalous: Result) -> None:
    turned = anomalous.model_copy(update={"events": anomalous.events[::-1]})
    assert [cue["id"] for cue in read_cues(events_vtt(turned))] == ["e1", "e2"]


def test_text_cannot_end_a_cue_or_add_markup(anomalous: Result) -> None:
    hostile = "a\n\n00:00:00.000 --> 99:00:00.000\n<v Bob>b & c"
    event = anomalous.events[0].model_copy(update={"title": hostile})
    video = anomalous.video.model_copy(update={"name": "x --> y\n\nNOTE z"})
    result = anomalous.model_copy(update={"events": (event,), "video": video})
    (cue,) = read_cues(events_vtt(result))
    assert "&lt;v Bob&gt;b &amp; c" in cue["text"]


def test_an_event_without_length_still_has_a_valid_cue(anomalous: Result) -> None:
    event = anomalous.events[0].model_copy(update={"end_s": 463.4})
    (cue,) = read_cues(events_vtt(anomalous.model_copy(update={"events": (event,)})))
    assert (cue["start"], cue["end"]) == ("00:07:43.400", "00:07:43.401")
