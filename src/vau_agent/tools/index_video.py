"""Makes a video searchable: a vector for each frame that shows something new.

Short videos give a frame a second; of long ones only keyframes are decoded, which is cheap. A frame
that looks like the one before it is not embedded: the earlier entry stands for it too.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np

from vau_agent.errors import VideoDecodeError
from vau_agent.memory.clip_index import ClipIndex, IndexedFrame, IndexHeader
from vau_agent.memory.embedders.base import Embedder, Vectors
from vau_agent.settings import RetrievalSettings, TriageSettings
from vau_agent.tools.duplicates import DuplicateFilter
from vau_agent.tools.video.base import Frame, Image, VideoReader

OnShare = Callable[[float], None]
"""Told how much of a video is done, as a share."""

INDEX_LONGEST_SIDE: Final = 400
"""Pixels of the pictures that are embedded: a 16:9 picture keeps the 224 rows that towers see."""

_KEYFRAME_SECONDS: Final = 10.0
"""Mean time between keyframes up to which a long video is indexed by its keyframes alone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sampling:
    """How the frames of one video are chosen."""

    step: float
    """Seconds from one frame to the next, at least."""
    keyframes: bool
    block_change: float
    keep_every_seconds: float

    @property
    def key(self) -> str:
        """A text that is equal when the choice is."""
        kind = "keyframes" if self.keyframes else "frames"
        return (
            f"{kind} every {self.step:.6g} s, side {INDEX_LONGEST_SIDE}, "
            f"same within {self.block_change:g}, kept every {self.keep_every_seconds:g} s"
        )


def choose_sampling(
    reader: VideoReader, settings: RetrievalSettings, triage: TriageSettings
) -> Sampling:
    """Choose how densely a video is indexed, from its length and packets alone."""
    duration = reader.info.duration_s
    step = max(1 / settings.fps, duration / (settings.max_frames - 1))
    by_keyframes = (
        duration > triage.dense_seconds
        and reader.packet_index().mean_gop_seconds <= _KEYFRAME_SECONDS
    )
    return Sampling(
        step=step,
        keyframes=by_keyframes,
        block_change=triage.duplicate_block_change,
        keep_every_seconds=triage.keep_every_seconds,
    )


def index_video(
    reader: VideoReader,
    embedder: Embedder,
    settings: RetrievalSettings,
    triage: TriageSettings,
    *,
    source: Path | None = None,
    on_progress: OnShare | None = None,
) -> ClipIndex:
    """Embed a video's frames.

    Args:
        reader: The video.
        embedder: Gives the vectors.
        settings: How densely, and how many at once.
        triage: From which length on only keyframes are decoded, and what counts as a duplicate.
        source: Where the video lies, told to whoever searches later.
        on_progress: Told the share of the video that is done.

    Raises:
        VideoDecodeError: No frame could be decoded.
    """
    sampling = choose_sampling(reader, settings, triage)
    duration = reader.info.duration_s
    batches = _Batches(embedder=embedder, size=settings.batch)
    for frame in _new_frames(reader, sampling):
        batches.add(frame)
        if on_progress is not None and duration > 0:
            on_progress(min(1.0, frame.timestamp / duration))
    batches.flush()
    if not batches.starts:
        raise VideoDecodeError(
            "no frame of the video could be decoded, so there is nothing to index",
            kind="no-frames",
        )
    header = IndexHeader(
        video_sha256=reader.info.sha256,
        video_name=source.name if source is not None else "",
        video_path=str(source.absolute()) if source is not None else None,
        duration_s=duration,
        embedder=embedder.name,
        embedder_digest=embedder.digest,
        dim=embedder.dim,
        sampling=sampling.key,
        created=datetime.now(UTC),
    )
    frames = _entries(batches.starts, max(duration, batches.starts[-1][0] + sampling.step / 1000))
    return ClipIndex.build(header, frames, np.concatenate(batches.vectors))


def _new_frames(reader: VideoReader, sampling: Sampling) -> Iterator[Frame]:
    duplicates = DuplicateFilter(
        block_change=sampling.block_change, keep_every_seconds=sampling.keep_every_seconds
    )
    for frame in _sampled(reader, sampling):
        if duplicates.keeps(frame.image, frame.timestamp):
            yield frame


def _sampled(reader: VideoReader, sampling: Sampling) -> Iterator[Frame]:
    if not sampling.keyframes:
        yield from reader.frames(fps=1 / sampling.step, longest_side=INDEX_LONGEST_SIDE)
        return
    due = float("-inf")
    for frame in reader.keyframes(longest_side=INDEX_LONGEST_SIDE):
        if frame.timestamp >= due:
            due = frame.timestamp + sampling.step - 1e-6
            yield frame


@dataclass(kw_only=True, slots=True)
class _Batches:
    """Collects pictures until there are enough to embed at once; holds no more than these."""

    embedder: Embedder
    size: int
    starts: list[tuple[float, int]] = field(default_factory=list)
    """Timestamp and pts of every frame so far."""
    vectors: list[Vectors] = field(default_factory=list)
    _waiting: list[Image] = field(default_factory=list)

    def add(self, frame: Frame) -> None:
        self.starts.append((frame.timestamp, frame.pts))
        self._waiting.append(frame.image)
        if len(self._waiting) == self.size:
            self.flush()

    def flush(self) -> None:
        if self._waiting:
            self.vectors.append(self.embedder.embed_images(self._waiting))
            self._waiting = []


def _entries(starts: Sequence[tuple[float, int]], end: float) -> tuple[IndexedFrame, ...]:
    untils = [*(timestamp for timestamp, _ in starts[1:]), end]
    return tuple(
        IndexedFrame(timestamp=timestamp, pts=pts, until=until)
        for (timestamp, pts), until in zip(starts, untils, strict=True)
    )
