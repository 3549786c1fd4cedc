"""Compressed packets of one video stream: opening a file safely, reading on, and seeking.

The library gets a file object and never a path; it may use only the containers and codecs of
`formats.py`, and may open nothing else.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from typing import BinaryIO, Final, TypeAlias

import av
import av.error
from av.codec.context import ThreadType
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard, Disposition
from av.video.stream import VideoStream

from vau_agent.errors import VideoError
from vau_agent.tools.video.budgets import PictureLimits
from vau_agent.tools.video.formats import (
    CODECS,
    DECODERS,
    FORMAT_ALLOWLIST,
    FORMATS,
    looks_like_script,
)
from vau_agent.tools.video.refusals import refusal

VideoPacket: TypeAlias = "Packet[VideoStream]"

THREAD_TYPE: Final = ThreadType.SLICE

_HEAD_BYTES: Final = 4096
_LIBRARY_MAX_STREAMS: Final = 1000
_PADDING: Final = 128
_BUFFER_BYTES: Final = 1 << 18
_READ_ERRORS: Final = 64
"""Packets in a row that may fail to read before the rest of a file is given up."""
_BACK_OFF_SECONDS: Final = (0, 1, 2, 4, 8, 16, 32, 64)


class Demuxer:
    """One open container and its best video stream."""

    def __init__(self, file: BinaryIO, *, name: str, limits: PictureLimits) -> None:
        self._file = file
        self._name = name
        self._limits = limits
        self._container = self._open()
        self._can_seek = True
        self.skipped_streams = 0
        """Further video streams that are not read."""
        self.read_errors = 0
        self.stream = self._choose()

    @property
    def container(self) -> InputContainer:
        """The open container; replaced by `rewind`."""
        return self._container

    @property
    def time_base(self) -> Fraction:
        """Seconds per tick of the stream."""
        return self.stream.time_base or Fraction(1, 1000)

    def packets(self) -> Iterator[VideoPacket]:
        """Give the packets of the stream from here on, stepping over those that cannot be read."""
        failed = 0
        while failed < _READ_ERRORS:
            try:
                for packet in self._container.demux(self.stream):
                    failed = 0
                    if packet.size:
                        yield packet
                return
            except IndexError:
                return  # PyAV's end of a file in which a stream appeared while it was read
            except av.error.MemoryError as error:
                raise refusal("over-budget", self._name) from error
            except av.error.FFmpegError:
                self.read_errors += 1
                failed += 1

    def rewind(self) -> None:
        """Go back to the first packet by opening the container again."""
        self._container.close()
        self._container = self._open()
        self.stream = self._choose()

    def read_on_to_key(self, pts: int) -> Iterator[VideoPacket] | None:
        """Read on to a keyframe that lies ahead; `None` when it does not turn up."""
        return _until_key(self.packets(), pts)

    def packets_from_key(self, pts: int, dts: int) -> Iterator[VideoPacket]:
        """Seek to one keyframe, found by its presentation time, and give the packets from there.

        Empty when the keyframe does not turn up even when read from the beginning.
        """
        for back in _BACK_OFF_SECONDS if self._can_seek else ():
            found = self._sought(pts, dts - round(back / self.time_base), last=dts)
            if found is not None:
                return found
        self._can_seek = False
        self.rewind()
        return _until_key(self.packets(), pts) or iter(())

    def close(self) -> None:
        """Close the container, not the file."""
        self._container.close()

    def _sought(self, pts: int, target: int, *, last: int) -> Iterator[VideoPacket] | None:
        try:
            self._container.seek(target, stream=self.stream)
        except av.error.FFmpegError:
            return None
        return _until_key(self.packets(), pts, last_dts=last)

    def _open(self) -> InputContainer:
        self._file.seek(0)
        head = self._file.read(_HEAD_BYTES)
        self._file.seek(0)
        if looks_like_script(head):
            raise refusal("format-not-allowed", self._name)
        try:
            container = av.open(
                self._file,
                mode="r",
                options=self._options(),
                buffer_size=_BUFFER_BYTES,
                metadata_errors="replace",
            )
        except av.error.FFmpegError as error:
            raise self._open_refusal(error, head) from error
        if container.format.name.split(",")[0] not in FORMATS:
            container.close()
            raise refusal("format-not-allowed", self._name)
        return container

    def _options(self) -> dict[str, str]:
        limits = self._limits
        return {
            "format_whitelist": FORMAT_ALLOWLIST,
            "codec_whitelist": ",".join(sorted(DECODERS)),
            "protocol_whitelist": "",
            "max_pixels": str(_max_pixels(limits)),
            "max_streams": str(max(limits.max_streams + 1, _LIBRARY_MAX_STREAMS)),
            "threads": "1",
        }

    def _open_refusal(self, error: av.error.FFmpegError, head: bytes) -> VideoError:
        if isinstance(error, av.error.MemoryError):
            return refusal("over-budget", self._name)
        if isinstance(error, av.error.ArgumentError):
            return refusal("format-not-allowed", self._name)
        if head[4:8] == b"ftyp":
            return refusal("truncated", self._name, detail="its index is missing or damaged")
        return refusal("not-a-video", self._name)

    def _choose(self) -> VideoStream:
        videos = [
            stream
            for stream in self._container.streams.video
            if not stream.disposition & (Disposition.attached_pic | Disposition.timed_thumbnails)
        ]
        if len(self._container.streams) > self._limits.max_streams:
            raise refusal("too-many-streams", self._name)
        if not videos:
            raise refusal("no-video-stream", self._name)
        known = [one for one in videos if one.codec_context and codec_name(one) in CODECS]
        if not known:
            raise refusal("codec-not-allowed", self._name)
        best = max(known, key=_rank)
        self.skipped_streams = len(videos) - 1
        for stream in self._container.streams:
            if stream is not best:
                stream.discard = Discard.all
        context = best.codec_context
        check_size(context.width, context.height, name=self._name, limits=self._limits)
        context.options = {"max_pixels": str(_max_pixels(self._limits))}
        context.thread_type = THREAD_TYPE
        context.thread_count = 1
        return best


def check_size(width: int, height: int, *, name: str, limits: PictureLimits) -> None:
    """Refuse pictures larger than allowed, lying or standing.

    Raises:
        VideoOpenError: `frame-too-large`.
    """
    largest = sorted((limits.max_width, limits.max_height))
    if any(side > most for side, most in zip(sorted((width, height)), largest, strict=True)):
        raise refusal("frame-too-large", name, detail=f"{width}x{height}")


def _max_pixels(limits: PictureLimits) -> int:
    """Give the library's own limit: ours, and room for the padding that it counts."""
    return (limits.max_width + _PADDING) * (limits.max_height + _PADDING)


def codec_name(stream: VideoStream) -> str:
    """Name the compression, whichever decoder reads it."""
    return stream.codec_context.codec.canonical_name


def _rank(stream: VideoStream) -> tuple[bool, int, int]:
    is_default = bool(stream.disposition & Disposition.default)
    return is_default, stream.codec_context.width * stream.codec_context.height, -stream.index


def _until_key(
    packets: Iterator[VideoPacket], pts: int, *, last_dts: int | None = None
) -> Iterator[VideoPacket] | None:
    for packet in packets:
        if packet.is_keyframe and packet_pts(packet) == pts:
            return chain((packet,), packets)
        if last_dts is not None and packet.dts is not None and packet.dts > last_dts:
            return None
    return None


def packet_pts(packet: VideoPacket) -> int | None:
    """Give when a packet's picture is shown; its decoding time where the container says no more."""
    return packet.dts if packet.pts is None else packet.pts
