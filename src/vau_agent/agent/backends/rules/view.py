"""What a conversation shows, sorted for reasoning: candidates, looks, frames, reasoning so far."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vau_agent.agent.conversation import Conversation, EvidencePart, Message
from vau_agent.agent.looks import SEARCH
from vau_agent.agent.parsing import parse_reasoning
from vau_agent.errors import ParseError
from vau_agent.schemas import (
    Candidate,
    Evidence,
    FrameRef,
    Measurement,
    Reasoning,
    Segment,
)

REACH_S: Final = 2.0
"""A frame farther than this from a moment, and outside its candidate, does not show it."""
CONTEXT_S: Final = 0.5
"""A moment is shown by a look that reaches this far before and after it."""
CLOCK_FROM_S: Final = 60.0
"""Times from here on are written as minutes and seconds too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Album:
    """Frames in time order, to cite from."""

    frames: tuple[FrameRef, ...]

    def near(
        self, timestamp: float, *, inside: Segment | None = None, count: int = 1
    ) -> tuple[str, ...]:
        """Give the ids of the frames that show a moment, nearest first, in time order."""
        showing = [
            frame
            for frame in self.frames
            if abs(frame.timestamp - timestamp) <= REACH_S
            or (inside is not None and inside.contains(frame.timestamp))
        ]
        nearest = sorted(showing, key=lambda frame: abs(frame.timestamp - timestamp))[:count]
        return _ids(sorted(nearest, key=lambda frame: frame.timestamp))

    def spread(self, segment: Segment, *, count: int = 3) -> tuple[str, ...]:
        """Give ids of frames spread evenly over a segment."""
        inside = [frame for frame in self.frames if segment.contains(frame.timestamp)]
        if len(inside) <= count:
            return _ids(inside)
        step = (len(inside) - 1) / (count - 1) if count > 1 else 0.0
        return _ids([inside[round(place * step)] for place in range(count)])


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """Evidence in the order in which it came."""

    window: Segment
    first: tuple[Measurement, ...]
    """What the window was opened with."""
    looks: tuple[Measurement, ...]
    """What later looks for events brought, oldest first."""
    album: Album
    share: float
    """How much of the window was measured."""
    duration: float
    """Length of the video, or the end of the evidence when that was not told."""
    remarks: tuple[str, ...]
    """Notes and warnings. They raise doubts; they never decide."""

    windows: tuple[Segment, ...]
    """What each piece of evidence looked at."""
    was_searched: bool
    """Whether frames were searched by text."""

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """Candidates that stand: a closer look's replace what they measured again."""
        closer = candidates_of(self.looks)
        first = [one for one in candidates_of(self.first) if not self._is_replaced(one, closer)]
        return (*first, *closer)

    def _is_replaced(self, candidate: Candidate, closer: Sequence[Candidate]) -> bool:
        looked_at = any(shows(look, candidate.peak) for look in self.looks)
        return looked_at and any(one.segment.overlap(candidate.segment) > 0 for one in closer)


def view_of(evidence: Sequence[Evidence], *, later: Sequence[Evidence] = ()) -> View:
    """Sort evidence; `later` is what looks brought."""
    if not evidence and not later:
        raise ValueError("a view needs evidence")
    everything = (*evidence, *later)
    frames = {frame.frame_id: frame for one in everything for frame in one.frames}
    first = tuple(measurement for one in evidence for measurement in one.measurements)
    looks = looks_of(later)
    measured = [one for one in everything if not one.measurements or looks_of((one,))]
    window = Segment(
        start=min(one.window.start for one in measured or everything),
        end=max(one.window.end for one in measured or everything),
    )
    return View(
        window=window,
        first=first,
        looks=looks,
        album=Album(frames=tuple(sorted(frames.values(), key=lambda one: one.timestamp))),
        share=_share(everything[0], window=everything[0].window),
        duration=_duration(everything),
        windows=tuple(one.window for one in everything),
        was_searched=any(look.tool == SEARCH for one in later for look in one.measurements),
        remarks=tuple(
            remark
            for one in everything
            for remark in (
                *(note for measurement in one.measurements for note in measurement.notes),
                *one.warnings,
            )
        ),
    )


def view_conversation(conversation: Conversation) -> View:
    """Sort everything that a conversation shows."""
    first, *later = conversation.evidence
    return view_of((first,), later=later)


def last_reasoning(conversation: Conversation) -> Reasoning | None:
    """Give the reasoning that stands; `None` before there is any."""
    place = _last_reasoning_place(conversation.messages)
    return None if place is None else _reasoning(conversation.messages[place])


def evidence_since_reasoning(conversation: Conversation) -> tuple[Evidence, ...]:
    """Give the evidence that came in after the reasoning that stands."""
    place = _last_reasoning_place(conversation.messages)
    messages = conversation.messages[0 if place is None else place + 1 :]
    return tuple(
        part.evidence
        for message in messages
        for part in message.parts
        if isinstance(part, EvidencePart)
    )


def looks_of(evidence: Sequence[Evidence]) -> tuple[Measurement, ...]:
    """Give the looks for events; a search or a comparison says nothing by proposing nothing."""
    return tuple(one for brought in evidence for one in brought.measurements if one.seeks_events)


def candidates_of(measurements: Sequence[Measurement]) -> tuple[Candidate, ...]:
    """Give the candidates of several measurements."""
    return tuple(one for measurement in measurements for one in measurement.candidates)


def shows(look: Measurement, time: float) -> bool:
    """Tell whether a look shows a moment and what is just before and after it."""
    return look.segment.start <= time - CONTEXT_S and time + CONTEXT_S <= look.segment.end


def format_time(seconds: float) -> str:
    """Write a time for a sentence."""
    if seconds < CLOCK_FROM_S:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{seconds:.1f} s ({minutes:02d}:{rest:02d})"


def format_span(segment: Segment) -> str:
    """Write a span for a sentence."""
    return f"{format_time(segment.start)} to {format_time(segment.end)}"


def _last_reasoning_place(messages: Sequence[Message]) -> int | None:
    for place in range(len(messages) - 1, -1, -1):
        if _reasoning(messages[place]) is not None:
            return place
    return None


def _reasoning(message: Message) -> Reasoning | None:
    if message.role != "assistant" or message.stage not in ("initial_reason", "revise"):
        return None
    try:
        return parse_reasoning(message.text)
    except ParseError:  # the attempt that was complained about; its repair follows
        return None


def _share(evidence: Evidence, *, window: Segment) -> float:
    """Say how much of the window was measured: what is told of the video, else what is listed."""
    coverage = evidence.coverage
    if coverage is not None and (coverage.gaps or coverage.duration_s <= window.duration):
        if not coverage.gaps:
            return coverage.worth
        gaps = sum(gap.overlap(window) for gap in coverage.gaps)
        inside = coverage.model_copy(update={"share": max(0.0, 1 - gaps / window.duration)})
        return inside.worth
    measured = 0.0
    reached = window.start
    for segment in sorted((one.segment for one in evidence.measurements), key=lambda s: s.start):
        start, end = max(segment.start, reached), min(segment.end, window.end)
        measured += max(0.0, end - start)
        reached = max(reached, end)
    return min(1.0, measured / window.duration)


def _duration(evidence: Sequence[Evidence]) -> float:
    told = [one.coverage.duration_s for one in evidence if one.coverage is not None]
    return max((*told, *(one.window.end for one in evidence)))


def _ids(frames: Sequence[FrameRef]) -> tuple[str, ...]:
    return tuple(frame.frame_id for frame in frames)
