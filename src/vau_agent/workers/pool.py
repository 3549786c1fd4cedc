"""Analyse many videos, each in a worker process that may die without taking the others along."""

import contextlib
import json
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from vau_agent.settings import Settings

_Handler = Callable[[int, FrameType | None], Any] | int | None

INTERNAL_ERROR: Final = 1
_END_SECONDS: Final = 5.0
"""How long a worker may take to end once asked."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """A video to analyse, and what to ask about it afterwards."""

    path: Path
    questions: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Reply:
    """Something a worker said about one video."""

    path: Path
    kind: str
    """`event`, and last of all `done` or `failed`."""
    body: dict[str, Any]

    @property
    def is_last(self) -> bool:
        """Tell whether the video is finished with."""
        return self.kind != "event"


class Workers:
    """A fixed number of processes, each driven by a thread of this one.

    Args:
        jobs: Videos analysed at once.
        settings: How.
        fresh: Start new runs even where there are some.
        patience_seconds: How long to wait for a run that another process is working on.
    """

    def __init__(
        self, *, jobs: int, settings: "Settings", fresh: bool, patience_seconds: float = 0.0
    ) -> None:
        self._jobs = jobs
        # A secret is not sent: a worker reads it where this process did.
        told = settings.model_dump(mode="json", exclude={"endpoint": {"api_key"}})
        self._request = {"settings": told, "fresh": fresh, "patience_s": patience_seconds}
        self._todo: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._replies: queue.SimpleQueue[Reply] = queue.SimpleQueue()
        self._processes: dict[int, subprocess.Popen[str]] = {}
        self._threads: list[threading.Thread] = []
        self._stopping = False
        self._starting = threading.Lock()
        """Held while a process starts, so that none starts unseen while all are ended."""
        self._interrupted = False
        self._former_handler: _Handler = None

    def __enter__(self) -> Self:
        """Give the workers; processes start with the first videos."""
        self._former_handler = signal.signal(signal.SIGINT, self._interrupt)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End every process."""
        signal.signal(signal.SIGINT, self._former_handler)
        with self._starting:
            self._stopping = True
        if kind is not None:
            for process in self._processes.values():
                process.send_signal(signal.SIGINT)  # so that it ends its own children
        deadline = time.monotonic() + _END_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        for process in self._processes.values():
            process.kill()  # nothing happens to one that has ended
        for thread in self._threads:
            thread.join()

    def run(self, tasks: Iterable[Task]) -> Iterator[Reply]:
        """Analyse the videos; give what the workers say, as it comes."""
        count = 0
        for task in tasks:
            self._todo.put(task)
            count += 1
        for number in range(min(self._jobs, count)):
            self._todo.put(None)
            thread = threading.Thread(target=self._drive, args=(number,), daemon=True)
            self._threads.append(thread)
            thread.start()
        while count:
            reply = self._replies.get()
            if self._interrupted:
                raise KeyboardInterrupt
            count -= reply.is_last
            yield reply

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        """Note an interrupt: one that is raised inside a destructor or a callback is swallowed."""
        self._interrupted = True
        raise KeyboardInterrupt

    def _drive(self, number: int) -> None:
        process: subprocess.Popen[str] | None = None
        while (task := self._todo.get()) is not None:
            if process is not None and process.poll() is not None:
                _close(process)
                process = None
            if process is None:
                process = self._start(number)
            if process is None:
                return
            for reply in self._ask(process, task):
                self._replies.put(reply)
        if process is not None:
            _close(process)

    def _start(self, number: int) -> "subprocess.Popen[str] | None":
        with self._starting:
            if self._stopping:
                return None
            self._processes[number] = subprocess.Popen(
                [sys.executable, "-m", "vau_agent.workers.process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
            )
            return self._processes[number]

    def _ask(self, process: subprocess.Popen[str], task: Task) -> Iterator[Reply]:
        assert process.stdin is not None and process.stdout is not None  # both are pipes
        try:
            process.stdin.write(json.dumps({**self._request, **_told(task)}) + "\n")
            process.stdin.flush()
            for line in process.stdout:
                reply = Reply(path=task.path, **json.loads(line))
                yield reply
                if reply.is_last:
                    return
        except BrokenPipeError:
            pass  # it died before it could take the request: said below
        ending = _ending(process.wait())
        message = f"the worker process ended with {ending}; analyse this file alone to see why"
        yield Reply(
            path=task.path, kind="failed", body={"exit_code": INTERNAL_ERROR, "message": message}
        )


def _told(task: Task) -> dict[str, object]:
    return {"path": str(task.path), "questions": task.questions}


def _close(process: subprocess.Popen[str]) -> None:
    """Close the pipes, at which a worker ends, and wait for that."""
    with contextlib.suppress(BrokenPipeError), process:
        pass


def _ending(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    return f"signal {signal.Signals(-code).name}"
