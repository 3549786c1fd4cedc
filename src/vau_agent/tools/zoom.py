"""A closer look at one segment: finer pictures, more of them, measured again."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from vau_agent.errors import ToolExecutionError, VideoDecodeError
from vau_agent.schemas import (
    CUES,
    Candidate,
    Coverage,
    Evidence,
    Measurement,
    Segment,
    ToolCall,
    ToolResult,
)
from vau_agent.settings import TriageSettings
from vau_agent.tools.base import KeepFrames, Meter, parse_arguments
from vau_agent.tools.places import check_span
from vau_agent.tools.triage import Measurements, evaluate
from vau_agent.tools.video.base import VideoReader
from vau_agent.tools.video.sampling import choose_times

VIEW_LONGEST_SIDE: Final = 640
"""Pixels of the pictures that a policy and a report are shown."""

_SHORTEST: Final = 1.0
"""Seconds that are looked at at least: a policy may ask for a single moment."""


class ZoomArguments(BaseModel):
    """Which segment to look at."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start_s: float = Field(ge=0, allow_inf_nan=False)
    end_s: float = Field(gt=0, allow_inf_nan=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Look:
    """What measuring a segment brought."""

    measurement: Measurement
    frames: int


class Zoom:
    """The tool `zoom(start_s, end_s)`."""

    name: Final = "zoom"
    description: Final = (
        "`zoom` with `start_s` and `end_s` (seconds): denser frames and measurements of that span"
    )
    arguments: Final = ZoomArguments

    def __init__(
        self,
        settings: TriageSettings,
        *,
        frames: int,
        evenly: bool = False,
        detector: Meter | None = None,
    ) -> None:
        self._settings = settings
        self._frames = frames
        """Pictures shown for one call."""
        self._evenly = evenly
        """Whether they are spread evenly; else the strongest moments are among them."""
        self._detector = detector
        """Measures the segment as well, where a policy has one of its own."""

    def run(self, call: ToolCall, *, reader: VideoReader, keep_frames: KeepFrames) -> ToolResult:
        """Look again; see `Tool.run`."""
        asked = parse_arguments(call, ZoomArguments)
        segment = _segment(asked, reader.info.duration_s, self._settings)
        try:
            look = _look(reader, segment, self._settings)
            peaks = () if self._evenly else look.measurement.candidates
            times = choose_times(segment, peaks, self._frames)
            shown = reader.frames_at(times, longest_side=VIEW_LONGEST_SIDE)
            frames = keep_frames(shown)
            detected = () if self._detector is None else (self._detector.measure(reader, segment),)
        except VideoDecodeError as error:
            raise ToolExecutionError(
                f"zoom: {segment.start:.1f}-{segment.end:.1f} s could not be decoded: {error}"
            ) from error
        evidence = Evidence(
            window=segment,
            measurements=(look.measurement, *detected),
            frames=frames,
            coverage=Coverage(
                duration_s=segment.duration,
                looked_at_s=segment.duration,
                frames=look.frames,
                share=1.0,
            ),
        )
        return ToolResult(call=call, evidence=evidence)


def measure(reader: VideoReader, segment: Segment, settings: TriageSettings) -> Measurement:
    """Measure a segment at the zoom's rate and size.

    The seconds before it warm up what "still" and "background" mean; nothing in them is reported.
    """
    return _look(reader, segment, settings).measurement


def _segment(asked: ZoomArguments, duration: float, settings: TriageSettings) -> Segment:
    return check_span(
        "zoom",
        asked.start_s,
        asked.end_s,
        duration,
        longest=settings.zoom_seconds,
        shortest=_SHORTEST,
    )


def _look(reader: VideoReader, segment: Segment, settings: TriageSettings) -> _Look:
    warm = Segment(start=max(0.0, segment.start - settings.zoom_context_seconds), end=segment.end)
    fps = min(settings.zoom_fps, max(settings.fps, settings.zoom_moments / warm.duration))
    finer = settings.model_copy(update={"fps": fps, "longest_side": settings.zoom_longest_side})
    measurements = Measurements.empty(finer)
    frames = reader.frames(warm, fps=fps, longest_side=finer.longest_side)
    measurements.add_frames(frames)
    _, found = evaluate(measurements, start=segment.start, end=segment.end)
    measurement = Measurement(
        tool="zoom", segment=segment, candidates=found, notes=tuple(_describe(found, measurements))
    )
    return _Look(measurement=measurement, frames=measurements.frames)


def _describe(found: tuple[Candidate, ...], measurements: Measurements) -> Iterator[str]:
    times = measurements.store.times
    rate = (len(times) - 1) / float(np.ptp(times)) if len(times) > 1 else 0.0
    yield (
        f"measured {rate:.1f} times a second in pictures of {measurements.settings.longest_side} "
        "pixels; compared with what is usual anywhere, not with the rest of this video"
    )
    if not found:
        yield "nothing unusual was measured"
    for one in found:
        name, value = max(one.cues.items(), key=lambda item: item[1], default=("motion", 0.0))
        yield (
            f"{one.segment.start:.2f}-{one.segment.end:.2f} s, strongest at {one.peak:.2f} s: "
            f"{name} {value:.2f}, {CUES[name]}"
        )
