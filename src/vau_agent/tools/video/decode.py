"""Decoding no more than the wanted pictures need.

Packets are read from the keyframe before a wanted picture; pictures that neither are wanted nor
serve others are skipped inside the decoder, and what follows the last wanted picture of a group
is not decoded at all.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

import av.error
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from vau_agent.tools.video.demux import Demuxer, VideoPacket, packet_pts
from vau_agent.tools.video.refusals import refusal
from vau_agent.tools.video.timeline import Ticks, Timeline

_SEEK_FROM_PACKETS: Final = 300
"""Reading on is cheaper than seeking over fewer packets than this."""
_DRAIN_TRIES: Final = 64
"""Pictures a decoder may hold back and fail on when it is drained."""


@dataclass(kw_only=True, slots=True)
class Damage:
    """What went wrong while decoding, over the life of a reader."""

    fed: int = 0
    failed: int = 0

    @property
    def share(self) -> float:
        """Share of the packets that did not decode."""
        return self.failed / self.fed if self.fed else 0.0


class Decoder:
    """Gives wanted pictures of one stream in time order."""

    def __init__(
        self, demuxer: Demuxer, timeline: Timeline, *, name: str, alive: Callable[[], None]
    ) -> None:
        self._demuxer = demuxer
        self._timeline = timeline
        self._name = name
        self._alive = alive
        self.damage = Damage()

    def keyframes(self) -> Iterator[VideoFrame]:
        """Decode keyframes only."""
        self._demuxer.rewind()
        self._skip("NONKEY")
        for packet in self._demuxer.packets():
            if packet.is_keyframe:
                yield from self._feed(packet)
        yield from self._drain()

    def pick(self, wanted: Ticks) -> Iterator[tuple[int, VideoFrame]]:
        """Decode the wanted pictures; `wanted` ascends and comes from the timeline.

        In place of a picture that does not decode comes the one shown before it, or the next
        one when there is none before.

        Yields:
            Each wanted tick with its picture.
        """
        due = 0
        previous: VideoFrame | None = None
        for frame in self._run(wanted):
            if frame.pts is None:
                continue
            while due < len(wanted) and wanted[due] <= frame.pts:
                is_late = previous is not None and wanted[due] < frame.pts
                yield int(wanted[due]), previous if is_late and previous else frame
                due += 1
            previous = frame
        for tick in wanted[due:]:
            if previous is not None:
                yield int(tick), previous

    def _run(self, wanted: Ticks) -> Iterator[VideoFrame]:
        """Feed what the wanted pictures need, group by group."""
        queue = _Queue(wanted, self._timeline)
        position: int | None = None
        while queue.is_open:
            packets = self._packets_from(queue.next_key, position=position)
            queue.restart()
            for packet in packets:
                position = packet_pts(packet)
                if queue.is_beyond(packet):
                    break
                self._skip("DEFAULT" if queue.take(packet) else "NONREF")
                yield from self._feed(packet)
                if not queue.is_open:
                    break
            else:
                queue.close()
            yield from self._drain()

    def _packets_from(self, key: int, *, position: int | None) -> Iterator[VideoPacket]:
        """Read on, seek or start over, whichever reaches a keyframe at the least cost."""
        timeline = self._timeline
        if key < 0:
            self._demuxer.rewind()
            return self._demuxer.packets()
        pts, dts = int(timeline.key_pts[key]), int(timeline.key_dts[key])
        is_near = (
            position is not None
            and position < pts
            and timeline.packets_between(position, pts) <= _SEEK_FROM_PACKETS
        )
        found = self._demuxer.read_on_to_key(pts) if is_near else None
        return found or self._demuxer.packets_from_key(pts, dts)

    def _feed(self, packet: VideoPacket) -> list[VideoFrame]:
        self.damage.fed += 1
        self._alive()
        try:
            return self._context.decode(packet)
        except av.error.MemoryError as error:
            raise refusal("over-budget", self._name) from error
        except av.error.FFmpegError:
            self.damage.failed += 1
            return []

    def _drain(self) -> Iterator[VideoFrame]:
        """Take what the decoder still holds and make it ready for another place."""
        for _ in range(_DRAIN_TRIES):
            try:
                yield from self._context.decode(None)
            except (EOFError, av.error.EOFError):
                break
            except av.error.FFmpegError:
                self.damage.failed += 1
        self._context.flush_buffers()

    def _skip(self, what: Literal["DEFAULT", "NONREF", "NONKEY"]) -> None:
        if self._context.skip_frame != what:
            self._context.skip_frame = what

    @property
    def _context(self) -> VideoCodecContext:
        return self._demuxer.stream.codec_context


class _Queue:
    """Which wanted pictures have not been fed to the decoder yet."""

    def __init__(self, wanted: Ticks, timeline: Timeline) -> None:
        self._wanted = wanted
        self._timeline = timeline
        self._low = 0
        self._ahead: set[int] = set()
        self._key = -1

    @property
    def is_open(self) -> bool:
        """Whether a wanted picture is still to be fed."""
        return self._low < len(self._wanted)

    @property
    def next_key(self) -> int:
        """The keyframe that the next wanted picture needs."""
        return self._timeline.key_before(int(self._wanted[self._low]))

    def restart(self) -> None:
        """Start at the keyframe of the next wanted picture."""
        self._key = self.next_key

    def is_beyond(self, packet: VideoPacket) -> bool:
        """Tell whether this packet and others up to the next wanted group can be left out."""
        if self.next_key <= self._key:
            return False
        return packet_pts(packet) != int(self._timeline.key_pts[self.next_key])

    def take(self, packet: VideoPacket) -> bool:
        """Note a packet as fed and tell whether its picture is wanted."""
        pts = packet_pts(packet)
        if pts is None:
            return True
        if packet.is_keyframe:
            self._enter_group(self._timeline.key_before(pts))
        index = int(np.searchsorted(self._wanted, pts))
        is_wanted = index < len(self._wanted) and int(self._wanted[index]) == pts
        if is_wanted and index >= self._low:
            self._ahead.add(index)
            self._advance()
        return is_wanted

    def close(self) -> None:
        """Give up what has not come: the packets ended."""
        self._low = len(self._wanted)

    def _enter_group(self, key: int) -> None:
        self._key = max(self._key, key)
        if key < 1:
            return
        # Two groups on, a picture that has not come will not: its packet is damaged or gone.
        passed = int(np.searchsorted(self._wanted, int(self._timeline.key_pts[key - 1])))
        self._ahead.update(range(self._low, passed))
        self._advance()

    def _advance(self) -> None:
        while self._low in self._ahead:
            self._ahead.discard(self._low)
            self._low += 1
