"""The decoding child: gives up every power it does not need, then serves one open video.

Started by `child.py` with the descriptor of the video and the limits. Requests come over standard
input, answers go to standard output (see `wire.py`). It ends when its input does.
"""

import ctypes
import json
import math
import os
import resource
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from io import FileIO
from types import TracebackType
from typing import BinaryIO, Final, NamedTuple, cast

import numpy as np

from vau_agent.errors import MissingDependencyError, SegmentOutOfRangeError, VideoError
from vau_agent.tools.video.base import Frame
from vau_agent.tools.video.budgets import Budget
from vau_agent.tools.video.probe import SourceReader
from vau_agent.tools.video.readers import READERS
from vau_agent.tools.video.refusals import refusal
from vau_agent.tools.video.wire import Header, receive, send

_PR_SET_NO_NEW_PRIVS: Final = 38
_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000
_MAX_FILES: Final = 32
_MAX_REQUEST_BYTES: Final = 1 << 26
_SIGNS: Final = 10
"""Signs of life in the time after which the parent gives up."""


class _Span(NamedTuple):
    start: float
    end: float


def main() -> None:
    """Serve until the input ends."""
    video, answers = int(sys.argv[1]), _take_over_output()
    sys.excepthook = _report_to(answers)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    budget = Budget(**json.loads(sys.argv[2]))
    give_up_powers()
    set_limits(budget)
    alive = _SignOfLife(answers, every_seconds=budget.silent_seconds / _SIGNS)
    with _WatchedFile(video, alive) as file:
        _serve(cast(BinaryIO, file), answers, budget, alive)


def give_up_powers() -> None:
    """Forbid new privileges and leave the network, as far as this system lets a process do so."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if libc.unshare(_CLONE_NEWNET):
        libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def set_limits(budget: Budget) -> None:
    """Bound memory, processor time, files and their size."""
    memory, life = budget.memory_bytes, math.ceil(budget.life_cpu_seconds)
    for what, soft, hard in (
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_FSIZE, 0, 0),
        (resource.RLIMIT_NOFILE, _MAX_FILES, _MAX_FILES),
        (resource.RLIMIT_CPU, life, life + 1),
        (resource.RLIMIT_AS, memory, memory),
    ):
        resource.setrlimit(what, (soft, hard))
    allow_cpu(budget.file_cpu_seconds)


def allow_cpu(seconds: float) -> None:
    """Let this process take so much more processor time, within that of its life."""
    _, life = resource.getrlimit(resource.RLIMIT_CPU)
    allowed = math.ceil(time.process_time() + seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (min(allowed, life), life))


def _take_over_output() -> int:
    """Keep standard output for answers alone: whatever a library prints goes nowhere."""
    answers = os.dup(1)
    os.dup2(2, 1)
    return answers


def _report_to(answers: int) -> Callable[..., None]:
    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        send(answers, {"died": "".join(traceback.format_exception(kind, error, trace))[-4000:]})

    return hook


class _SignOfLife:
    """Tells the parent now and then that work goes on."""

    def __init__(self, answers: int, *, every_seconds: float) -> None:
        self._answers = answers
        self._every_seconds = every_seconds
        self._due = time.monotonic() + every_seconds

    def __call__(self) -> None:
        """Give a sign when one is due; called between packets, never inside another message."""
        if time.monotonic() >= self._due:
            send(self._answers, {"alive": True})
            self._due = time.monotonic() + self._every_seconds


class _WatchedFile(FileIO):
    """The video; reading on is a sign of life."""

    def __init__(self, descriptor: int, alive: Callable[[], None]) -> None:
        super().__init__(descriptor, "rb")
        self._alive = alive

    def read(self, size: int | None = -1) -> bytes:
        """Read up to `size` bytes."""
        self._alive()
        return super().read(-1 if size is None else size)


def _serve(file: BinaryIO, answers: int, budget: Budget, alive: Callable[[], None]) -> None:
    reader: SourceReader | None = None
    name = ""
    while True:
        try:
            request, payload = receive(_read_input, max_payload=_MAX_REQUEST_BYTES)
        except EOFError:
            return
        allow_cpu(float(str(request["cpu_seconds"])))
        try:
            if reader is None:
                name = str(request["name"])
                reader = _open(file, request, budget, alive)
            else:
                _answer(reader, request, payload, answers)
            send(answers, _end(reader))
        except (VideoError, SegmentOutOfRangeError, MissingDependencyError) as error:
            send(answers, _refused(error))
        except MemoryError:
            send(answers, _refused(refusal("over-budget", name)))


def _open(
    file: BinaryIO, request: Header, budget: Budget, alive: Callable[[], None]
) -> SourceReader:
    load = READERS[str(request["reader"])]
    name, sha256 = str(request["name"]), str(request["sha256"])
    return load(file, name=name, sha256=sha256, limits=budget, alive=alive)


def _answer(reader: SourceReader, request: Header, payload: bytearray, answers: int) -> None:
    if request["do"] == "index":
        _send_index(reader, answers)
    elif request["do"] != "stop":
        for frame in _frames(reader, request, payload):
            _send_frame(frame, answers)
            if select.select([0], [], [], 0)[0]:
                return


def _frames(reader: SourceReader, request: Header, payload: bytearray) -> Iterator[Frame]:
    side = request["longest_side"]
    longest_side = None if side is None else int(str(side))
    if request["do"] == "keyframes":
        return reader.keyframes(longest_side=longest_side)
    if request["do"] == "frames_at":
        times = np.frombuffer(payload, dtype=np.float64).tolist()
        return reader.frames_at(times, longest_side=longest_side)
    segment = None if request["span"] is None else _Span(*json.loads(str(request["span"])))
    fps = None if request["fps"] is None else float(str(request["fps"]))
    return reader.frames(segment, fps=fps, longest_side=longest_side)


def _send_frame(frame: Frame, answers: int) -> None:
    header: Mapping[str, object] = {
        "frame": {
            "timestamp": frame.timestamp,
            "pts": frame.pts,
            "time_base": [frame.time_base.numerator, frame.time_base.denominator],
            "shape": frame.image.shape[:2],
            "is_key": frame.is_key,
        }
    }
    send(answers, header, np.ascontiguousarray(frame.image).data.cast("B"))


def _send_index(reader: SourceReader, answers: int) -> None:
    index = reader.packet_index()
    base = [index.time_base.numerator, index.time_base.denominator]
    send(answers, {"index": {"count": len(index.pts), "time_base": base}})
    for part in (index.pts, index.sizes.astype(np.int32), np.packbits(index.keys)):
        send(answers, {"part": str(part.dtype)}, np.ascontiguousarray(part).data.cast("B"))


def _end(reader: SourceReader) -> Header:
    return {"end": {"info": reader.probe(), "cpu": time.process_time()}}


def _refused(error: Exception) -> Header:
    kind = error.kind if isinstance(error, VideoError) else type(error).__name__
    return {"refused": {"kind": kind, "message": str(error)}}


def _read_input(buffer: memoryview) -> None:
    while buffer:
        count = os.readv(0, [buffer])
        if not count:
            raise EOFError
        buffer = buffer[count:]


if __name__ == "__main__":
    main()
