"""Reading a file as an analysis would, in a process whose only children are decoders."""

import json
import logging
import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple, get_args

from vau_agent.errors import VideoError, VideoRefusal
from vau_agent.settings import VideoLimits
from vau_agent.tools.video.factory import open_video

ROOT: Final = Path(__file__).resolve().parents[3]
LIMITS: Final = VideoLimits(base_wall_seconds=20)


class Look(NamedTuple):
    """How reading a file ended."""

    outcome: str
    """`ok`, `nothing`, or the refusal."""
    logged: tuple[str, ...]
    """What our own code complained of."""
    child_mb: float
    """Most memory that a decoder has held in this process so far."""


class Looker:
    """Reads files, each of its processes one at a time."""

    def __init__(self, processes: Sequence["subprocess.Popen[str]"]) -> None:
        self._processes = processes

    def outcomes(self, paths: Sequence[Path], *, max_mb: float) -> list[str]:
        """Read files; no decoder fails in our own code or grows beyond `max_mb`."""
        count = len(self._processes)
        parts = [paths[number::count] for number in range(count)]
        with ThreadPoolExecutor(count) as pool:
            looks = [one for part in pool.map(_ask, self._processes, parts) for one in part]
        assert len(looks) == len(paths)
        assert not [one.logged for one in looks if one.logged], "a child failed in our own code"
        assert max(one.child_mb for one in looks) < max_mb
        return [one.outcome for one in looks]


@contextmanager
def open_looker() -> Iterator[Looker]:
    """Start two processes, afresh: whoever asks may have had other, larger children."""
    command = [sys.executable, "-m", "tests.tools.video.looking"]
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
                )
            )
            for _ in range(2)
        ]
        yield Looker(processes)


def _ask(process: "subprocess.Popen[str]", paths: Sequence[Path]) -> list[Look]:
    assert process.stdin is not None
    assert process.stdout is not None
    looks = []
    for path in paths:
        process.stdin.write(f"{path}\n")
        process.stdin.flush()
        looks.append(Look(*json.loads(process.stdout.readline())))
    return looks


def look(path: Path) -> Look:
    """Read a file; say how that ended."""
    said: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign] # the smallest handler
    logging.getLogger().addHandler(handler)
    try:
        outcome = _outcome(path)
    finally:
        logging.getLogger().removeHandler(handler)
    peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return Look(outcome=outcome, logged=tuple(said), child_mb=peak_mb)


def _outcome(path: Path) -> str:
    try:
        with open_video(path, limits=LIMITS) as reader:
            reader.packet_index()
            frames = [*reader.keyframes(longest_side=64), *reader.frames(fps=5, longest_side=64)]
            frames += reader.frames_at([reader.info.duration_s / 2], longest_side=64)
            return "ok" if frames else "nothing"
    except VideoError as error:
        assert error.kind in get_args(VideoRefusal)
        assert "\n" not in str(error)
        assert path.name in str(error)
        return error.kind


if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write(json.dumps(look(Path(line.removesuffix("\n")))) + "\n")
        sys.stdout.flush()
