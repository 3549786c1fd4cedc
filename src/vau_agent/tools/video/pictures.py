"""Decoded pictures as arrays: scaled once, by the library, and turned the right way up."""

from typing import Final

import numpy as np
from av.video.frame import VideoFrame

from vau_agent.tools.video.base import Image

_QUARTER: Final = 90


def quarter_turns(frame: VideoFrame) -> int:
    """Give how many quarter turns anticlockwise show the picture upright, 0 to 3.

    A camera held at any other angle is shown as recorded.
    """
    turns, rest = divmod(frame.rotation, _QUARTER)
    return turns % 4 if rest == 0 else 0


def scaled_size(width: int, height: int, longest_side: int | None) -> tuple[int, int]:
    """Shrink a size to a longest side; never enlarge it, never below one pixel."""
    longest = max(width, height)
    if longest_side is None or longest <= longest_side:
        return width, height
    return (
        max(1, round(width * longest_side / longest)),
        max(1, round(height * longest_side / longest)),
    )


def to_image(frame: VideoFrame, *, longest_side: int | None) -> Image:
    """Convert a decoded picture straight to its final size, then turn it upright."""
    width, height = scaled_size(frame.width, frame.height, longest_side)
    small = frame.reformat(
        width=width, height=height, format="rgb24", interpolation="AREA", threads=1
    )
    plane = small.planes[0]
    rows = np.frombuffer(memoryview(plane), dtype=np.uint8).reshape(height, plane.line_size)
    image = rows[:, : width * 3].reshape(height, width, 3)
    return np.ascontiguousarray(np.rot90(image, quarter_turns(frame)))
