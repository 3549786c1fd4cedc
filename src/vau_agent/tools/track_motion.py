"""Who went where: paths of what moves, in words and body heights."""

from collections.abc import Sequence
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from vau_agent.errors import ToolExecutionError, VideoDecodeError
from vau_agent.schemas import Evidence, Measurement, Segment, ToolCall, ToolResult
from vau_agent.settings import TriageSettings
from vau_agent.tools.base import KeepFrames, parse_arguments
from vau_agent.tools.cues.change import ChangeDetector
from vau_agent.tools.cues.grid import to_luma
from vau_agent.tools.cues.kinematics import KinematicsMeter
from vau_agent.tools.paths import Path, PathFinder
from vau_agent.tools.places import check_span, place_words
from vau_agent.tools.video.base import VideoReader
from vau_agent.tools.zoom import VIEW_LONGEST_SIDE

_IN_PLACE: Final = 0.5
"""Body heights; whatever ends no farther from where it began has stayed in its place."""

_ONE_MOMENT: Final = 0.3
"""Seconds; pictures closer than this show the same."""

_FASTEST_SHOWN: Final = 3
"""Paths whose fastest moment is shown, longest first."""


class TrackArguments(BaseModel):
    """Which segment to follow movement in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start_s: float = Field(ge=0, allow_inf_nan=False)
    end_s: float = Field(gt=0, allow_inf_nan=False)


class TrackMotion:
    """The tool `track_motion(start_s, end_s)`."""

    name: Final = "track_motion"
    description: Final = (
        "`track_motion` with `start_s` and `end_s` (seconds): who or what moved from where to "
        "where, how far and how fast, in body heights"
    )
    arguments: Final = TrackArguments

    def __init__(self, settings: TriageSettings, *, frames: int) -> None:
        self._settings = settings
        self._frames = frames
        """Pictures shown for one call."""

    def run(self, call: ToolCall, *, reader: VideoReader, keep_frames: KeepFrames) -> ToolResult:
        """Follow; see `Tool.run`."""
        asked = parse_arguments(call, TrackArguments)
        segment = self._segment(asked, reader.info.duration_s)
        try:
            paths = self._follow(reader, segment)
            times = moments_to_show(segment, paths, self._frames)
            shown = reader.frames_at(times, longest_side=VIEW_LONGEST_SIDE)
            frames = keep_frames(shown)
        except VideoDecodeError as error:
            raise ToolExecutionError(
                f"track_motion: {segment.start:.1f}-{segment.end:.1f} s could not be decoded: "
                f"{error}"
            ) from error
        measurement = Measurement(
            tool=self.name,
            segment=segment,
            candidates=(),
            notes=describe_paths(paths, most=self._settings.track_paths),
            seeks_events=False,
        )
        return ToolResult(
            call=call,
            evidence=Evidence(window=segment, measurements=(measurement,), frames=frames),
        )

    def _segment(self, asked: TrackArguments, duration_s: float) -> Segment:
        longest = self._settings.track_seconds
        return check_span(self.name, asked.start_s, asked.end_s, duration_s, longest=longest)

    def _follow(self, reader: VideoReader, segment: Segment) -> list[Path]:
        """Follow what moves; the seconds before teach what noise and sizes are usual here."""
        settings = self._settings
        warm = Segment(
            start=max(0.0, segment.start - settings.zoom_context_seconds), end=segment.end
        )
        changes, kinematics, finder = ChangeDetector(), KinematicsMeter(), PathFinder()
        frames = reader.frames(warm, fps=settings.zoom_fps, longest_side=settings.zoom_longest_side)
        for frame in frames:
            change = changes.step(to_luma(frame.image), frame.timestamp)
            if change is None:
                continue
            if change.cut:
                kinematics.reset()
                finder.cut()
                continue
            speed = kinematics.step(change, frame.timestamp).speed
            if frame.timestamp >= segment.start - 1e-6:
                finder.add(change.moving, speed, frame.timestamp)
        return finder.paths


def describe_paths(paths: Sequence[Path], *, most: int) -> tuple[str, ...]:
    """Put paths into words, longest first; what only moves in its place comes after them."""
    if not paths:
        return ("nothing moved that could be followed",)
    going = [one for one in paths if one.travel > _IN_PLACE]
    staying = [one for one in paths if one.travel <= _IN_PLACE]
    notes = [_tell(one) for one in (*going, *staying)[:most]]
    if len(paths) > most:
        notes.append(f"not listed: {len(paths) - most} shorter")
    notes.append("told apart by place alone: where things meet, one path may end or become another")
    return tuple(notes)


def _tell(path: Path) -> str:
    first, last = path.first, path.last
    begins, ends = place_words(first.x, first.y), place_words(last.x, last.y)
    when = f"{first.timestamp:.1f}-{last.timestamp:.1f} s"
    fastest = (
        f"fastest at {path.fastest.timestamp:.1f} s, {path.fastest.speed:.1f} body heights a second"
        if path.fastest.speed > 0
        else "too little or too blurred to tell its speed"
    )
    if path.travel <= _IN_PLACE:
        return f"{when}: something moves in its place at {begins}; {fastest}"
    way = f"from {begins} to {ends}" if begins != ends else f"within {begins}"
    return f"{when}: {way}, {path.length:.1f} body heights; {fastest}"


def moments_to_show(segment: Segment, paths: Sequence[Path], count: int) -> list[float]:
    """Choose the moments to show: where the longest paths are fastest, the rest spread evenly."""
    fastest = [one.fastest.timestamp for one in paths[:_FASTEST_SHOWN] if one.fastest.speed > 0]
    chosen: list[float] = []
    for time in fastest[: max(0, count - 2)]:
        if all(abs(time - other) >= _ONE_MOMENT for other in chosen):
            chosen.append(time)
    spread = count - len(chosen)
    step = segment.duration / spread
    chosen += [segment.start + (number + 0.5) * step for number in range(spread)]
    return sorted({round(time, 3) for time in chosen})
