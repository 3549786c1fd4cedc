"""The Python API, and the one code path under every command: analyse, ask, look up.

    from vau_agent.api import analyze
    outcome = analyze(Path("lobby.mp4"), settings=load_settings())
"""

from collections.abc import Callable
from pathlib import Path

from vau_agent.results import Answer, Event, Result
from vau_agent.schemas import Value
from vau_agent.settings import Settings

OnEvent = Callable[[Event], None]


class Outcome(Value):
    """A finished analysis."""

    result: Result
    folder: Path
    reused: bool
    """The same video was already analysed with the same settings; nothing was run again."""


class Plan(Value):
    """What an analysis would do; nothing has been run."""

    duration_s: float
    windows: int
    frames: tuple[int, int]
    """Fewest and most frames the policy is shown."""
    calls: tuple[int, int]
    tokens: tuple[int, int]
    destination: str
    """Where frames would travel."""


class RunSummary(Value):
    """One line of `runs list`."""

    run_id: str
    state: str
    video: str
    label: str | None
    category: str | None
    created: str
    folder: Path | None


def analyze(
    path: Path, *, settings: Settings, on_event: OnEvent | None = None, fresh: bool = False
) -> Outcome:
    """Analyse one video, resuming or reusing what was already done.

    Args:
        path: The video file.
        settings: See `load_settings`.
        on_event: Called with each event as it is stored.
        fresh: Start a new run even if one with the same video and settings exists.

    Raises:
        VideoError: The file cannot be used.
        RunLeaseError: Another process is working on the same run.
    """
    raise NotImplementedError


def plan(path: Path, *, settings: Settings) -> Plan:
    """Say what `analyze` would do, without doing it."""
    raise NotImplementedError


def ask(
    question: str, *, settings: Settings, run_id: str | None = None, on_event: OnEvent | None = None
) -> Answer:
    """Answer a question about a finished run (the latest when `run_id` is `None`)."""
    raise NotImplementedError


def list_runs(*, settings: Settings) -> tuple[RunSummary, ...]:
    """Give all runs of this home, newest first."""
    raise NotImplementedError


def resume(run_id: str, *, settings: Settings, on_event: OnEvent | None = None) -> Outcome:
    """Continue an interrupted run from its last committed step."""
    raise NotImplementedError


def load_result(run_id: str | None = None, *, settings: Settings) -> tuple[Result, Path]:
    """Give a finished run's result and output folder (the latest when `run_id` is `None`)."""
    raise NotImplementedError
