"""The default reader: PyAV, with seeks that are verified instead of trusted.

Which pictures are wanted is settled first, from the packet times; then only what they need is
decoded. A seek counts once the very keyframe it aimed at turns up, else it starts earlier, and a
container that cannot be sought at all is read from its beginning.

Runs in the sandboxed child; nothing here bounds time or memory. One stream of frames is read at a
time: asking for a second one ends the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from os import SEEK_END
from typing import TYPE_CHECKING, BinaryIO, Final

import numpy as np
from av.video.frame import VideoFrame

from vau_agent.tools.video.base import Frame, PacketIndex, VideoReader, frame_rate_mode
from vau_agent.tools.video.budgets import PictureLimits
from vau_agent.tools.video.decode import Decoder
from vau_agent.tools.video.demux import Demuxer, codec_name
from vau_agent.tools.video.packets import read_packets
from vau_agent.tools.video.pictures import quarter_turns, to_image
from vau_agent.tools.video.probe import Probe, Span, to_info
from vau_agent.tools.video.refusals import refusal
from vau_agent.tools.video.times import check_times

if TYPE_CHECKING:
    from vau_agent.schemas import VideoInfo

_MIN_PACKETS: Final = 8
"""Packets below which a share of damaged ones says nothing."""


def _nobody_waits() -> None:
    """Take no notice of progress."""


class PyavReader(VideoReader):
    """Reads one video from an open file."""

    def __init__(
        self,
        file: BinaryIO,
        *,
        name: str,
        sha256: str,
        limits: PictureLimits,
        alive: Callable[[], None] = _nobody_waits,
    ) -> None:
        """Read the packet times and the first picture.

        Args:
            file: The open file; it is not closed here.
            name: The file as the person gave it, for messages.
            sha256: Digest of the file.
            limits: What its pictures may cost.
            alive: Called at least once for each packet that is decoded.

        Raises:
            VideoOpenError: The file is refused.
            VideoDecodeError: No picture of it decodes.
        """
        self._name = name
        self._limits = limits
        self._bytes = file.seek(0, SEEK_END)
        self._demuxer = Demuxer(file, name=name, limits=limits)
        packets = read_packets(self._demuxer)
        if packets is None:
            raise refusal("no-frames", name)
        self._packets = packets
        self._timeline = packets.timeline
        self._average_fps = len(self._timeline.pts) / self._timeline.duration
        self._decoder = Decoder(self._demuxer, self._timeline, name=name, alive=alive)
        self._turn = 0
        self._found = self._describe(sha256, self._first_picture())

    @property
    def info(self) -> VideoInfo:
        """What is known so far; warnings grow as damage is met."""
        return to_info(self.probe())

    def probe(self) -> Probe:
        """Give the fields of `info` as plain values."""
        warnings = [*self._open_warnings(), *self._damage_warnings()]
        return {**self._found, "warnings": warnings}

    def packet_index(self) -> PacketIndex:
        """Give the packet index that was read on opening."""
        self._turn += 1
        return self._packets.index()

    def keyframes(self, *, longest_side: int | None = None) -> Iterator[Frame]:
        """Decode keyframes only, in time order."""
        frames = ((None, frame) for frame in self._decoder.keyframes())
        return self._stream(frames, longest_side=longest_side)

    def frames(
        self,
        segment: Span | None = None,
        *,
        fps: float | None = None,
        longest_side: int | None = None,
    ) -> Iterator[Frame]:
        """Decode a segment in time order, at most `fps` frames a second (all when `None`)."""
        start, end = (segment.start, segment.end) if segment else (0.0, self._timeline.duration)
        rate = min(fps or self._limits.max_fps, self._limits.max_fps)
        if fps is None and self._average_fps <= self._limits.max_fps:
            wanted = self._timeline.between(start, end)
        else:
            wanted = self._timeline.sampled(start, end, fps=rate)
        return self._stream(self._decoder.pick(wanted), longest_side=longest_side)

    def frames_at(
        self, timestamps: Sequence[float], *, longest_side: int | None = None
    ) -> Iterator[Frame]:
        """Give, for each timestamp in ascending order, the frame shown at that time.

        Raises:
            SegmentOutOfRangeError: A timestamp is negative or past the end.
        """
        times = sorted(timestamps)
        check_times(times, duration=self._timeline.duration, name=self._name)
        ticks, counts = np.unique(self._timeline.shown_at(times), return_counts=True)
        repeats = dict(zip(ticks.tolist(), counts.tolist(), strict=True))
        frames = self._stream_each(self._decoder.pick(ticks), longest_side=longest_side)
        return (frame for tick, frame in frames for _ in range(repeats[tick]))

    def close(self) -> None:
        """Close the container, not the file."""
        self._turn += 1
        self._demuxer.close()

    def _stream(
        self, frames: Iterable[tuple[int | None, VideoFrame]], *, longest_side: int | None
    ) -> Iterator[Frame]:
        """Convert pictures, each once, and judge the damage at the end."""
        last: int | None = None
        for _, frame in self._stream_each(frames, longest_side=longest_side):
            if last is None or frame.pts > last:
                yield frame
                last = frame.pts

    def _stream_each(
        self, frames: Iterable[tuple[int | None, VideoFrame]], *, longest_side: int | None
    ) -> Iterator[tuple[int, Frame]]:
        self._turn += 1
        turn = self._turn
        for tick, picture in frames:
            if picture.pts is None:
                continue
            frame = self._to_frame(picture, longest_side=longest_side)
            yield picture.pts if tick is None else tick, frame
            if turn != self._turn:
                raise RuntimeError("another request to this reader ended this stream of frames")
        damage = self._decoder.damage
        if damage.fed >= _MIN_PACKETS and damage.share > self._limits.max_damaged_share:
            raise refusal("truncated", self._name, detail=f"{damage.share:.0%} does not decode")

    def _to_frame(self, picture: VideoFrame, *, longest_side: int | None) -> Frame:
        pts = picture.pts or 0
        return Frame(
            timestamp=self._timeline.seconds(pts),
            pts=pts,
            time_base=self._timeline.time_base,
            image=to_image(picture, longest_side=longest_side),
            is_key=picture.key_frame,
        )

    def _first_picture(self) -> VideoFrame:
        for _, picture in self._decoder.pick(self._timeline.pts[:1]):
            return picture
        for picture in self._decoder.keyframes():
            return picture
        raise refusal("no-frames", self._name)

    def _describe(self, sha256: str, picture: VideoFrame) -> Probe:
        timeline, stream = self._timeline, self._demuxer.stream
        turns = quarter_turns(picture)
        size = (picture.width, picture.height)
        width, height = size[::-1] if turns % 2 else size
        return {
            "sha256": sha256,
            "bytes": self._bytes,
            "container": self._demuxer.container.format.name.split(",")[0],
            "codec": codec_name(stream),
            "width": width,
            "height": height,
            "rotation": _CLOCKWISE[turns],
            "duration_s": timeline.duration,
            "frame_rate_mode": frame_rate_mode(
                timeline.all_seconds(), tick=float(timeline.time_base)
            ),
            "average_fps": self._average_fps,
            "frame_count": len(timeline.pts),
            "keyframe_count": len(timeline.key_pts),
            "has_audio": bool(self._demuxer.container.streams.audio),
        }

    def _open_warnings(self) -> Iterator[str]:
        if self._demuxer.skipped_streams:
            yield f"{self._demuxer.skipped_streams} more video streams are not read."
        claimed, held = len(self._demuxer.stream.index_entries), self._packets.count
        if claimed > held:
            yield f"The file is cut short: of {claimed} frames in its index it holds {held}."

    def _damage_warnings(self) -> Iterator[str]:
        damage = self._decoder.damage
        if damage.failed:
            yield f"{damage.failed} of {damage.fed} packets did not decode."
        if self._demuxer.read_errors:
            yield f"{self._demuxer.read_errors} packets could not be read."


_CLOCKWISE: Final = (0, 270, 180, 90)
"""Quarter turns anticlockwise, as clockwise degrees."""
