"""Where and when, for tools: checks on what was asked, and places of the picture in words."""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from vau_agent.errors import ToolArgumentError
from vau_agent.schemas import Box, Segment

_EDGE: Final = 0.08
"""What lies closer to a border than this share of the picture is at its edge."""

_THIRDS: Final = (0.36, 0.64)
_ROWS: Final = ("upper", "middle", "lower")
_COLUMNS: Final = ("left", "middle", "right")
_MOMENT_SECONDS: Final = 1.0
"""A single moment stands for this long where a span is wanted."""


class Region(BaseModel):
    """A part of the picture, as a policy names it: shares of its width and height."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    x: float = Field(default=0.0, ge=0, lt=1)
    y: float = Field(default=0.0, ge=0, lt=1)
    width: float = Field(default=1.0, gt=0, le=1)
    height: float = Field(default=1.0, gt=0, le=1)

    @property
    def box(self) -> Box:
        """The part of it that lies in the picture."""
        return Box(
            x=self.x,
            y=self.y,
            width=min(self.width, 1 - self.x),
            height=min(self.height, 1 - self.y),
        )

    @property
    def is_whole(self) -> bool:
        """Whether it is all of the picture."""
        return self.box == WHOLE


WHOLE: Final = Box(x=0, y=0, width=1, height=1)


def check_moment(tool: str, name: str, seconds: float, duration_s: float) -> float:
    """Give back a time that lies in the video.

    Raises:
        ToolArgumentError: It lies past the end.
    """
    if seconds >= duration_s:
        raise ToolArgumentError(
            f"{tool}: {name} is {seconds:g}, but the video ends at {duration_s:.1f} s"
        )
    return seconds


def check_span(
    tool: str,
    start_s: float,
    end_s: float,
    duration_s: float,
    *,
    longest: float,
    shortest: float = 0.0,
) -> Segment:
    """Give a span that lies in the video; one that is too short is widened.

    Raises:
        ToolArgumentError: It lies past the end, ends before it starts, or is too long.
    """
    check_moment(tool, "start_s", start_s, duration_s)
    if end_s <= start_s:
        raise ToolArgumentError(
            f"{tool}: end_s is {end_s:g}, which is not after start_s {start_s:g}"
        )
    end = min(max(end_s, start_s + shortest), duration_s)
    start = max(0.0, min(start_s, end - shortest))
    if end - start > longest:
        raise ToolArgumentError(
            f"{tool}: {start_s:g}-{end_s:g} s is longer than {longest:g} s; ask for a part of it"
        )
    return Segment(start=start, end=end)


def moment_span(seconds: float, duration_s: float) -> Segment:
    """Give the second around a moment, as far as the video goes."""
    start = max(0.0, min(seconds - _MOMENT_SECONDS / 2, duration_s - _MOMENT_SECONDS))
    return Segment(start=start, end=min(start + _MOMENT_SECONDS, duration_s))


def place_words(x: float, y: float) -> str:
    """Name a point of the picture, given as shares from the upper left."""
    edges = (("left", x), ("right", 1 - x), ("upper", y), ("lower", 1 - y))
    nearest, distance = min(edges, key=lambda edge: edge[1])
    if distance < _EDGE:
        return f"the {nearest} edge"
    row, column = _ROWS[_third(y)], _COLUMNS[_third(x)]
    if row == column:
        return "the middle"
    return f"the {column}" if row == "middle" else f"the {row} {column}"


def centre_words(box: Box) -> str:
    """Name the middle of a region."""
    return place_words(box.x + box.width / 2, box.y + box.height / 2)


def box_words(box: Box) -> str:
    """Give a region as the numbers by which a tool can be asked for it."""
    return f"x {box.x:.2f} y {box.y:.2f} width {box.width:.2f} height {box.height:.2f}"


def _third(share: float) -> int:
    low, high = _THIRDS
    return int(share >= low) + int(share > high)
