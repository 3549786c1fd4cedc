"""What one file may cost, worked out from the settings, its size and what its pictures take.

Plain values, so that the decoding child starts without the settings' libraries.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from vau_agent.settings import VideoLimits

MIB: Final = 1 << 20

_SMALL_PICTURE: Final = 256 * 256
"""Pixels below which a picture costs no less."""


class PictureLimits(Protocol):
    """The limits that a reader itself keeps to; both `VideoLimits` and `Budget` have them."""

    @property
    def max_width(self) -> int:
        """Pixels."""

    @property
    def max_height(self) -> int:
        """Pixels."""

    @property
    def max_streams(self) -> int:
        """Streams of one file."""

    @property
    def max_fps(self) -> float:
        """Frames a second that are decoded; denser streams are sampled."""

    @property
    def max_damaged_share(self) -> float:
        """Share of packets that may fail to decode."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """The limits of one file; see `VideoLimits` for what each means."""

    max_width: int
    max_height: int
    max_streams: int
    max_fps: float
    max_damaged_share: float
    memory_bytes: int
    """Address space of the child."""
    silent_seconds: float
    """Wall time without a sign of life, not counting the caller's own."""
    file_cpu_seconds: float
    """Processor time that a request which decodes nothing may take."""
    cpu_seconds_per_gigapixel: float
    wall_per_cpu_second: float
    life_cpu_seconds: float
    """Processor time one child may take over its life."""

    def cpu_seconds(self, *, pictures: int, area: int) -> float:
        """Give the processor time one request may take: as if it decoded the whole video."""
        gigapixels = pictures * max(area, _SMALL_PICTURE) / 1e9
        return self.file_cpu_seconds + self.cpu_seconds_per_gigapixel * gigapixels

    def wall_seconds(self, *, cpu_seconds: float) -> float:
        """Give the wall time a request may take that may take this much processor time."""
        return self.silent_seconds + self.wall_per_cpu_second * cpu_seconds


def budget_for(limits: VideoLimits, *, file_bytes: int) -> Budget:
    """Work out what a file of this size may cost."""
    file_cpu_seconds = limits.base_cpu_seconds + limits.cpu_seconds_per_mb * file_bytes / MIB
    return Budget(
        max_width=limits.max_width,
        max_height=limits.max_height,
        max_streams=limits.max_streams,
        max_fps=limits.max_fps,
        max_damaged_share=limits.max_damaged_share,
        memory_bytes=limits.child_memory_mb * MIB,
        silent_seconds=limits.base_wall_seconds,
        file_cpu_seconds=file_cpu_seconds,
        cpu_seconds_per_gigapixel=limits.cpu_seconds_per_gigapixel,
        wall_per_cpu_second=limits.wall_per_cpu_second,
        life_cpu_seconds=limits.requests_per_child * file_cpu_seconds,
    )
