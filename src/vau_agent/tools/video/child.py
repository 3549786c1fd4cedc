"""One decoding child: started, spoken to within a time budget, and always reaped."""

import fcntl
import json
import logging
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vau_agent.errors import VideoError
from vau_agent.schemas import VideoInfo
from vau_agent.tools.video.budgets import Budget
from vau_agent.tools.video.refusals import refusal
from vau_agent.tools.video.wire import Header, receive, send

_log = logging.getLogger(__name__)

_ENVIRONMENT: Final = {
    "PATH": os.defpath,
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(1 << 20),
}
"""All that the child inherits besides the import path: no secrets. Tables of long videos go back to
the system when they are freed (a third less memory for ten hours, measured)."""
_PIPE_BYTES: Final = 1 << 20
"""Room for a few small frames, so that neither side waits for the other at each one."""
_CPU_SIGNALS: Final = frozenset({signal.SIGXCPU, signal.SIGKILL})


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FrameHeader(_Message):
    """A picture follows as payload."""

    timestamp: float
    pts: int
    time_base: tuple[int, int]
    shape: tuple[int, int]
    is_key: bool


class IndexHeader(_Message):
    """Times, sizes and key bits of a packet index follow as three messages."""

    count: int = Field(ge=0)
    time_base: tuple[int, int]


class EndHeader(_Message):
    """A request is answered completely."""

    info: VideoInfo
    cpu: float
    """Processor seconds the child has used so far."""


class RefusedHeader(_Message):
    """A request ended in an error that a person can act on."""

    kind: str
    message: str


class Answer(_Message):
    """One message of the child; exactly one field is set."""

    alive: Literal[True] | None = None
    frame: FrameHeader | None = None
    index: IndexHeader | None = None
    part: str | None = None
    end: EndHeader | None = None
    refused: RefusedHeader | None = None
    died: str | None = None


class Child:
    """A running child that serves one open file."""

    def __init__(self, file: int, *, name: str, budget: Budget) -> None:
        """Start it.

        Args:
            file: Descriptor of the video; the child reads it from the beginning.
            name: The file as the person gave it, for messages.
            budget: What the file may cost.
        """
        size = os.fstat(file).st_size
        self._name = name
        self._budget = budget
        self._max_payload = max(3 * budget.max_width * budget.max_height, 8 * size)
        self._left = self._silent = budget.silent_seconds
        paths = os.pathsep.join(path for path in sys.path if path)
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-P", "-s", "-m", "vau_agent.tools.video.worker"),
                *(str(file), json.dumps(asdict(budget))),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            pass_fds=(file,),
            env={**_ENVIRONMENT, "PYTHONPATH": paths},
            start_new_session=True,
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._requests = self._process.stdin.fileno()
        self._answers = self._process.stdout.fileno()
        os.set_blocking(self._answers, False)
        fcntl.fcntl(self._answers, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._poll = select.poll()
        self._poll.register(self._answers, select.POLLIN)

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def ask(self, request: Header, payload: bytes = b"", *, cpu_seconds: float) -> None:
        """Send a request and start its time budget; the child must not be busy writing.

        Args:
            request: What to do.
            payload: Bytes that belong to it.
            cpu_seconds: Processor time it may take.

        Raises:
            VideoDecodeError: The child is dead.
        """
        self._left = self._budget.wall_seconds(cpu_seconds=cpu_seconds)
        try:
            send(self._requests, {**request, "cpu_seconds": cpu_seconds}, payload)
        except BrokenPipeError as error:
            raise self._obituary() from error

    def answer(self) -> tuple[Answer, bytearray]:
        """Wait for the next message that is more than a sign of life.

        Raises:
            VideoDecodeError: The child is dead, broke the protocol or ran over its budget; it
                has been ended.
        """
        try:
            answer, payload = self._next()
            while answer.alive:
                answer, payload = self._next()
        except TimeoutError as error:
            self.close()
            raise refusal("over-budget", self._name, detail=str(error)) from error
        except EOFError as error:
            raise self._obituary() from error
        except (ValueError, ValidationError) as error:
            self.close()
            raise refusal("decoder-died", self._name) from error
        if answer.died is not None:
            _log.error("decoding child failed on %r:\n%s", self._name, answer.died)
            self.close()
            raise refusal("decoder-died", self._name)
        return answer, payload

    def close(self) -> None:
        """End the child, which keeps nothing worth saving, and reap it."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _next(self) -> tuple[Answer, bytearray]:
        self._silent = self._budget.silent_seconds
        header, payload = receive(self._read_into, max_payload=self._max_payload)
        return Answer.model_validate(header), payload

    def _obituary(self) -> VideoError:
        """Reap the dead child and say what it died of."""
        self._process.wait()
        code = self._process.returncode
        self.close()
        over_cpu = -code in _CPU_SIGNALS
        return refusal("over-budget" if over_cpu else "decoder-died", self._name)

    def _read_into(self, buffer: memoryview) -> None:
        while buffer:
            try:
                count = os.readv(self._answers, [buffer])
            except BlockingIOError:
                self._wait()
                continue
            if not count:
                raise EOFError
            buffer = buffer[count:]

    def _wait(self) -> None:
        started = time.monotonic()
        ready = self._poll.poll(max(0.0, min(self._left, self._silent)) * 1000)
        waited = time.monotonic() - started
        self._left -= waited
        self._silent -= waited
        if not ready:
            silent = self._silent < self._left
            raise TimeoutError("it stands still" if silent else "it takes too long")
