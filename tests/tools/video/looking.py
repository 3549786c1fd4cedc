"""Reading a file as an analysis would, in a process whose only children are decoders."""

import logging
import resource
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Final, NamedTuple, get_args

from vau_agent.errors import VideoError, VideoRefusal
from vau_agent.settings import VideoLimits
from vau_agent.tools.video.factory import open_video

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
    """Reads files, two at a time."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def outcomes(self, paths: Iterable[Path], *, max_mb: float) -> list[str]:
        """Read files; no decoder fails in our own code or grows beyond `max_mb`."""
        looks = list(self._pool.map(look, paths))
        assert not [one.logged for one in looks if one.logged], "a child failed in our own code"
        assert max(one.child_mb for one in looks) < max_mb
        return [one.outcome for one in looks]


@contextmanager
def open_looker() -> Iterator[Looker]:
    """Start the processes, afresh: whoever asks may have had other, larger children."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        yield Looker(pool)


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
