"""How a run looks while it goes on: bars on a terminal, else one plain line a stage.

Everything here goes to standard error; standard output belongs to results.
"""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol, TextIO

from vau_agent.reports.text import one_line
from vau_agent.reports.times import span
from vau_agent.settings import wants_plain_output

if TYPE_CHECKING:
    from vau_agent.results import Event

NAMES: Final[Mapping[str, str]] = {
    "ingest": "open",
    "index": "index",
    "triage": "triage",
    "initial_reason": "reason",
    "self_reflect": "reflect",
    "retrieve": "look",
    "verify": "verify",
    "revise": "revise",
    "close_window": "close",
    "decide": "decide",
    "report": "report",
    "answer": "answer",
}
"""What a stage is called on screen, by its node."""

_WIDEST: Final = 110
_SPANS_SHOWN: Final = 4


class View(Protocol):
    """Shows what happens."""

    def on_event(self, event: "Event") -> None:
        """Show a stored event."""

    def on_progress(self, stage: str, share: float) -> None:
        """Show how much of a stage is done, as a share."""

    def say(self, line: str) -> None:
        """Show one line."""

    def close(self) -> None:
        """Leave the screen as it should stay."""


class SilentView:
    """Shows nothing."""

    def on_event(self, event: "Event") -> None:
        """Show nothing."""

    def on_progress(self, stage: str, share: float) -> None:
        """Show nothing."""

    def say(self, line: str) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Do nothing."""


class PlainView:
    """One line a finished stage: for log files and pipes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def on_event(self, event: "Event") -> None:
        """Print the event if it is worth a line."""
        line = describe(event)
        if line is not None:
            self.say(line)

    def on_progress(self, stage: str, share: float) -> None:
        """Show nothing: a log is no place for a moving bar."""

    def say(self, line: str) -> None:
        """Print one line."""
        print(line, file=self._stream, flush=True)

    def close(self) -> None:
        """Do nothing."""


class LiveView:
    """Two bars, windows of the video over steps of one window, below the lines that stay."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        self._console = Console(file=stream, highlight=False, soft_wrap=True)
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[note]}", markup=False),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
        )
        self._all = self._bars.add_task("video", total=None, note="")
        self._stage = self._bars.add_task("open", total=None, note="")
        self._bars.start()

    def on_event(self, event: "Event") -> None:
        """Move the bars; print the event above them if it is worth a line."""
        node = str(event.data.get("node", ""))
        if event.type == "stage.started":
            self._bars.reset(self._stage, total=None, description=NAMES.get(node, node), note="")
        elif event.type == "stage.finished" and node == "triage":
            count = len(event.data.get("windows", ()))
            self._bars.update(self._all, total=max(1, count), note=f"{count} windows")
        elif event.type == "stage.finished" and node == "close_window":
            self._bars.advance(self._all)
        line = describe(event)
        if line is not None:
            self.say(line)

    def on_progress(self, stage: str, share: float) -> None:
        """Move the lower bar."""
        self._bars.update(
            self._stage, description=NAMES.get(stage, stage), total=1.0, completed=share
        )

    def say(self, line: str) -> None:
        """Print one line above the bars."""
        self._bars.print(line, markup=False)

    def close(self) -> None:
        """Take the bars away."""
        self._bars.stop()


def open_view(*, quiet: bool, stream: TextIO | None = None) -> View:
    """Choose bars for a person at a terminal, lines for everything else."""
    screen = sys.stderr if stream is None else stream
    if quiet:
        return SilentView()
    return LiveView(screen) if wants_bars(screen) else PlainView(screen)


def wants_bars(stream: TextIO) -> bool:
    """Tell whether moving bars are welcome on `stream`."""
    return stream.isatty() and not wants_plain_output()


def describe(event: "Event") -> str | None:
    """Put an event into one line; `None` when it says nothing to a person."""
    if event.type == "warning":
        return f"  warning  {one_line(str(event.data.get('text', '')))}"
    if event.type == "run.stopped":
        return f"  stopped  {one_line(str(event.data.get('reason', '')))}"
    if event.type == "run.failed":
        return f"  failed   {one_line(str(event.data.get('message', '')))}"
    if event.type != "stage.finished":
        return None
    words = _words(event.data)
    if words is None:
        return None
    node = str(event.data.get("node", ""))
    seconds = float(event.data.get("seconds", 0.0))
    words = words if len(words) <= _WIDEST else f"{words[: _WIDEST - 1]}…"
    return f"  {NAMES.get(node, node):<8} {words}   {seconds:.1f} s"


def _words(data: Mapping[str, Any]) -> str | None:
    if "candidates" in data:
        return _triage_words(data)
    stage = data.get("stage")
    if not isinstance(stage, Mapping):
        return None
    if data.get("node") == "self_reflect":
        doubts = [*stage.get("doubts", ())]
        return one_line(f"doubt: {doubts[0]}" if doubts else "accepted")
    verdict = stage.get("verdict")
    words = "abstains" if verdict is None else _verdict_words(verdict)
    removed = len(stage.get("claims_removed", ()))
    if removed:
        words += f"   {removed} claim{'s' if removed > 1 else ''} without evidence struck out"
    return words


def _triage_words(data: Mapping[str, Any]) -> str:
    spans = [span(one["segment"]["start"], one["segment"]["end"]) for one in data["candidates"]]
    shown = ", ".join(spans[:_SPANS_SHOWN]) + (" …" if len(spans) > _SPANS_SHOWN else "")
    count = f"{data.get('moments', 0)} moments, {len(spans)} candidate{'s'[: len(spans) != 1]}"
    return f"{count}: {shown}" if spans else count


def _verdict_words(verdict: Mapping[str, Any]) -> str:
    words = str(verdict["label"])
    if verdict.get("category"):
        words += f": {verdict['category']}"
    segment = verdict.get("segment")
    if segment:
        words += f" {span(segment['start'], segment['end'])}"
    return one_line(words)
