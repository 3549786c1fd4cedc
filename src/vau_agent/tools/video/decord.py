"""The second reader: decord, for those who compare with published pipelines.

Kept to what decord can do. It is inexact where `PyavReader` is not: edit lists are ignored, times
of MPEG-4 with B-frames are off by a picture, pictures after a seek may be wrong with open GOPs,
MPEG-TS is refused, and sizes of packets are unknown (given as 0). Picture numbers stand in for
presentation ticks.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, BinaryIO, Final

import decord
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from vau_agent.tools.video.base import Frame, PacketIndex, VideoReader, frame_rate_mode
from vau_agent.tools.video.budgets import PictureLimits
from vau_agent.tools.video.demux import check_size
from vau_agent.tools.video.pictures import to_image
from vau_agent.tools.video.probe import Probe, Span, to_info
from vau_agent.tools.video.refusals import refusal
from vau_agent.tools.video.times import check_times

if TYPE_CHECKING:
    from vau_agent.schemas import VideoInfo

_TIME_BASE: Final = Fraction(1, 1_000_000)
"""decord gives times as seconds in single precision; finer ticks would say more than it knows."""


class DecordReader(VideoReader):
    """Reads one video from an open file."""

    def __init__(self, file: BinaryIO, *, name: str, sha256: str, limits: PictureLimits) -> None:
        """Open the file through its descriptor; see `PyavReader`."""
        self._name = name
        self._limits = limits
        self._path = f"/proc/self/fd/{file.fileno()}"
        self._full = self._open()
        if not len(self._full):
            raise refusal("no-frames", name)
        spans = np.asarray(self._full.get_frame_timestamp(range(len(self._full))), dtype=np.float64)
        self._times: NDArray[np.float64] = spans[:, 0] - spans[0, 0]
        self._keys = np.asarray(self._full.get_key_indices(), dtype=np.int64)
        end = float(spans[-1, 1] - spans[0, 0])
        height, width, _ = self._full[0].shape
        check_size(width, height, name=name, limits=limits)
        self._duration = max(end, float(self._times[-1]))
        self._average_fps = float(self._full.get_avg_fps())
        self._found = {
            "sha256": sha256,
            "bytes": os.fstat(file.fileno()).st_size,
            "container": "unknown",
            "codec": "unknown",
            "width": width,
            "height": height,
            "duration_s": self._duration,
            "frame_rate_mode": frame_rate_mode(self._times, tick=float(_TIME_BASE)),
            "average_fps": self._average_fps,
            "frame_count": len(self._full),
            "keyframe_count": len(self._keys),
            "warnings": ["decord is inexact with edit lists, open GOPs and MPEG-4 B-frames."],
        }

    @property
    def info(self) -> VideoInfo:
        """What is known without decoding."""
        return to_info(self._found)

    def probe(self) -> Probe:
        """Give the fields of `info` as plain values."""
        return self._found

    def packet_index(self) -> PacketIndex:
        """Give the times of the pictures; sizes are 0 because decord does not tell them."""
        keys = np.zeros(len(self._times), dtype=np.bool_)
        keys[self._keys] = True
        return PacketIndex(
            timestamps=self._times,
            pts=np.rint(self._times / float(_TIME_BASE)).astype(np.int64),
            sizes=np.zeros(len(self._times), dtype=np.int64),
            keys=keys,
            time_base=_TIME_BASE,
        )

    def keyframes(self, *, longest_side: int | None = None) -> Iterator[Frame]:
        """Decode keyframes only, in time order."""
        return self._read(self._keys, longest_side=longest_side)

    def frames(
        self,
        segment: Span | None = None,
        *,
        fps: float | None = None,
        longest_side: int | None = None,
    ) -> Iterator[Frame]:
        """Decode a segment in time order, at most `fps` frames a second (all when `None`)."""
        start, end = (segment.start, segment.end) if segment else (0.0, np.inf)
        inside = np.flatnonzero((self._times >= start - 1e-6) & (self._times < end - 1e-6))
        rate = min(fps or self._limits.max_fps, self._limits.max_fps)
        if len(inside) and (fps or self._average_fps > rate):
            cells = np.floor((self._times[inside] - start) * rate + 1e-3)
            inside = inside[np.concatenate(([True], np.diff(cells) > 0))]
        return self._read(inside, longest_side=longest_side)

    def frames_at(
        self, timestamps: Sequence[float], *, longest_side: int | None = None
    ) -> Iterator[Frame]:
        """Give, for each timestamp in ascending order, the frame shown at that time.

        Raises:
            SegmentOutOfRangeError: A timestamp is negative or past the end.
        """
        times = sorted(timestamps)
        check_times(times, duration=self._duration, name=self._name)
        shown = np.searchsorted(self._times, np.asarray(times) + 1e-6, side="right") - 1
        return self._read(np.maximum(shown, 0), longest_side=longest_side)

    def close(self) -> None:
        """Forget the open video; decord frees it with its last reference."""
        del self._full

    def _open(self) -> decord.VideoReader:
        try:
            return decord.VideoReader(self._path, ctx=decord.cpu(0), num_threads=1)
        except (decord.DECORDError, RuntimeError) as error:
            raise refusal("not-a-video", self._name) from error

    def _read(self, numbers: NDArray[np.int64], *, longest_side: int | None) -> Iterator[Frame]:
        """Read pictures by number; decord's own scaling fails on rotated videos."""
        keys = set(self._keys.tolist())
        for number in numbers.tolist():
            try:
                whole = np.asarray(self._full[number].asnumpy(), dtype=np.uint8)
            except (decord.DECORDError, RuntimeError) as error:
                raise refusal("truncated", self._name) from error
            timestamp = float(self._times[number])
            picture = VideoFrame.from_ndarray(whole, format="rgb24")
            yield Frame(
                timestamp=timestamp,
                pts=round(timestamp / float(_TIME_BASE)),
                time_base=_TIME_BASE,
                image=to_image(picture, longest_side=longest_side),
                is_key=number in keys,
            )
