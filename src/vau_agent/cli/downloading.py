"""How a download looks while it goes on: a bar on a terminal, else a line for each tenth."""

import sys
from typing import Final, Protocol, TextIO

from vau_agent.cli.progress import wants_bars

_STEPS: Final = 10


class DownloadView(Protocol):
    """Shows what arrives."""

    def on_progress(self, what: str, done: int, size: int) -> None:
        """Show how many bytes of how many are here."""

    def say(self, line: str) -> None:
        """Show one line."""

    def close(self) -> None:
        """Leave the screen as it should stay."""


class SilentDownload:
    """Shows nothing."""

    def on_progress(self, what: str, done: int, size: int) -> None:
        """Show nothing."""

    def say(self, line: str) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Do nothing."""


class PlainDownload:
    """A line for each tenth of each part."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown: dict[str, int] = {}

    def on_progress(self, what: str, done: int, size: int) -> None:
        """Print a line when another tenth is here."""
        step = _STEPS * done // size if size else _STEPS
        if step == self._shown.get(what):
            return
        self._shown[what] = step
        self.say(f"  fetch    {what}   {done / 1e6:.1f} of {size / 1e6:.1f} MB")

    def say(self, line: str) -> None:
        """Print one line."""
        print(line, file=self._stream, flush=True)

    def close(self) -> None:
        """Do nothing."""


class LiveDownload:
    """One bar a part, with speed and time left."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TaskID,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=Console(file=stream, highlight=False, soft_wrap=True),
        )
        self._tasks: dict[str, TaskID] = {}
        self._bars.start()

    def on_progress(self, what: str, done: int, size: int) -> None:
        """Move the part's bar."""
        if what not in self._tasks:
            self._tasks[what] = self._bars.add_task(what, total=size, completed=done)
        self._bars.update(self._tasks[what], completed=done, total=size)

    def say(self, line: str) -> None:
        """Print one line above the bars."""
        self._bars.print(line, markup=False)

    def close(self) -> None:
        """Stop the bars where they are."""
        self._bars.stop()


def open_download_view(*, quiet: bool, stream: TextIO | None = None) -> DownloadView:
    """Choose a bar for a person at a terminal, lines for everything else."""
    screen = sys.stderr if stream is None else stream
    if quiet:
        return SilentDownload()
    return LiveDownload(screen) if wants_bars(screen) else PlainDownload(screen)
