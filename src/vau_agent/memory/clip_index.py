"""What of a video can be found by its looks: one vector for each frame that showed something new.

Vectors are kept at half precision and searched by FAISS, exhaustively: one video's frames are few
enough (20 000 take some milliseconds), and nothing is lost. The file is ours, not FAISS's, so a
file from elsewhere can be refused but never runs or crashes anything.

Scores are inner products of unit vectors, not probabilities: they compare within one embedder.
"""

import contextlib
import functools
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError, model_validator

from vau_agent.errors import ClipIndexError, MissingDependencyError
from vau_agent.memory.database import plain_errors
from vau_agent.memory.durable import make_folder, sync_folder, write_durably
from vau_agent.memory.embedders.base import Vectors
from vau_agent.schemas import Value

FORMAT: Final = 1
REBUILD: Final = "rebuild it with 'vau-agent index VIDEO --force'"
_MAGIC: Final = b"vau-agent clip index "
_MAX_LINE: Final = 65536
_FRAME: Final = np.dtype([("timestamp", "<f8"), ("pts", "<i8"), ("until", "<f8")])
_CODE: Final = np.dtype("<f2")


class IndexedFrame(Value):
    """A frame that was embedded; it stands for all that looked alike until the next one."""

    timestamp: float
    """Seconds; where the frame itself is shown."""
    pts: int
    until: float
    """Seconds; the end, not included, of what this entry stands for."""

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if not self.until > self.timestamp:
            raise ValueError(f"an entry ends after it starts, got {self.timestamp}..{self.until}")
        return self


class IndexHeader(Value):
    """Which video was made searchable, by what, and how densely."""

    video_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    video_name: str
    video_path: str | None = None
    """Where it was when it was indexed."""
    duration_s: float
    embedder: str
    """Name; `embedder_digest` decides whether vectors are comparable."""
    embedder_digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    dim: int = Field(ge=1)
    sampling: str
    """How frames were chosen, in a form that is equal when the choice is."""
    created: datetime


class Match(NamedTuple):
    """An entry that was found, and how close it is: an inner product, 1 at most."""

    frame: IndexedFrame
    score: float


@dataclass(frozen=True, kw_only=True, eq=False)
class ClipIndex:
    """One video's vectors and the frames they stand for, in order of time."""

    header: IndexHeader
    frames: tuple[IndexedFrame, ...]
    codes: NDArray[np.float16]
    """Vectors at half precision, frames x dim."""

    @classmethod
    def build(
        cls, header: IndexHeader, frames: Sequence[IndexedFrame], vectors: Vectors
    ) -> "ClipIndex":
        """Assemble an index from frames and their vectors of length 1.

        Raises:
            ValueError: The numbers of frames, vectors and dimensions do not agree, or a vector
                holds what is no number.
        """
        if vectors.shape != (len(frames), header.dim):
            raise ValueError(
                f"{len(frames)} frames of {header.dim} dimensions need vectors of that shape, "
                f"got {vectors.shape}"
            )
        if not np.isfinite(vectors).all():
            raise ValueError("a vector holds NaN or infinity")
        return cls(header=header, frames=tuple(frames), codes=vectors.astype(_CODE))

    def __len__(self) -> int:
        """Count the entries."""
        return len(self.frames)

    @property
    def vectors(self) -> Vectors:
        """All vectors, as kept: half precision, given back in single."""
        return self.codes.astype(np.float32)

    @property
    def centre(self) -> NDArray[np.float32]:
        """The mean vector: what this video looks like on the whole. Not of length 1."""
        if not self.frames:
            return np.zeros(self.header.dim, dtype=np.float32)
        mean: NDArray[np.float32] = self.vectors.mean(axis=0)
        return mean

    def search(self, vectors: Vectors, count: int) -> tuple[tuple[Match, ...], ...]:
        """Find the `count` entries closest to each vector, best first; fewer if there are fewer.

        Raises:
            ValueError: The vectors are of another length, or `count` is not positive.
            MissingDependencyError: FAISS is not installed.
        """
        if vectors.ndim != 2 or vectors.shape[1] != self.header.dim or count < 1:
            raise ValueError(
                f"search takes vectors x {self.header.dim} and a positive count, "
                f"got {vectors.shape} and {count}"
            )
        if not self.frames or not len(vectors):
            return tuple(() for _ in vectors)
        queries = np.ascontiguousarray(vectors, dtype=np.float32)
        scores, places = self._searcher.search(queries, min(count, len(self)))
        return tuple(
            tuple(
                Match(frame=self.frames[place], score=score)
                for score, place in zip(row, found, strict=True)
            )
            for row, found in zip(scores.tolist(), places.tolist(), strict=True)
        )

    def save(self, path: Path) -> None:
        """Write the index; whoever reads meanwhile sees the former file or this one, whole.

        Raises:
            NoSpaceError: The disk is full.
            JournalError: The folder cannot be written to.
        """
        rows = [(frame.timestamp, frame.pts, frame.until) for frame in self.frames]
        body = np.array(rows, dtype=_FRAME).tobytes() + self.codes.tobytes()
        sha256 = hashlib.sha256(body).hexdigest()
        head = _Head(header=self.header, count=len(self), sha256=sha256)
        lines = _MAGIC + f"{FORMAT}\n{head.model_dump_json()}\n".encode()
        with plain_errors(path):
            make_folder(path.parent)
            write_durably(path, [lines, body])
            sync_folder(path.parent)

    @classmethod
    def load(cls, path: Path, *, embedder_digest: str | None = None) -> "ClipIndex":
        """Read a saved index and check it.

        Args:
            path: What `save` wrote.
            embedder_digest: The embedder that queries will be made with; any if `None`.

        Raises:
            ClipIndexError: It is absent, damaged, of a newer format, or of another embedder.
        """
        with _reading(path) as file:
            head = _read_head(file, path)
            if embedder_digest not in (None, head.header.embedder_digest):
                raise ClipIndexError(
                    f"index {str(path)!r} was built with {head.header.embedder!r} "
                    f"({head.header.embedder_digest[:12]}), and this embedder is "
                    f"{str(embedder_digest)[:12]}; {REBUILD}"
                )
            body = file.read()
        if hashlib.sha256(body).hexdigest() != head.sha256:
            raise _damaged(path, "its content does not match its hash")
        rows = np.frombuffer(body, dtype=_FRAME, count=head.count)
        codes = np.frombuffer(body, dtype=_CODE, offset=rows.nbytes)
        return cls(
            header=head.header,
            frames=tuple(_frames(rows, path)),
            codes=codes.reshape(head.count, head.header.dim),
        )

    @staticmethod
    def load_header(path: Path) -> IndexHeader:
        """Read what a saved index says of itself, without its vectors.

        Raises:
            ClipIndexError: It is absent, damaged or of a newer format.
        """
        with _reading(path) as file:
            return _read_head(file, path).header

    @functools.cached_property
    def _searcher(self) -> Any:  # noqa: ANN401 - FAISS has no types
        try:
            import faiss
        except ModuleNotFoundError as error:
            raise MissingDependencyError(
                "searching a video needs 'faiss'; install it with: pip install 'vau-agent[local]'"
            ) from error
        searcher = faiss.IndexScalarQuantizer(
            self.header.dim, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )
        searcher.add_sa_codes(self.codes.view(np.uint8).reshape(len(self), -1))
        return searcher


class _Head(Value):
    header: IndexHeader
    count: int = Field(ge=0)
    sha256: str


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as file:
            yield file
    except FileNotFoundError as error:
        raise ClipIndexError(
            f"there is no index {str(path)!r}; build it with 'vau-agent index VIDEO'"
        ) from error
    except OSError as error:
        raise ClipIndexError(
            f"cannot read index {str(path)!r}: {error.strerror}; check the file's permissions"
        ) from error


def _read_head(file: BinaryIO, path: Path) -> _Head:
    """Read the two lines before the vectors, and check the file's length against them."""
    magic = file.readline(_MAX_LINE)
    if not magic.startswith(_MAGIC):
        raise _damaged(path, "it is no clip index")
    if magic != _MAGIC + f"{FORMAT}\n".encode():
        raise ClipIndexError(
            f"index {str(path)!r} is of format {_shown(magic)}, this program knows {FORMAT}; "
            f"update vau-agent, or {REBUILD}"
        )
    try:
        head = _Head.model_validate_json(file.readline(_MAX_LINE))
    except ValidationError as error:
        raise _damaged(path, "its header cannot be read") from error
    wanted = head.count * (_FRAME.itemsize + head.header.dim * _CODE.itemsize)
    found = os.fstat(file.fileno()).st_size - file.tell()
    if found != wanted:
        raise _damaged(path, f"{wanted} bytes of vectors should follow, {found} do")
    return head


def _frames(rows: NDArray[np.void], path: Path) -> Iterator[IndexedFrame]:
    for timestamp, pts, until in rows.tolist():
        try:
            yield IndexedFrame(timestamp=timestamp, pts=pts, until=until)
        except ValidationError as error:
            raise _damaged(path, f"it holds a frame from {timestamp} to {until}") from error


def _shown(magic: bytes) -> str:
    return repr(magic.removeprefix(_MAGIC).strip()[:20].decode("ascii", "replace"))


def _damaged(path: Path, what: str) -> ClipIndexError:
    return ClipIndexError(f"index {str(path)!r} is damaged ({what}); {REBUILD}")
