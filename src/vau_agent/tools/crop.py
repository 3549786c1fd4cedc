"""One region at full resolution: a hand, a number plate, a face at the far end of a yard."""

from typing import Final

from pydantic import Field

from vau_agent.errors import ToolArgumentError, ToolExecutionError, VideoDecodeError
from vau_agent.schemas import Box, Evidence, Measurement, Segment, ToolCall, ToolResult, VideoInfo
from vau_agent.settings import TriageSettings
from vau_agent.tools.base import KeepFrames, parse_arguments
from vau_agent.tools.places import Region, box_words, check_moment, moment_span
from vau_agent.tools.video.base import VideoReader
from vau_agent.tools.zoom import VIEW_LONGEST_SIDE


class CropArguments(Region):
    """Which region to cut out, and when."""

    t_s: float = Field(ge=0, allow_inf_nan=False)
    around_s: float = Field(default=0.0, ge=0, allow_inf_nan=False)


class Crop:
    """The tool `crop(t_s, x, y, width, height, around_s)`."""

    name: Final = "crop"
    description: Final = (
        "`crop` with `t_s` (seconds) and `x`, `y`, `width`, `height` (shares of the picture, from "
        "its upper left): that region at full resolution; `around_s` (seconds) adds pictures "
        "before and after"
    )
    arguments: Final = CropArguments

    def __init__(self, settings: TriageSettings, *, frames: int) -> None:
        self._settings = settings
        self._frames = frames
        """Pictures of one call with `around_s`; without it there is one."""

    def run(self, call: ToolCall, *, reader: VideoReader, keep_frames: KeepFrames) -> ToolResult:
        """Cut the region out; see `Tool.run`."""
        asked = parse_arguments(call, CropArguments)
        info = reader.info
        check_moment(call.tool, "t_s", asked.t_s, info.duration_s)
        self._check_size(asked, info)
        times = self._times(asked, info.duration_s)
        size = _size(asked.box, info)
        side = _read_side(size, info, self._settings.crop_longest_side)
        try:
            shown = reader.frames_at(times, longest_side=side)
            frames = keep_frames(shown, crop=None if asked.is_whole else asked.box)
        except VideoDecodeError as error:
            raise ToolExecutionError(
                f"crop: the picture at {asked.t_s:.1f} s could not be decoded: {error}"
            ) from error
        window = (
            Segment(start=times[0], end=times[-1])
            if len(times) > 1
            else moment_span(asked.t_s, info.duration_s)
        )
        measurement = Measurement(
            tool=self.name,
            segment=window,
            candidates=(),
            notes=(_describe(asked.box, size, info),),
            seeks_events=False,
        )
        return ToolResult(
            call=call,
            evidence=Evidence(window=window, measurements=(measurement,), frames=frames),
        )

    def _check_size(self, asked: CropArguments, info: VideoInfo) -> None:
        width, height = _size(asked.box, info)
        least = min(self._settings.crop_min_pixels, info.width, info.height)
        if min(width, height) < least:
            raise ToolArgumentError(
                f"crop: that region is {width} x {height} pixels of {info.width} x {info.height}; "
                f"ask for {least} x {least} at least"
            )
        if 2 * asked.around_s > self._settings.zoom_seconds:
            raise ToolArgumentError(
                f"crop: around_s is {asked.around_s:g}, which is more than "
                f"{self._settings.zoom_seconds / 2:g} s; ask for less"
            )

    def _times(self, asked: CropArguments, duration_s: float) -> list[float]:
        start = max(0.0, asked.t_s - asked.around_s)
        end = min(asked.t_s + asked.around_s, duration_s - 1e-3)
        if self._frames < 2 or end <= start:
            return [asked.t_s]
        step = (end - start) / (self._frames - 1)
        spread = [start + number * step for number in range(self._frames)]
        nearest = min(range(self._frames), key=lambda number: abs(spread[number] - asked.t_s))
        spread[nearest] = asked.t_s
        return spread


def _size(box: Box, info: VideoInfo) -> tuple[int, int]:
    """Give a region's size in the video's own pixels."""
    return max(1, round(box.width * info.width)), max(1, round(box.height * info.height))


def _read_side(size: tuple[int, int], info: VideoInfo, most: int) -> int | None:
    """Give the longest side to decode at, so that the region itself is no larger than `most`."""
    if max(size) <= most:
        return None
    return round(max(info.width, info.height) * most / max(size))


def _describe(box: Box, size: tuple[int, int], info: VideoInfo) -> str:
    usual = min(1.0, VIEW_LONGEST_SIDE / max(info.width, info.height))
    finer = f", {1 / usual:.1f} times finer than in other frames" if usual < 1 else ""
    return (
        f"the region {box_words(box)} is {size[0]} x {size[1]} pixels of the picture's "
        f"{info.width} x {info.height}{finer}"
    )
