"""Two moments side by side: what is new, what is gone, what may have moved.

Light and the camera's own movement are taken away first (see `cues.change`). It compares two
pictures and nothing between them: whoever walks by is new in one and gone in the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from vau_agent.errors import ToolArgumentError, ToolExecutionError, VideoDecodeError
from vau_agent.schemas import Box, Evidence, Measurement, Segment, ToolCall, ToolResult
from vau_agent.settings import TriageSettings
from vau_agent.tools.base import KeepFrames, parse_arguments
from vau_agent.tools.cues.background import find_things
from vau_agent.tools.cues.change import Change, ChangeDetector
from vau_agent.tools.cues.grid import CELL, Mask, box_sum, dilate, to_luma
from vau_agent.tools.places import WHOLE, Region, box_words, centre_words, check_moment
from vau_agent.tools.video.base import Image, VideoReader
from vau_agent.tools.zoom import VIEW_LONGEST_SIDE

_DIFFERENCE: Final = 8.0
"""Grey levels by which a cell must differ once light is taken away; coding noise stays below."""

_SOLID: Final = 4
"""Changed cells in a neighbourhood of nine before one of them is believed."""

_STRUCTURE: Final = 1.2
"""Times the edges that a place must have in one picture to be said to hold something there."""

_ALIKE_LEVELS: Final = 25.0
"""Mean colours closer than this, in levels of any channel, may be one thing."""

_ALIKE_SIZE: Final = 1.8
"""Sizes within this ratio may be one thing."""

_BRIGHTER_LEVELS: Final = 8.0
_FEWEST_CELLS: Final = 16
"""A smaller region is nothing but the borders of what is in it."""

_MOST_TOLD: Final = 6
"""Changes told in words, largest first."""

Kind = Literal["new", "gone", "changed"]


class CompareArguments(Region):
    """Which two moments, and which part of the picture."""

    before_s: float = Field(ge=0, allow_inf_nan=False)
    after_s: float = Field(gt=0, allow_inf_nan=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One part of the picture that differs."""

    kind: Kind
    box: Box
    share: float
    """Of the region that is compared."""
    colour: NDArray[np.float32]
    """Mean colour of what stands there: after for what is new, before for what is gone."""


class Compare:
    """The tool `compare(before_s, after_s, x, y, width, height)`."""

    name: Final = "compare"
    description: Final = (
        "`compare` with `before_s` and `after_s` (seconds) and, if wanted, `x`, `y`, `width`, "
        "`height` (shares of the picture): what is new, gone or moved between the two moments"
    )
    arguments: Final = CompareArguments

    def __init__(self, settings: TriageSettings) -> None:
        self._settings = settings

    def run(self, call: ToolCall, *, reader: VideoReader, keep_frames: KeepFrames) -> ToolResult:
        """Compare; see `Tool.run`."""
        asked = parse_arguments(call, CompareArguments)
        for name, seconds in (("before_s", asked.before_s), ("after_s", asked.after_s)):
            check_moment(self.name, name, seconds, reader.info.duration_s)
        if asked.after_s <= asked.before_s:
            raise ToolArgumentError(
                f"compare: after_s is {asked.after_s:g}, which is not after before_s "
                f"{asked.before_s:g}"
            )
        times = (asked.before_s, asked.after_s)
        crop = None if asked.is_whole else asked.box
        try:
            small = [
                frame.image for frame in reader.frames_at(times, longest_side=self._side(asked))
            ]
            shown = reader.frames_at(times, longest_side=VIEW_LONGEST_SIDE)
            frames = keep_frames(shown, crop=crop)
        except VideoDecodeError as error:
            raise ToolExecutionError(
                f"compare: the pictures at {times[0]:.1f} and {times[1]:.1f} s could not be "
                f"decoded: {error}"
            ) from error
        window = Segment(start=asked.before_s, end=asked.after_s)
        measurement = Measurement(
            tool=self.name,
            segment=window,
            candidates=(),
            notes=compare_pictures(small[0], small[1], asked.box),
            seeks_events=False,
        )
        return ToolResult(
            call=call,
            evidence=Evidence(window=window, measurements=(measurement,), frames=frames),
        )

    def _side(self, asked: CompareArguments) -> int:
        """Give the size to measure at, so that the region itself is as large as in a zoom."""
        wanted = self._settings.zoom_longest_side / max(asked.box.width, asked.box.height)
        return round(min(wanted, self._settings.crop_longest_side))


def compare_pictures(before: Image, after: Image, region: Box) -> tuple[str, ...]:
    """Say what differs between two pictures of one size, inside a region of them.

    The whole pictures are compared: where a camera has turned to shows in what did not change.
    """
    detector = ChangeDetector()
    detector.step(to_luma(before), 0.0)
    change = detector.step(to_luma(after), 1.0)
    if change is None or change.cut:
        return ("the two pictures show different scenes: nothing in them can be compared",)
    inside = _cells_of(region, change.strength.shape)
    if inside.sum() < _FEWEST_CELLS:
        return ("the region is too small to compare by measurement; look at the two pictures",)
    told = find_differences(before, after, change, inside)
    notes = _circumstances(change)
    if not told:
        return (*notes, "nothing has changed but light and noise")
    share, places = sum(one.share for one in told), len(told)
    notes.append(
        f"{share:.1%} of the {_part(region)} differs, in {places} place{'s'[: places != 1]}"
    )
    notes.extend(_tell(one) for one in told[:_MOST_TOLD])
    if places > _MOST_TOLD:
        notes.append(f"not listed: {places - _MOST_TOLD} smaller")
    notes.extend(_moves(told[:_MOST_TOLD]))
    return tuple(notes)


def find_differences(before: Image, after: Image, change: Change, inside: Mask) -> list[Difference]:
    """Give the parts among the cells `inside` that differ by more than light, largest first."""
    changed = change.strength > _DIFFERENCE
    solid = changed & (box_sum(changed.astype(np.float32), 1) >= _SOLID)
    things = find_things(changed & dilate(solid) & inside)
    found = [_difference(before, after, thing, of=int(inside.sum())) for thing in things]
    return sorted(found, key=lambda one: -one.share)


def _cells_of(region: Box, shape: tuple[int, ...]) -> Mask:
    height, width = shape[0], shape[1]
    inside = np.zeros((height, width), dtype=np.bool_)
    bottom, right = (region.y + region.height) * height, (region.x + region.width) * width
    inside[int(region.y * height) : round(bottom), int(region.x * width) : round(right)] = True
    return inside


def _difference(before: Image, after: Image, thing: Mask, *, of: int) -> Difference:
    rows, columns = np.nonzero(thing)
    top, bottom = int(rows.min()), int(rows.max()) + 1
    left, right = int(columns.min()), int(columns.max()) + 1
    place = (slice(top * CELL, bottom * CELL), slice(left * CELL, right * CELL))
    edges = [_edges(image[place]) for image in (before, after)]
    kind: Kind = "changed"
    if edges[1] > _STRUCTURE * edges[0]:
        kind = "new"
    elif edges[0] > _STRUCTURE * edges[1]:
        kind = "gone"
    covered = np.repeat(np.repeat(thing[top:bottom, left:right], CELL, axis=0), CELL, axis=1)
    picture = before if kind == "gone" else after
    height, width = thing.shape
    return Difference(
        kind=kind,
        box=Box(
            x=left / width,
            y=top / height,
            width=(right - left) / width,
            height=(bottom - top) / height,
        ),
        share=float(thing.sum()) / of,
        colour=picture[place][covered].mean(axis=0).astype(np.float32),
    )


def _edges(image: Image) -> float:
    luma = to_luma(image)
    return float(np.abs(np.diff(luma, axis=0)).mean() + np.abs(np.diff(luma, axis=1)).mean())


def _circumstances(change: Change) -> list[str]:
    notes = []
    if abs(change.light) > _BRIGHTER_LEVELS:
        more = "brighter" if change.light > 0 else "darker"
        notes.append(f"the picture is {more} by {abs(change.light):.0f} grey levels on the whole")
    if not change.steady:
        notes.append("the camera moved and that could not be undone: what follows is unsure")
    elif np.abs(change.camera).max() > 1:
        notes.append("the camera moved a little; that was taken away")
    return notes


def _tell(one: Difference) -> str:
    what = {
        "new": "something new",
        "gone": "something that was there is gone",
        "changed": "something has changed",
    }[one.kind]
    return f"{what} at {centre_words(one.box)} ({box_words(one.box)}), {one.share:.1%}"


def _moves(told: Sequence[Difference]) -> list[str]:
    """Pair what is gone with what is new and looks alike: it may have moved."""
    notes, taken = [], set()
    for gone in (one for one in told if one.kind == "gone"):
        for number, new in enumerate(told):
            if new.kind == "new" and number not in taken and _is_alike(gone, new):
                taken.add(number)
                notes.append(
                    f"what is gone from {centre_words(gone.box)} and what is new at "
                    f"{centre_words(new.box)} are alike in size and colour: it may have moved"
                )
                break
    return notes


def _is_alike(one: Difference, other: Difference) -> bool:
    ratio = one.share / other.share
    if not 1 / _ALIKE_SIZE <= ratio <= _ALIKE_SIZE:
        return False
    return float(np.abs(one.colour - other.colour).max()) <= _ALIKE_LEVELS


def _part(region: Box) -> str:
    return "picture" if region == WHOLE else "region"
