"""A reader whose decoding happens in a child process that may crash, hang or be taken over.

The child gets the opened file, limits and one request at a time. It writes frames into a pipe, so
it waits when the caller is slow and nothing piles up. Time is counted only while waiting for it;
each request has a budget of its own, by what decoding the whole video honestly takes.
Not for use from several threads at once.
"""

import json
import os
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from vau_agent.errors import (
    MissingDependencyError,
    SegmentOutOfRangeError,
    VauAgentError,
    VideoDecodeError,
    VideoError,
    VideoRefusal,
)
from vau_agent.schemas import Segment, VideoInfo
from vau_agent.settings import VideoLimits
from vau_agent.tools.video.base import Frame, PacketIndex, VideoReader
from vau_agent.tools.video.budgets import budget_for
from vau_agent.tools.video.child import Answer, Child, FrameHeader, RefusedHeader
from vau_agent.tools.video.refusals import refusal, to_error
from vau_agent.tools.video.times import check_times
from vau_agent.tools.video.wire import Header

_Number = TypeVar("_Number", bound=np.generic)

_MAX_RESTARTS: Final = 2
_OPEN_REQUESTS: Final = 2
_MAX_MESSAGE: Final = 500


class SandboxedReader(VideoReader):
    """Reads one video through a child process; see `open_video`."""

    def __init__(
        self, file: int, *, name: str, sha256: str, reader: str, limits: VideoLimits
    ) -> None:
        """Start the child and let it open the video.

        Args:
            file: Descriptor of the video; closed with the reader, also when this fails.
            name: The file as the person gave it, for messages.
            sha256: Digest of the file.
            reader: Which of `READERS` the child uses.
            limits: What a video may cost.
        """
        self._file = file
        self._name = name
        self._opening: Header = {"reader": reader, "name": name, "sha256": sha256}
        self._bytes = os.fstat(file).st_size
        self._budget = budget_for(limits, file_bytes=self._bytes)
        self._cpu_seconds = self._budget.file_cpu_seconds
        self._restarts = 0
        self._turn = 0
        self._is_busy = False
        self._child: Child | None = None
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    @property
    def info(self) -> VideoInfo:
        """What is known so far; warnings grow as damage is met."""
        return self._end.info

    def packet_index(self) -> PacketIndex:
        """Read the packet index (demux only)."""
        self._ask({"do": "index"})
        header = self._receive()[0].index
        if header is None:
            raise self._broken()
        pts = self._column(np.int64, header.count)
        sizes = self._column(np.int32, header.count)
        key_bits = self._column(np.uint8, (header.count + 7) // 8)
        self._expect_end()
        base = Fraction(*header.time_base)
        return PacketIndex(
            timestamps=np.multiply(pts - pts[:1], float(base), dtype=np.float64),
            pts=pts,
            sizes=sizes.astype(np.int64),
            keys=np.unpackbits(key_bits, count=header.count).view(np.bool_),
            time_base=base,
        )

    def keyframes(self, *, longest_side: int | None = None) -> Iterator[Frame]:
        """Decode keyframes only, in time order."""
        return self._frames({"do": "keyframes", "longest_side": longest_side})

    def frames(
        self,
        segment: Segment | None = None,
        *,
        fps: float | None = None,
        longest_side: int | None = None,
    ) -> Iterator[Frame]:
        """Decode a segment in time order, at most `fps` frames a second (all when `None`)."""
        span = None if segment is None else json.dumps([segment.start, segment.end])
        return self._frames(
            {"do": "frames", "span": span, "fps": fps, "longest_side": longest_side}
        )

    def frames_at(
        self, timestamps: Sequence[float], *, longest_side: int | None = None
    ) -> Iterator[Frame]:
        """Give, for each timestamp in ascending order, the frame shown at that time.

        Raises:
            SegmentOutOfRangeError: A timestamp is negative or past the end.
        """
        check_times(timestamps, duration=self.info.duration_s, name=self._name)
        times = np.asarray(timestamps, dtype=np.float64).tobytes()
        return self._frames({"do": "frames_at", "longest_side": longest_side}, times)

    def close(self) -> None:
        """Free the file and the child."""
        self._turn += 1
        if self._child is not None:
            self._child.close()
            self._child = None
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _frames(self, request: Header, payload: bytes = b"") -> Iterator[Frame]:
        self._ask(request, payload)
        turn = self._turn
        while True:
            answer, picture = self._receive()
            if answer.frame is None:
                return
            yield self._to_frame(answer.frame, picture)
            if turn != self._turn:
                raise RuntimeError("another request to this reader ended this stream of frames")

    def _to_frame(self, header: FrameHeader, picture: bytearray) -> Frame:
        height, width = header.shape
        if len(picture) != height * width * 3 or not picture:
            raise self._broken()
        return Frame(
            timestamp=header.timestamp,
            pts=header.pts,
            time_base=Fraction(*header.time_base),
            image=np.frombuffer(picture, dtype=np.uint8).reshape(height, width, 3),
            is_key=header.is_key,
        )

    def _column(self, kind: type[_Number], count: int) -> NDArray[_Number]:
        _, data = self._receive()
        if len(data) != count * np.dtype(kind).itemsize:
            raise self._broken()
        return np.frombuffer(data, dtype=kind)

    def _ask(self, request: Header, payload: bytes = b"") -> None:
        """Send a request to an idle child, starting another one where the last one ended."""
        if self._file < 0:
            raise ValueError(f"the reader of {self._name!r} is closed")
        self._turn += 1
        self._settle()
        if self._child is None:
            if self._restarts == _MAX_RESTARTS:
                raise refusal("decoder-died", self._name, detail=f"{_MAX_RESTARTS + 1} times")
            self._restarts += 1
            self._start()
        self._send(request, payload)

    def _start(self) -> None:
        self._child = Child(self._file, name=self._name, budget=self._budget)
        self._send(self._opening)
        self._expect_end()

    def _settle(self) -> None:
        """Bring the child to rest: end a stream that nobody reads on, retire a worn-out child."""
        if self._is_busy and self._child is not None:
            self._end_stream()
        if self._child is not None and self._end.cpu > self._budget.life_cpu_seconds / 2:
            self._child.close()
            self._child = None
            self._restarts -= 1

    def _end_stream(self) -> None:
        """Stop the running request and read off what the child has already written.

        Two requests are then open, so two answers are final, each an end or a refusal.
        """
        finals = 0
        try:
            self._send({"do": "stop"})
            while finals < _OPEN_REQUESTS and self._child is not None:
                finals += self._receives_final()
        except VideoDecodeError:
            self._child = None  # it died and is reaped; the next request starts another
        self._is_busy = False

    def _receives_final(self) -> bool:
        assert self._child is not None
        answer, _ = self._child.answer()
        return answer.end is not None or answer.refused is not None

    def _send(self, request: Header, payload: bytes = b"") -> None:
        assert self._child is not None
        self._is_busy = True
        try:
            self._child.ask(request, payload, cpu_seconds=self._cpu_seconds)
        except VideoError:
            self._child = None
            raise

    def _receive(self) -> tuple[Answer, bytearray]:
        """Take the next message; an end or a refusal brings the child to rest."""
        assert self._child is not None
        try:
            answer, payload = self._child.answer()
        except VideoError:
            self._child = None
            raise
        if answer.end is not None:
            self._end = answer.end
            self._cpu_seconds = self._allowance(answer.end.info)
            self._is_busy = False
        if answer.refused is not None:
            self._is_busy = False
            raise _to_error(answer.refused)
        return answer, payload

    def _allowance(self, info: VideoInfo) -> float:
        """Work out the processor time of a request; a file holds no more pictures than bytes."""
        pictures = min(info.frame_count, self._bytes)
        area = min(info.width, self._budget.max_width) * min(info.height, self._budget.max_height)
        return self._budget.cpu_seconds(pictures=pictures, area=area)

    def _expect_end(self) -> None:
        answer, _ = self._receive()
        if answer.end is None:
            raise self._broken()

    def _broken(self) -> VideoError:
        """End a child that does not keep to the protocol."""
        if self._child is not None:
            self._child.close()
            self._child = None
        return refusal("decoder-died", self._name)


def _to_error(refused: RefusedHeader) -> VauAgentError:
    text = "".join(mark for mark in refused.message if mark.isprintable())[:_MAX_MESSAGE]
    for kind in get_args(VideoRefusal):
        if refused.kind == kind:
            return to_error(kind, text)
    if refused.kind == MissingDependencyError.__name__:
        return MissingDependencyError(text)
    return SegmentOutOfRangeError(text)
