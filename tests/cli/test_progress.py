import io
from datetime import UTC, datetime

import pytest

from vau_agent.cli.progress import (
    LiveView,
    PlainView,
    SilentView,
    describe,
    open_view,
    wants_bars,
)
from vau_agent.results import Event

VERDICT = {
    "label": "anomalous",
    "category": "fall",
    "segment": {"start": 61.0, "end": 65.5},
    "confidence": 0.7,
}


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def event(kind: str, **data: object) -> Event:
    return Event(seq=1, at=datetime(2026, 1, 1, tzinfo=UTC), run_id="r", type=kind, data=data)


def finished(node: str, **data: object) -> Event:
    return event("stage.finished", step=f"w0/r0/{node}", node=node, seconds=1.23, **data)


@pytest.mark.parametrize(
    ("told", "line"),
    [
        (event("stage.started", node="triage"), None),
        (finished("ingest"), None),
        (
            finished("triage", moments=40, candidates=[]),
            "  triage   40 moments, 0 candidates   1.2 s",
        ),
        (
            finished("triage", moments=40, candidates=[{"segment": {"start": 1, "end": 2}}]),
            "  triage   40 moments, 1 candidate: 00:01.0-00:02.0   1.2 s",
        ),
        (
            finished("initial_reason", stage={"verdict": VERDICT}),
            "  reason   anomalous: fall 01:01.0-01:05.5   1.2 s",
        ),
        (
            finished("self_reflect", stage={"doubts": ["start is late", "and more"]}),
            "  reflect  doubt: start is late   1.2 s",
        ),
        (finished("self_reflect", stage={"doubts": []}), "  reflect  accepted   1.2 s"),
        (finished("verify", stage={"verdict": None}), "  verify   abstains   1.2 s"),
        (
            finished("revise", stage={"verdict": {"label": "normal"}, "claims_removed": [1, 2]}),
            "  revise   normal   2 claims without evidence struck out   1.2 s",
        ),
        (event("warning", text="clock\x1b[2J jumps"), "  warning  clock\\x1b[2J jumps"),
        (event("run.failed", message="no space"), "  failed   no space"),
    ],
)
def test_events_become_lines_for_people(told: Event, line: str | None) -> None:
    assert describe(told) == line


def test_a_long_doubt_is_cut_to_a_line() -> None:
    line = describe(finished("self_reflect", stage={"doubts": ["x" * 500]}))

    assert line is not None
    assert len(line) < 140
    assert "…" in line


def test_without_a_terminal_there_is_one_plain_line_a_stage() -> None:
    stream = io.StringIO()
    view = open_view(quiet=False, stream=stream)

    view.on_event(event("stage.started", node="triage"))
    view.on_progress("triage", 0.5)
    view.on_event(finished("triage", moments=3, candidates=[]))
    view.close()

    assert isinstance(view, PlainView)
    assert stream.getvalue() == "  triage   3 moments, 0 candidates   1.2 s\n"


def test_a_terminal_gets_bars_below_the_lines_that_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("CI", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    view = open_view(quiet=False, stream=stream)

    assert isinstance(view, LiveView)
    view.on_event(event("stage.started", node="triage"))
    view.on_progress("triage", 0.5)
    view.on_event(finished("triage", moments=3, candidates=[], windows=[{}, {}]))
    view.on_event(finished("close_window"))
    view.say("[not markup]")
    view.close()

    assert "triage   3 moments, 0 candidates   1.2 s" in stream.getvalue()
    assert "[not markup]" in stream.getvalue()
    assert "2 windows" in stream.getvalue()


@pytest.mark.parametrize(("name", "value"), [("CI", "1"), ("NO_COLOR", "1"), ("TERM", "dumb")])
def test_bars_are_kept_from_logs_and_plain_terminals(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    for other in ("CI", "NO_COLOR"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert wants_bars(Terminal())

    monkeypatch.setenv(name, value)

    assert not wants_bars(Terminal())


def test_quiet_shows_nothing() -> None:
    stream = Terminal()
    view = open_view(quiet=True, stream=stream)

    view.on_event(event("warning", text="w"))
    view.on_progress("triage", 0.5)
    view.say("line")
    view.close()

    assert isinstance(view, SilentView)
    assert stream.getvalue() == ""
