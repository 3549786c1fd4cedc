"""Asking a trained detector about one segment."""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from vau_agent.errors import ToolExecutionError, VideoDecodeError
from vau_agent.schemas import Evidence, Segment, ToolCall, ToolResult
from vau_agent.settings import TriageSettings
from vau_agent.tools.base import KeepFrames, Meter, parse_arguments
from vau_agent.tools.places import check_span
from vau_agent.tools.video.base import VideoReader
from vau_agent.tools.video.sampling import choose_times
from vau_agent.tools.zoom import VIEW_LONGEST_SIDE


class DetectArguments(BaseModel):
    """Which segment to ask about."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start_s: float = Field(ge=0, allow_inf_nan=False)
    end_s: float = Field(gt=0, allow_inf_nan=False)


class Detect:
    """The tool `detect(start_s, end_s)`."""

    name: Final = "detect"
    description: Final = (
        "`detect` with `start_s` and `end_s` (seconds): what a small trained detector takes that "
        "span for, with its probability, and where that begins and ends"
    )
    arguments: Final = DetectArguments

    def __init__(
        self, settings: TriageSettings, detector: Meter, *, frames: int, evenly: bool = False
    ) -> None:
        self._settings = settings
        self._detector = detector
        self._frames = frames
        """Pictures shown for one call."""
        self._evenly = evenly
        """Whether they are spread evenly; else the strongest moments are among them."""

    def run(self, call: ToolCall, *, reader: VideoReader, keep_frames: KeepFrames) -> ToolResult:
        """Ask; see `Tool.run`."""
        asked = parse_arguments(call, DetectArguments)
        segment = self._segment(asked, reader.info.duration_s)
        try:
            measurement = self._detector.measure(reader, segment)
            peaks = () if self._evenly else measurement.candidates
            times = choose_times(segment, peaks, self._frames)
            frames = keep_frames(reader.frames_at(times, longest_side=VIEW_LONGEST_SIDE))
        except VideoDecodeError as error:
            raise ToolExecutionError(
                f"detect: {segment.start:.1f}-{segment.end:.1f} s could not be decoded: {error}"
            ) from error
        return ToolResult(
            call=call,
            evidence=Evidence(window=segment, measurements=(measurement,), frames=frames),
        )

    def _segment(self, asked: DetectArguments, duration_s: float) -> Segment:
        longest = self._settings.zoom_seconds
        return check_span(self.name, asked.start_s, asked.end_s, duration_s, longest=longest)
