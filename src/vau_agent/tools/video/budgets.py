"""What one file may cost, worked out from the settings and the size of the file.

Plain values, so that the decoding child starts without the settings' libraries.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from vau_agent.settings import VideoLimits

MIB: Final = 1 << 20


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
    wall_seconds: float
    """Time one request may take, not counting the caller's own."""
    cpu_seconds: float
    """Processor time one child may spend over its life."""


def budget_for(limits: VideoLimits, *, file_bytes: int) -> Budget:
    """Work out what a file of this size may cost."""
    mib = file_bytes / MIB
    return Budget(
        max_width=limits.max_width,
        max_height=limits.max_height,
        max_streams=limits.max_streams,
        max_fps=limits.max_fps,
        max_damaged_share=limits.max_damaged_share,
        memory_bytes=limits.child_memory_mb * MIB,
        wall_seconds=limits.base_wall_seconds + limits.wall_seconds_per_mb * mib,
        cpu_seconds=limits.base_cpu_seconds + limits.cpu_seconds_per_mb * mib,
    )
