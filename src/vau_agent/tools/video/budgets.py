"""What a file of a given size may cost."""

from typing import Final

from vau_agent.settings import VideoLimits

MIB: Final = 1 << 20


def wall_budget(limits: VideoLimits, *, file_bytes: int) -> float:
    """Seconds that the child may take over one request, not counting the caller's own time."""
    return limits.base_wall_seconds + limits.wall_seconds_per_mb * file_bytes / MIB


def cpu_budget(limits: VideoLimits, *, file_bytes: int) -> float:
    """Processor seconds that one child may spend over its life."""
    return limits.base_cpu_seconds + limits.cpu_seconds_per_mb * file_bytes / MIB
