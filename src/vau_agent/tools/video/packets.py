"""What one pass over the packets of a stream finds, kept small: a long video has a million.

Numbers grow in typed arrays while packets are read and are put in presentation order once; per
picture remain 8 bytes of time, 4 of size and one bit that marks keyframes.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vau_agent.tools.video.base import PacketIndex
from vau_agent.tools.video.demux import Demuxer
from vau_agent.tools.video.timeline import Ticks, Timeline


@dataclass(frozen=True, kw_only=True, slots=True)
class Packets:
    """The packets of one stream in presentation order."""

    timeline: Timeline
    sizes: NDArray[np.int32]
    key_bits: NDArray[np.uint8]
    """One bit a picture, eight to a byte."""
    count: int
    """All packets, also those that an edit list decodes and does not show."""

    def index(self) -> PacketIndex:
        """Give what callers of a reader are told."""
        timeline = self.timeline
        keys = np.unpackbits(self.key_bits, count=len(timeline.pts))
        return PacketIndex(
            timestamps=timeline.all_seconds(),
            pts=timeline.pts,
            sizes=self.sizes.astype(np.int64),
            keys=keys.view(np.bool_),
            time_base=timeline.time_base,
        )


@dataclass(kw_only=True, slots=True)
class _Found:
    """The packets in the order of the file."""

    pts: array[int] = field(default_factory=lambda: array("q"))
    sizes: array[int] = field(default_factory=lambda: array("i"))
    is_key: bytearray = field(default_factory=bytearray)
    key_pts: array[int] = field(default_factory=lambda: array("q"))
    key_dts: array[int] = field(default_factory=lambda: array("q"))
    count: int = 0
    last_duration: int = 0


def read_packets(demuxer: Demuxer) -> Packets | None:
    """Read every packet of the stream without decoding; `None` when no picture has a time."""
    found = _collect(demuxer)
    if not found.pts:
        return None
    pts, order = _sorted(found.pts)
    found.pts = array("q")
    key_pts, key_order = _sorted(found.key_pts)
    return Packets(
        timeline=Timeline(
            pts=pts,
            key_pts=key_pts,
            key_dts=np.asarray(found.key_dts, dtype=np.int64)[key_order],
            time_base=demuxer.time_base,
            end_pts=int(pts[-1]) + max(found.last_duration or _usual_gap(pts), 1),
        ),
        sizes=np.asarray(found.sizes, dtype=np.int32)[order],
        key_bits=np.packbits(np.frombuffer(found.is_key, dtype=np.uint8)[order]),
        count=found.count,
    )


def _collect(demuxer: Demuxer) -> _Found:
    """Note what matters of each packet; a million times for a long video, so kept to a minimum."""
    found = _Found()
    latest: int | None = None
    for packet in demuxer.packets():
        found.count += 1
        pts, dts, is_key = packet.pts, packet.dts, packet.is_keyframe
        if pts is None:
            pts = dts
            if pts is None:
                continue
        if is_key:
            found.key_pts.append(pts)
            found.key_dts.append(pts if dts is None else dts)
        if packet.is_discard:
            continue
        found.pts.append(pts)
        found.sizes.append(packet.size)
        found.is_key.append(is_key)
        if latest is None or pts > latest:
            latest = pts
            found.last_duration = packet.duration or 0
    return found


def _sorted(found: array[int]) -> tuple[Ticks, NDArray[np.intp]]:
    ticks = np.asarray(found, dtype=np.int64)
    order = np.argsort(ticks, kind="stable")
    return ticks[order], order


def _usual_gap(pts: Ticks) -> int:
    gaps = np.diff(pts)
    if not len(gaps):
        return 0
    middle = len(gaps) // 2
    gaps.partition(middle)
    return int(gaps[middle])
