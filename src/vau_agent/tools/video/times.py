"""Checks on the times a caller asks for."""

from collections.abc import Sequence

from vau_agent.errors import SegmentOutOfRangeError


def check_times(timestamps: Sequence[float], *, duration: float, name: str) -> None:
    """Refuse times that lie outside a video.

    Raises:
        SegmentOutOfRangeError: A time is negative, past the end, or not a number.
    """
    for timestamp in timestamps:
        if not 0 <= timestamp <= duration:
            raise SegmentOutOfRangeError(
                f"{timestamp} s lies outside {name!r}; give a time from 0 to {duration:.3f}"
            )
