"""The Python API, and the one code path under every command: analyse, ask, look up.

```python
from vau_agent.api import analyze
from vau_agent.settings import load_settings

outcome = analyze(Path("lobby.mp4"), settings=load_settings())
```
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from vau_agent.errors import JournalError, VauAgentError, VideoError
from vau_agent.graphs.budget import Budget
from vau_agent.graphs.context import AnalysisContext, FollowupContext, OnProgress
from vau_agent.graphs.followup import answers_of, ask_run
from vau_agent.graphs.identity import (
    RunSpec,
    choose_run_id,
    complete_run_id,
    folder_name,
)
from vau_agent.graphs.opening import open_detector, open_policy, open_retrieval, plan_indexing, suit
from vau_agent.graphs.planning import Plan, plan_analysis
from vau_agent.graphs.recorder import Recorder
from vau_agent.graphs.resume import finished_result, run_analysis, stopped_result
from vau_agent.graphs.state import STATE_TYPES
from vau_agent.graphs.toolbox import build_tools
from vau_agent.memory.checkpointer import open_checkpointer
from vau_agent.memory.home import Home, open_home
from vau_agent.memory.journal import RUN_FAILED, Clock, RunRow, utc_now
from vau_agent.memory.leases import this_process
from vau_agent.reports.folder import is_current, write_run
from vau_agent.results import Answer, Event, Result
from vau_agent.schemas import Value
from vau_agent.settings import Settings
from vau_agent.tools.video.base import VideoReader
from vau_agent.tools.video.factory import hash_file, open_video

OnEvent = Callable[[Event], None]
Timer = Callable[[], float]


class Outcome(Value):
    """An analysis, finished or stopped at a limit."""

    result: Result
    """Its `stopped` says why, when a limit ended it early; the same call then goes on."""
    folder: Path
    reused: bool
    """The same video was already analysed with the same settings; nothing was run again."""


class RunSummary(Value):
    """One line of `runs list`."""

    run_id: str
    state: str
    video: str
    label: str | None
    category: str | None
    created: str
    folder: Path | None
    """`None` for a run whose records are damaged."""


def analyze(
    path: Path,
    *,
    settings: Settings,
    on_event: OnEvent | None = None,
    on_progress: OnProgress | None = None,
    fresh: bool = False,
    clock: Clock = utc_now,
    timer: Timer = time.perf_counter,
) -> Outcome:
    """Analyse one video, resuming or reusing what was already done.

    Args:
        path: The video file.
        settings: See `load_settings`.
        on_event: Called with each event as it is stored.
        on_progress: Called with the stage and the share of it that is done.
        fresh: Start a new run even if one with the same video and settings exists.
        clock: Tells the time of records.
        timer: Tells monotonic seconds, for durations.

    Raises:
        VideoError: The file cannot be used.
        RunLeaseError: Another process is working on the same run.
        BackendError: The policy could not be asked.
    """
    backend = open_policy(settings)
    settings = suit(settings, backend)
    spec = RunSpec.of(path, settings, revision=backend.card.revision)
    with open_home(settings.home, clock=clock) as home:
        run_id = choose_run_id(spec, home, fresh=fresh)
        result = finished_result(home, run_id)
        reused = result is not None
        if result is None:
            with open_video(path, reader=settings.reader, limits=settings.video) as reader:
                home.journal.create_run(run_id, spec.model_dump(mode="json"))
                with _owned(home, run_id, settings, on_event, timer) as recorder:
                    result = _run(home, spec, settings, reader, recorder, on_progress)
        folder = settings.out / folder_name(run_id, path.name)
        if not (reused and is_current(folder, home.journal.head(run_id))):
            _write(home, run_id, result, path, folder, settings)
    return Outcome(result=result, folder=folder, reused=reused)


def resume(
    run_id: str,
    *,
    settings: Settings,
    on_event: OnEvent | None = None,
    on_progress: OnProgress | None = None,
) -> Outcome:
    """Continue an interrupted run from its last committed step, with the settings it began with.

    Where the home, the model server and the models are, and what may be spent, is told by
    `settings`.

    Raises:
        JournalError: There is no such run.
        VideoError: The video is no longer where it was, or has changed.
    """
    with open_home(settings.home) as home:
        row = home.journal.run(complete_run_id(run_id, home))
    spec = RunSpec.read(row)
    began, path = spec.settings_under(settings), Path(spec.path)
    outcome = analyze(path, settings=began, on_event=on_event, on_progress=on_progress)
    if outcome.result.run_id != row.run_id:
        raise VideoError(
            f"{str(path)!r} is not the file that run {row.run_id!r} began with; "
            "analyse it as a new run with 'vau-agent analyze'",
            kind="not-found",
        )
    return outcome


def plan(path: Path, *, settings: Settings) -> Plan:
    """Say what `analyze` would do, from the packet index alone; nothing is stored or sent."""
    backend = open_policy(settings)
    settings = suit(settings, backend)
    with open_video(path, reader=settings.reader, limits=settings.video) as reader:
        return plan_analysis(reader.info, settings, backend, plan_indexing(settings, reader))


def ask(
    question: str,
    *,
    settings: Settings,
    run_id: str | None = None,
    on_event: OnEvent | None = None,
    clock: Clock = utc_now,
    timer: Timer = time.perf_counter,
) -> Answer:
    """Answer a question about a finished run (the latest when `run_id` is `None`).

    Raises:
        JournalError: There is no finished run, or no run of that name.
        SettingsError: The question is empty or too long.
    """
    with open_home(settings.home, clock=clock) as home:
        row = _finished_row(home, run_id)
        spec = RunSpec.read(row)
        began = spec.settings_under(settings)
        result = _result(home, row)
        with (
            _reader_if_there(spec, began) as reader,
            _owned(home, row.run_id, began, on_event, timer) as recorder,
        ):
            backend = open_policy(began, home.blobs)
            detector = open_detector(began, backend.profile)
            context = FollowupContext(
                settings=began,
                backend=backend,
                tools=build_tools(began, None, profile=backend.profile, detector=detector),
                blobs=home.blobs,
                recorder=recorder,
                budget=Budget(began.budget, recorder, since=row.records),
                calibration=spec.calibration,
                duration_s=result.video.duration_s,
                reader=reader,
            )
            answer = ask_run(question, context)
        _write(home, row.run_id, result, Path(spec.path), spec.folder(row.run_id), began)
    return answer


def list_answers(run_id: str, *, settings: Settings) -> tuple[Answer, ...]:
    """Give what was asked about a run and answered, oldest first."""
    with open_home(settings.home) as home:
        return answers_of(home.journal, complete_run_id(run_id, home))


def list_runs(*, settings: Settings) -> tuple[RunSummary, ...]:
    """Give all runs of this home, newest first."""
    with open_home(settings.home) as home:
        return tuple(_summary(home, row) for row in home.journal.runs())


def load_result(run_id: str | None = None, *, settings: Settings) -> tuple[Result, Path]:
    """Give a run's result and output folder (the latest finished when `run_id` is `None`).

    Raises:
        JournalError: There is no finished run, or no run of that name that has a result.
    """
    with open_home(settings.home) as home:
        row = _finished_row(home, run_id, stopped_too=True)
        return _result(home, row), RunSpec.read(row).folder(row.run_id)


def source_of(run_id: str, *, settings: Settings) -> Path:
    """Give the place of the video that a run analysed; it may have gone since."""
    with open_home(settings.home) as home:
        return Path(RunSpec.read(home.journal.run(complete_run_id(run_id, home))).path)


def rebuild_report(
    run_id: str | None = None, *, settings: Settings, out: Path | None = None
) -> Path:
    """Write a run's output folder anew from the journal; give its place.

    Args:
        run_id: The run; the latest finished one when `None`.
        settings: Says which home.
        out: Folder to write below; where the run was first written when `None`.
    """
    with open_home(settings.home) as home:
        row = _finished_row(home, run_id, stopped_too=True)
        spec = RunSpec.read(row)
        if out is not None:
            spec = spec.model_copy(update={"out": str(out.resolve())})
        folder = spec.folder(row.run_id)
        began = spec.settings_under(settings)
        _write(home, row.run_id, _result(home, row), Path(spec.path), folder, began)
    return folder


@contextmanager
def _owned(
    home: Home, run_id: str, settings: Settings, on_event: OnEvent | None, timer: Timer
) -> Iterator[Recorder]:
    """Own the run; a failure is recorded with its reason before it goes up."""
    owner = this_process()
    with home.journal.hold(run_id, owner, settings.storage.lease_seconds) as lease:
        recorder = Recorder(home.journal, lease, timer=timer, on_event=on_event)
        try:
            yield recorder
        except JournalError:
            raise
        except VauAgentError as error:
            number = sum(1 for record in recorder.records() if record.kind == RUN_FAILED)
            recorder.emit(
                RUN_FAILED,
                f"{RUN_FAILED}/{number}",
                {"error": type(error).__name__, "message": str(error)},
            )
            raise


def _run(
    home: Home,
    spec: RunSpec,
    settings: Settings,
    reader: VideoReader,
    recorder: Recorder,
    on_progress: OnProgress | None,
) -> Result:
    retrieval = open_retrieval(settings, home.indexes)
    backend = open_policy(settings, home.blobs)
    detector = open_detector(settings, backend.profile)
    context = AnalysisContext(
        settings=settings,
        backend=backend,
        tools=build_tools(settings, retrieval, profile=backend.profile, detector=detector),
        retrieval=retrieval,
        detector=detector,
        blobs=home.blobs,
        recorder=recorder,
        budget=Budget(settings.budget, recorder),
        calibration=spec.calibration,
        reader=reader,
        on_progress=on_progress or (lambda stage, share: None),
    )
    limit = settings.storage.max_checkpoint_bytes
    with open_checkpointer(home.checkpoints, STATE_TYPES, limit) as checkpointer:
        return run_analysis(context, checkpointer)


def _write(
    home: Home, run_id: str, result: Result, path: Path, folder: Path, settings: Settings
) -> None:
    named = result.video.model_copy(update={"name": path.name})
    answers = answers_of(home.journal, run_id)
    complete = result.model_copy(update={"answers": answers, "video": named})
    write_run(complete, folder, home=home, source=path, settings=settings)


@contextmanager
def _reader_if_there(spec: RunSpec, settings: Settings) -> Iterator[VideoReader | None]:
    path = Path(spec.path)
    if not path.is_file() or hash_file(path) != spec.sha256:
        yield None
        return
    with open_video(path, reader=settings.reader, limits=settings.video) as reader:
        yield reader


def _finished_row(home: Home, run_id: str | None, *, stopped_too: bool = False) -> RunRow:
    """Give a run that has a result; a stopped one's is partial and not always enough."""
    if run_id is not None:
        row = home.journal.run(complete_run_id(run_id, home))
        if row.state != "finished" and not (stopped_too and row.state == "stopped"):
            raise JournalError(
                f"run {run_id!r} is {row.state}; finish it with 'vau-agent runs resume {run_id}'"
            )
        return row
    for row in home.journal.runs():
        if row.state == "finished":
            return row
    raise JournalError("there is no finished run yet; begin with 'vau-agent analyze VIDEO'")


def _result(home: Home, row: RunRow) -> Result:
    result = finished_result(home, row.run_id) or stopped_result(home, row.run_id)
    if result is None:
        raise JournalError(f"run {row.run_id!r} has no result; list runs with 'vau-agent runs'")
    return result


def _summary(home: Home, row: RunRow) -> RunSummary:
    result = _result(home, row) if row.state in ("finished", "stopped") else None
    return RunSummary(
        run_id=row.run_id,
        state=row.state,
        video=str(row.spec.get("name", "")),
        label=result.verdict.label if result else None,
        category=result.verdict.category if result else None,
        created=row.created,
        folder=RunSpec.read(row).folder(row.run_id) if row.spec else None,
    )
