"""Kills one small analysis at every point where it could lose something, and resumes each time.

    python killed_runs.py FOLDER [--every N]

A point is just before or after: a journal append, a checkpoint write, a policy call, a node. The
run is forked off this process, killed at its n-th point with SIGKILL, and resumed in another
forked process. Prints one JSON object: how many points, and what went wrong at which.
"""

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
)
from pydantic import JsonValue

from vau_agent.agent.backends.base import Backend, Completion, GenerationSettings
from vau_agent.agent.backends.factory import open_backend
from vau_agent.agent.conversation import Conversation
from vau_agent.agent.profile import ModelProfile
from vau_agent.graphs.budget import Budget
from vau_agent.graphs.context import AnalysisContext
from vau_agent.graphs.recorder import CALL_KIND, Recorder
from vau_agent.graphs.resume import run_analysis
from vau_agent.graphs.state import STATE_TYPES
from vau_agent.memory.blobs import BlobStore
from vau_agent.memory.chain import Record
from vau_agent.memory.checkpointer import open_checkpointer
from vau_agent.memory.journal import Journal
from vau_agent.memory.leases import Lease, this_process
from vau_agent.results import ModelCard
from vau_agent.settings import AnalysisSettings, Settings, TriageSettings
from vau_agent.tools.video.scenes.kinds import build_scene
from vau_agent.tools.video.synthetic import SyntheticReader
from vau_agent.tools.zoom import Zoom

RUN = "run"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
Point = Callable[[str], None]


class KillingBackend:
    """Notes each call in a file that survives, with a point before and after it."""

    def __init__(self, backend: Backend, point: Point, calls: Path) -> None:
        self._backend, self._point, self._calls = backend, point, calls

    @property
    def name(self) -> str:
        return self._backend.name

    @property
    def card(self) -> ModelCard:
        return self._backend.card

    @property
    def profile(self) -> ModelProfile:
        return self._backend.profile

    def generate(self, conversation: Conversation, settings: GenerationSettings) -> Completion:
        self._point(f"before call {conversation.stage}")
        with self._calls.open("a") as calls:
            calls.write(conversation.digest + "\n")
        completion = self._backend.generate(conversation, settings)
        self._point(f"after call {conversation.stage}")
        return completion


class KillingJournal(Journal):
    """A journal with a point before and after each append."""

    point: Point

    def append(self, lease: Lease, kind: str, key: str, body: Mapping[str, JsonValue]) -> Record:
        self.point(f"before append {key}")
        record = super().append(lease, kind, key, body)
        self.point(f"after append {key}")
        return record


class KillingSaver(BaseCheckpointSaver[str]):
    """A checkpointer with a point before and after each write."""

    def __init__(self, saver: BaseCheckpointSaver[str], point: Point) -> None:
        super().__init__(serde=saver.serde)
        self._saver, self._point = saver, point

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        return self._saver.get_tuple(config)

    def get_next_version(self, current: str | None, channel: None) -> str:
        return self._saver.get_next_version(current, channel)

    def delete_thread(self, thread_id: str) -> None:
        self._point("before pruning")
        self._saver.delete_thread(thread_id)
        self._point("after pruning")

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        self._point("before checkpoint")
        config = self._saver.put(config, checkpoint, metadata, new_versions)
        self._point("after checkpoint")
        return config

    def put_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        self._point("before writes")
        self._saver.put_writes(config, writes, task_id, task_path)
        self._point("after writes")


def analyse(home: Path, reader: SyntheticReader, point: Point) -> None:
    """Run, or go on with, the analysis whose home is `home`."""
    settings = Settings(
        home=home,
        triage=TriageSettings(longest_side=48, fps=4, zoom_fps=4, zoom_longest_side=48),
        analysis=AnalysisSettings(frames_per_window=4, frames_per_zoom=2),
    )
    with KillingJournal.open(home / "journal.sqlite", clock=lambda: NOON) as journal:
        journal.point = point
        journal.create_run(RUN, {"name": "scene"})
        with journal.hold(RUN, this_process(), 60.0) as lease:
            zoom = Zoom(settings.triage, frames=settings.analysis.frames_per_zoom)
            recorder = Recorder(journal, lease, timer=lambda: 0.0)
            context = AnalysisContext(
                settings=settings,
                backend=KillingBackend(open_backend("rules"), point, home / "calls"),
                tools={zoom.name: zoom},
                blobs=BlobStore(home / "blobs"),
                recorder=recorder,
                budget=Budget(settings.budget, recorder),
                reader=reader,
                on_progress=lambda stage, share: None,
            )
            limit = settings.storage.max_checkpoint_bytes
            with open_checkpointer(home / "checkpoints", STATE_TYPES, limit) as saver:
                run_analysis(context, KillingSaver(saver, point))


def fork(work: Callable[[], None]) -> int:
    """Do `work` in a forked process; give its wait status."""
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    return os.waitpid(child, 0)[1]


def kill_at(number: int) -> Point:
    """Make a point that kills this process the `number`-th time it is passed."""
    passed = 0

    def point(name: str) -> None:
        nonlocal passed
        passed += 1
        if passed == number:
            os.kill(os.getpid(), signal.SIGKILL)

    return point


def trace(home: Path) -> list[Record]:
    """Read the run's records, the chain checked."""
    with Journal.open(home / "journal.sqlite", clock=lambda: NOON) as journal:
        journal.verify(RUN)
        return list(journal.records(RUN))


def faults(home: Path, undisturbed: Sequence[Record], where: str) -> list[str]:
    """Compare a resumed run with the undisturbed one."""
    records = trace(home)
    found = []
    if [one.key for one in records] != [one.key for one in undisturbed]:
        found.append("steps lost, added or out of order")
    elif records != list(undisturbed):
        found.append("records differ")
    calls = (home / "calls").read_text().split()
    lost = 1 if where.startswith(("after call", "before append call/")) else 0
    expected = sum(1 for one in undisturbed if one.kind == CALL_KIND)
    if len(calls) != expected + lost:
        found.append(f"{len(calls)} policy calls instead of {expected + lost}")
    return found


def main() -> None:
    """Kill at every point (or every N-th), resume, compare."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=1)
    options = parser.parse_args()
    scene = build_scene("fire", seed=3, duration_s=3.0, size=(96, 72), fps=8.0)
    reader = SyntheticReader(scene=scene)

    home = options.folder / "undisturbed"
    home.mkdir(parents=True)
    log = home / "points"
    assert fork(lambda: _logged(home, reader, log)) == 0, "the undisturbed run failed"
    names = log.read_text().splitlines()
    undisturbed = trace(home)

    wrong: dict[str, list[str]] = {}
    killed = 0
    for number in range(1, len(names) + 1, options.every):
        home = options.folder / str(number)
        home.mkdir()
        status = fork(partial(analyse, home, reader, kill_at(number)))
        killed += os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        resumed = fork(partial(analyse, home, reader, lambda name: None))
        where = names[number - 1]
        found = ["resuming failed"] if resumed else faults(home, undisturbed, where)
        if found:
            wrong[f"{number}: {where}"] = found
    json.dump({"points": len(names), "killed": killed, "wrong": wrong}, sys.stdout)


def _logged(home: Path, reader: SyntheticReader, log: Path) -> None:
    with log.open("a", buffering=1) as lines:
        analyse(home, reader, lambda name: print(name, file=lines))


if __name__ == "__main__":
    main()
