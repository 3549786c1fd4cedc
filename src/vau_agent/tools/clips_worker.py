"""The copying child: demuxes a span of an untrusted file and muxes it again, decoding nothing.

Started by `clips.py` as `python -m vau_agent.tools.clips_worker FD BUDGET REQUEST`, with the
same limits as the decoding child. It may write no file: the copy is built in memory and leaves
through standard output (see `video/wire.py`), after it was read back and compared.
"""

import hashlib
import io
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from itertools import chain
from typing import BinaryIO, Final, TypeAlias

import av
import av.error
from av.audio.stream import AudioStream
from av.packet import Packet
from av.stream import Discard, Stream
from av.video.stream import VideoStream

from vau_agent.errors import VideoError
from vau_agent.tools.video.budgets import Budget, PictureLimits
from vau_agent.tools.video.demux import Demuxer
from vau_agent.tools.video.refusals import refusal
from vau_agent.tools.video.wire import send
from vau_agent.tools.video.worker import give_up_powers, set_limits

_MUXERS: Final = {"mov": ("mp4", "matroska"), "mpegts": ("mpegts", "matroska")}
"""By first name of the demuxer, the likest container first; Matroska holds everything else."""
SUFFIXES: Final = {"mp4": ".mp4", "mpegts": ".ts", "matroska": ".mkv"}
_BACK_OFF_SECONDS: Final = (1, 4, 16, 64)
_SLACK_SECONDS: Final = 1.0
"""How much later than its picture a container may store sound."""

AnyPacket: TypeAlias = "Packet[VideoStream] | Packet[Stream]"


@dataclass(frozen=True, kw_only=True, slots=True)
class CopyRequest:
    """What to copy, in ticks of the video stream."""

    name: str
    """The file as the person gave it, for messages."""
    start_pts: int
    """Of the keyframe to begin with."""
    end_pts: int
    audio: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class CopyMade:
    """What a copy holds; its bytes follow."""

    muxer: str
    frames: int
    end_pts: int
    """Source tick at which the last picture ends."""
    first_s: float
    """Time of the first picture inside the copy."""
    audio: bool
    identical: bool
    """Every picture's compressed data was read back and is the source's, byte for byte."""
    dropped: int
    """Pictures left out at the start because they need what lies before it."""


@dataclass(kw_only=True, slots=True)
class _Copied:
    """What went into the copy."""

    digests: list[bytes] = field(default_factory=list)
    end_pts: int = 0
    dropped: int = 0


def main() -> None:
    """Make one copy and send it."""
    answers = os.dup(1)
    os.dup2(2, 1)
    budget = Budget(**json.loads(sys.argv[2]))
    request = CopyRequest(**json.loads(sys.argv[3]))
    file = int(sys.argv[1])
    give_up_powers()
    set_limits(budget)
    with os.fdopen(file, "rb", buffering=0) as source:
        try:
            made, copy = make_copy(source, request, budget)
        except VideoError as error:
            send(answers, {"refused": error.kind})
        except MemoryError:
            send(answers, {"refused": "over-budget"})
        else:
            send(answers, {"made": asdict(made)}, copy.getbuffer())


def make_copy(
    source: BinaryIO, request: CopyRequest, limits: PictureLimits
) -> tuple[CopyMade, io.BytesIO]:
    """Copy into the likest container that takes the data unchanged, else into any that takes it.

    Raises:
        VideoError: No container takes it, or the span cannot be found.
    """
    second: tuple[CopyMade, io.BytesIO] | None = None
    for audio in (True, False) if request.audio else (False,):
        for muxer in _muxers(source, request, limits):
            try:
                made, copy = _copy(source, request, limits, muxer=muxer, audio=audio)
            except (av.error.FFmpegError, ValueError):
                continue
            if made.identical:
                return made, copy
            second = second or (made, copy)
        if second is not None:
            return second
    raise refusal("codec-not-allowed", request.name)


def _muxers(source: BinaryIO, request: CopyRequest, limits: PictureLimits) -> tuple[str, ...]:
    demuxer = Demuxer(source, name=request.name, limits=limits)
    family = demuxer.container.format.name.split(",")[0]
    demuxer.close()
    return _MUXERS.get(family, ("matroska",))


def _copy(
    source: BinaryIO, request: CopyRequest, limits: PictureLimits, *, muxer: str, audio: bool
) -> tuple[CopyMade, io.BytesIO]:
    demuxer = Demuxer(source, name=request.name, limits=limits)
    copy = io.BytesIO()
    try:
        span = _Span(demuxer, request, audio=audio)
        with av.open(copy, "w", format=muxer, options={"fflags": "+bitexact"}) as output:
            copied = span.write(output)
        has_audio = span.has_audio
    finally:
        demuxer.close()
    copy.seek(0)
    digests, first_s = _read_back(copy, request, limits)
    made = CopyMade(
        muxer=muxer,
        frames=len(copied.digests),
        end_pts=copied.end_pts,
        first_s=first_s,
        audio=has_audio,
        identical=digests == copied.digests,
        dropped=copied.dropped,
    )
    return made, copy


class _Span:
    """The packets of one span of an open file."""

    def __init__(self, demuxer: Demuxer, request: CopyRequest, *, audio: bool) -> None:
        self._demuxer = demuxer
        self._request = request
        self._wants_audio = audio
        self.has_audio = False

    def write(self, output: av.container.OutputContainer) -> _Copied:
        """Mux the span so that its first picture has time zero."""
        packets = self._packets()
        video, audio = self._demuxer.stream, self._audio()
        targets: dict[int, Stream] = {
            video.index: output.add_stream_from_template(video, opaque=True)
        }
        if audio is not None:
            targets[audio.index] = output.add_stream_from_template(audio, opaque=True)
        copied = _Copied()
        zero = self._request.start_pts * self._demuxer.time_base
        for packet in packets:
            pts = _pts(packet)
            if pts is None or packet.time_base is None:
                continue
            is_video = packet.stream_index == video.index
            if is_video and pts < self._request.start_pts:
                copied.dropped += 1
                continue
            if is_video:
                copied.digests.append(hashlib.sha256(packet).digest())
                copied.end_pts = max(copied.end_pts, pts + (packet.duration or 0))
            else:
                self.has_audio = True
            shift = round(zero / packet.time_base)
            packet.pts = pts - shift
            packet.dts = None if packet.dts is None else packet.dts - shift
            packet.stream = targets[packet.stream_index]
            output.mux(packet)
        return copied

    def _packets(self) -> Iterator[AnyPacket]:
        demuxer = self._demuxer
        for back in _BACK_OFF_SECONDS:
            target = self._request.start_pts - round(back / demuxer.time_base)
            try:
                demuxer.container.seek(target, stream=demuxer.stream)
            except av.error.FFmpegError:
                break
            found = self._from_key(is_sought=True)
            if found is not None:
                return found
        demuxer.rewind()
        found = self._from_key(is_sought=False)
        if found is None:
            raise refusal("truncated", self._request.name)
        return found

    def _from_key(self, *, is_sought: bool) -> Iterator[AnyPacket] | None:
        """Read on to the first keyframe of the span, keeping the sound that belongs to it."""
        sound: list[AnyPacket] = []
        packets = self._demux()
        for packet in packets:
            if packet.stream_index != self._demuxer.stream.index:
                if self._is_inside(packet):
                    sound.append(packet)
                continue
            if packet.is_keyframe and _pts(packet) == self._request.start_pts:
                return chain(sound, (packet,), self._until_end(packets))
            late = packet.dts is not None and packet.dts > self._request.start_pts
            if is_sought and late:
                return None
        return None

    def _until_end(self, packets: Iterator[AnyPacket]) -> Iterator[AnyPacket]:
        """Go on in decoding order: whatever a picture before the end needs comes before it."""
        slack = round(_SLACK_SECONDS / self._demuxer.time_base)
        for packet in packets:
            if packet.stream_index != self._demuxer.stream.index:
                if self._is_inside(packet):
                    yield packet
                continue
            decoded_at = _pts(packet) if packet.dts is None else packet.dts
            if decoded_at is None or decoded_at < self._request.end_pts:
                yield packet
            elif decoded_at >= self._request.end_pts + slack:
                return

    def _is_inside(self, packet: AnyPacket) -> bool:
        if packet.pts is None or packet.time_base is None:
            return False
        base = self._demuxer.time_base
        start, end = self._request.start_pts * base, self._request.end_pts * base
        return start <= packet.pts * packet.time_base < end

    def _demux(self) -> Iterator[AnyPacket]:
        audio = self._audio()
        if audio is None:
            yield from self._demuxer.packets()
            return
        audio.discard = Discard.default
        streams = (self._demuxer.stream, audio)
        try:
            yield from (packet for packet in self._demuxer.container.demux(*streams) if packet.size)
        except IndexError:
            return  # as in Demuxer.packets

    def _audio(self) -> AudioStream | None:
        streams = self._demuxer.container.streams.audio if self._wants_audio else ()
        return next((one for one in streams if one.codec_context is not None), None)


def _pts(packet: AnyPacket) -> int | None:
    """Give when a packet is shown; its decoding time where the container says no more."""
    return packet.dts if packet.pts is None else packet.pts


def _read_back(
    copy: BinaryIO, request: CopyRequest, limits: PictureLimits
) -> tuple[list[bytes], float]:
    """Give the digest of every picture's data in a copy, and the time of its first picture."""
    demuxer = Demuxer(copy, name=request.name, limits=limits)
    begins = Fraction(demuxer.container.start_time or 0, av.time_base)
    digests: list[bytes] = []
    first: int | None = None
    for packet in demuxer.packets():
        digests.append(hashlib.sha256(packet).digest())
        pts = _pts(packet)
        if pts is not None and (first is None or pts < first):
            first = pts
    first_s = float((first or 0) * demuxer.time_base - begins)
    demuxer.close()
    return digests, round(max(0.0, first_s), 6)


if __name__ == "__main__":
    main()
