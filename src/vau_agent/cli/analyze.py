"""`vau-agent analyze`: from video files to verdicts."""

import sys
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from vau_agent.cli.inputs import find_videos
from vau_agent.cli.options import (
    DeadlineOption,
    HomeOption,
    JsonOption,
    MaxCallsOption,
    MaxTokensOption,
    OfflineOption,
    OutOption,
    PolicyOption,
    QuietOption,
    settings_from,
)
from vau_agent.errors import SettingsError

if TYPE_CHECKING:
    from vau_agent.api import Outcome
    from vau_agent.graphs.planning import Plan
    from vau_agent.results import Event
    from vau_agent.settings import Settings


class ExitOn(StrEnum):
    """Verdicts that may be given an exit code of their own."""

    ANOMALY = "anomaly"
    INCONCLUSIVE = "inconclusive"


ANOMALY_FOUND: Final = 10
INCONCLUSIVE: Final = 11
STOPPED_EARLY: Final = 6
_IN_FULL: Final = 10_000


def analyze(
    videos: Annotated[
        list[str],
        typer.Argument(
            metavar="VIDEO...",
            help="Files, folders, quoted patterns such as 'cam*/**/*.mp4', or - for a list on "
            "standard input.",
        ),
    ],
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=1, help="Videos analysed at once in a batch.")
    ] = 1,
    as_json: JsonOption = False,
    events: Annotated[
        bool, typer.Option("--events", help="Print events as JSON lines on standard output.")
    ] = False,
    out: OutOption = None,
    home: HomeOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
    policy: PolicyOption = None,
    reader: Annotated[
        str | None,
        typer.Option(metavar="pyav|decord", help="What decodes the video.", show_default=False),
    ] = None,
    rounds: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Most rounds of reflection a window may take.", show_default=False
        ),
    ] = None,
    reflection: Annotated[
        str | None,
        typer.Option(
            metavar="critique|blind|both",
            help="How the first answer is doubted.",
            show_default=False,
        ),
    ] = None,
    max_calls: MaxCallsOption = None,
    max_tokens: MaxTokensOption = None,
    deadline: DeadlineOption = None,
    offline: OfflineOption = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Start anew even if this was analysed before.")
    ] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try files again that a batch found unreadable.")
    ] = False,
    exit_on: Annotated[
        list[ExitOn] | None,
        typer.Option(
            "--exit-on", help="End with 10 on an anomaly, 11 when inconclusive.", show_default=False
        ),
    ] = None,
    quiet: QuietOption = False,
) -> int:
    """Analyse videos: is something anomalous, what, when, and why.

    The same command again takes up what was interrupted and reuses what is finished.
    """
    if as_json and events:
        raise SettingsError("--json and --events both want standard output; give one of them")
    settings = settings_from(
        {
            "out": out,
            "home": home,
            "policy": policy,
            "reader": reader,
            "analysis.max_rounds": rounds,
            "analysis.reflection": reflection,
            "budget.max_calls": max_calls,
            "budget.max_tokens": max_tokens,
            "budget.deadline_seconds": deadline,
            "offline": offline or None,
        }
    )
    inputs = find_videos(videos, stdin=sys.stdin)
    endpoint = _check_policy(settings)
    if dry_run:
        return _print_plans(inputs.files, settings, as_json=as_json)
    if endpoint is not None and not quiet:
        print(f"Frames go to {endpoint}", file=sys.stderr, flush=True)
    wanted = frozenset(exit_on or ())
    if inputs.is_batch:
        from vau_agent.cli.batch import Batch

        return Batch(
            settings=settings,
            jobs=jobs,
            fresh=fresh,
            retry_failed=retry_failed,
            output="json" if as_json else "events" if events else "human",
            quiet=quiet,
            exit_on=wanted,
        ).run(inputs.files)
    outcome = run_one(inputs.files[0], settings, fresh=fresh, events=events, quiet=quiet)
    if as_json:
        print(outcome.result.model_dump_json(by_alias=True, indent=2))
    elif not events:
        print_outcome(outcome)
    return exit_code_of(outcome, wanted)


def _check_policy(settings: "Settings") -> str | None:
    """Refuse an unknown policy once, before files are touched, not once a file.

    Returns:
        Where frames would go; `None` when they stay in this process.
    """
    from vau_agent.graphs.opening import open_policy
    from vau_agent.results import IN_PROCESS

    endpoint = open_policy(settings).card.endpoint
    return None if endpoint == IN_PROCESS else endpoint


def exit_code_for(labels: set[str], wanted: frozenset[ExitOn]) -> int:
    """Turn verdicts into the exit code that was asked for; 0 when none was."""
    if ExitOn.ANOMALY in wanted and "anomalous" in labels:
        return ANOMALY_FOUND
    if ExitOn.INCONCLUSIVE in wanted and "inconclusive" in labels:
        return INCONCLUSIVE
    return 0


def exit_code_of(outcome: "Outcome", wanted: frozenset[ExitOn] = frozenset()) -> int:
    """Turn one analysis into the exit code: a run that a limit stopped says so above all."""
    if outcome.result.stopped is not None:
        return STOPPED_EARLY
    return exit_code_for({outcome.result.verdict.label}, wanted)


def print_outcome(outcome: "Outcome", *, show_next: bool = True) -> None:
    """Print the verdict and where to go from here."""
    from vau_agent.reports.manifest import MANIFEST_NAME, read_manifest
    from vau_agent.reports.summary import summary_lines

    is_written = (outcome.folder / MANIFEST_NAME).is_file()
    clips = len(read_manifest(outcome.folder).clips) if is_written else 0
    for line in summary_lines(outcome.result, folder=outcome.folder, clips=clips):
        print(line)
    if outcome.reused:
        print("Reused   nothing was run again; --fresh starts anew")
    if outcome.result.stopped is not None:
        print("Go on    the same command with a higher limit; what was asked is not asked again")
    elif show_next:
        print('Ask      vau-agent ask "what happened just before?"')


def run_one(
    path: Path, settings: "Settings", *, fresh: bool, events: bool, quiet: bool
) -> "Outcome":
    """Analyse one video and show how it goes on."""
    from vau_agent.api import analyze as run_analysis
    from vau_agent.cli.progress import open_view

    view = open_view(quiet=quiet)
    listeners: list[Callable[[Event], None]] = [view.on_event]
    if events:
        listeners.append(print_event)

    def on_event(event: "Event") -> None:
        for listener in listeners:
            listener(event)

    try:
        return run_analysis(
            path,
            settings=settings,
            on_event=on_event,
            on_progress=view.on_progress,
            fresh=fresh,
        )
    finally:
        view.close()


def print_event(event: "Event") -> None:
    """Print one event as a line of JSON, at once."""
    print(event.model_dump_json(), flush=True)


def _print_plans(files: tuple[Path, ...], settings: "Settings", *, as_json: bool) -> int:
    from vau_agent.api import plan

    for file in files:
        planned = plan(file, settings=settings)
        if as_json:
            print(planned.model_dump_json())
            continue
        for line in _plan_lines(planned, f"{file.name}: " if len(files) > 1 else ""):
            print(line)
    return 0


def _plan_lines(planned: "Plan", name: str) -> Iterator[str]:
    from vau_agent.results import IN_PROCESS

    stays = planned.destination == IN_PROCESS
    where = f"stay {IN_PROCESS}" if stays else f"go to {planned.destination}"
    yield (
        f"Plan: {name}{_range(planned.frames)} frames, {_range(planned.calls)} calls, "
        f"{_range(planned.tokens)} tokens, for {_range(planned.windows)} windows of "
        f"{planned.duration_s:.0f} s, frames {where}. Nothing sent yet."
    )
    if planned.index is not None:
        frames = _range(planned.index.frames)
        yield f"      To be searchable: {frames} frames embedded by {planned.index.embedder}, here."
    if planned.limited_by:
        yield f"      Stops early at {', '.join(planned.limited_by)}, with a partial result."


def _range(ends: tuple[int, int]) -> str:
    low, high = (_short(end) for end in ends)
    return low if low == high else f"{low}-{high}"


def _short(number: int) -> str:
    return f"{number}" if number < _IN_FULL else f"{number / 1000:.0f}k"
