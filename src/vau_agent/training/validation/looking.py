"""The looks at one video of which a row of pictures is at hand: the first, and zooms into it.

They are those of training (`openings.py`), but for what is drawn anew there: the window is the
whole video and begins at 0, frames are spread evenly and numbered from 1.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from pydantic import ValidationError

from vau_agent.agent.profile import ModelProfile
from vau_agent.schemas import FrameRef, Segment, ToolCall, ToolResult
from vau_agent.tools.detection import Detection, Rule
from vau_agent.tools.zoom import ZoomArguments
from vau_agent.training.openings import Opening
from vau_agent.training.validation.dialogue import Looks
from vau_agent.training.validation.shown import Shown

FRAMES: Final = 8
"""Of a window, where a profile leaves it open; likewise of a zoom."""
_ZOOM: Final = "zoom"


def looks_at(
    shown: Shown,
    *,
    profile: ModelProfile,
    detection: Detection | None,
    rule: Rule,
    detects_first: bool = False,
) -> Looks:
    """Give the looks at a video.

    Args:
        shown: The video.
        profile: How many frames the model is shown.
        detection: What the detector says of it; `None` where nothing is measured.
        rule: How that is read.
        detects_first: Whether it is told at once, or to the check of the first answer.
    """
    pictures = len(shown.clip.pictures)
    count = min(profile.frames_per_window or FRAMES, pictures)
    opening = Opening(
        place=0,
        clip=shown.clip,
        start=0.0,
        number=1,
        bins=tuple(int((place + 0.5) * pictures / count) for place in range(count)),
        detection=detection,
        is_told_first=detects_first,
        rule=rule,
        frames_per_zoom=profile.frames_per_zoom or FRAMES,
    )

    def look(call: ToolCall, seen: Sequence[FrameRef]) -> ToolResult:
        return _zoom(replace(opening, number=1 + len(seen) - len(opening.bins)), call, seen)

    return Looks(first=opening.evidence, held_back=opening.held_back, look=look)


def _zoom(opening: Opening, call: ToolCall, seen: Sequence[FrameRef]) -> ToolResult:
    if call.tool != _ZOOM:
        return ToolResult(call=call, error=f"there is no tool {call.tool!r}; there is: {_ZOOM}")
    try:
        asked = ZoomArguments.model_validate(call.arguments)
        end = min(asked.end_s, opening.clip.record.duration_s)
        span = Segment(start=asked.start_s, end=end)
    except ValidationError:
        return ToolResult(call=call, error="zoom: start_s and end_s are no span of the video")
    evidence = opening.look(span)
    known = {frame.pts for frame in seen}
    frames = tuple(frame for frame in evidence.frames if frame.pts not in known)
    return ToolResult(call=call, evidence=evidence.model_copy(update={"frames": frames}))
