"""From candidates to a verdict: which event, how sure, and what speaks against it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vau_agent.agent.backends.rules.patterns import Match, box_area, match_patterns
from vau_agent.agent.backends.rules.view import View, format_span
from vau_agent.schemas import Candidate, Score, Segment, Verdict

ALARM: Final = 0.5
"""Curve score from which a moment is unusual at all (the default of `triage.alarm_score`)."""
ENOUGH: Final = 0.25
"""Least support to be spoken of: score and pattern both at the value where they begin to count."""
CONVINCING: Final = 0.36
"""Least support of a verdict: score and pattern both at 0.6, a step above that value. What lies
between is thin: it stays open until a closer look adds to it."""
STRONG: Final = 0.7
"""A score from here on is not waved away, even when no pattern explains it."""
CLEAR_MARGIN: Final = 0.15
"""Ratings closer than this are undecided: one and a half further cues."""
MIN_SHARE: Final = 0.5
"""With less than half of a window measured, quiet proves nothing."""
JOIN_GAP_S: Final = 3.0
"""Candidates of one category this close are one event: a fight pauses about that long."""
WHOLE_PICTURE: Final = 0.9
"""A region of this share is the picture itself: a cut, a moved camera or the light."""
WHOLE_PICTURE_S: Final = 1.0
"""How short a change of the whole picture must be to be one of these."""
MAX_CONFIDENCE: Final = 0.95
"""Nothing but cues was looked at."""
AMBIGUITY_COST: Final = 0.3
"""Share of the confidence that an equally good second category takes."""
QUIET_CONFIDENCE: Final = 0.9
"""Confidence of `normal` when nothing at all was measured in a window measured throughout."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Candidates read as one event."""

    candidate: Candidate
    """The strongest one."""
    segment: Segment
    matches: tuple[Match, ...]
    """Patterns that fit the strongest candidate, best first."""

    @property
    def category(self) -> str | None:
        """The best category; `None` when no pattern fits."""
        return self.matches[0].pattern.category if self.matches else None

    @property
    def rating(self) -> Score:
        """How well the best pattern fits."""
        return self.matches[0].rating if self.matches else 0.0

    @property
    def support(self) -> Score:
        """Strength of the curve times fit of the pattern."""
        return self.candidate.score * self.rating

    @property
    def margin(self) -> float:
        """How far the best category is ahead of the second."""
        return self.rating - (self.matches[1].rating if len(self.matches) > 1 else 0.0)

    @property
    def is_whole_picture(self) -> bool:
        """Whether the picture as a whole changed for a moment, as at a cut."""
        area = box_area(self.candidate)
        return (
            area is not None
            and area >= WHOLE_PICTURE
            and self.candidate.segment.duration <= WHOLE_PICTURE_S
        )

    @property
    def confidence(self) -> Score:
        """How sure the reading is, from 0 to `MAX_CONFIDENCE`."""
        doubt = AMBIGUITY_COST * max(0.0, 1 - self.margin / CLEAR_MARGIN)
        # The root undoes the product in `support`: score 0.8 and rating 0.8 give 0.8.
        return round(min(MAX_CONFIDENCE, (1 - doubt) * math.sqrt(self.support)), 2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """A verdict and the events it was made from, strongest first."""

    verdict: Verdict
    events: tuple[Event, ...]


def judge(candidates: Sequence[Candidate], *, share: float, has_frames: bool) -> Judgement:
    """Decide from measured candidates alone."""
    events = find_events(candidates)
    return Judgement(verdict=_verdict(events, share, has_frames=has_frames), events=events)


def judge_view(view: View) -> Judgement:
    """Decide from everything that a view holds."""
    return judge(view.candidates, share=view.share, has_frames=bool(view.album.frames))


def find_events(candidates: Sequence[Candidate]) -> tuple[Event, ...]:
    """Read candidates as events, strongest first; near ones of one category are one event."""
    events: list[Event] = []
    for candidate in sorted(candidates, key=lambda one: one.segment.start):
        event = Event(
            candidate=candidate, segment=candidate.segment, matches=match_patterns(candidate)
        )
        near = next((one for one in events if _is_same(one, event)), None)
        if near is not None:
            events.remove(near)
            event = _join(near, event)
        events.append(event)
    return tuple(sorted(events, key=lambda one: (-one.support, -one.candidate.score)))


def _is_same(one: Event, other: Event) -> bool:
    gap = max(one.segment.start, other.segment.start) - min(one.segment.end, other.segment.end)
    return one.category == other.category and gap <= JOIN_GAP_S


def _join(one: Event, other: Event) -> Event:
    stronger = max(one, other, key=lambda event: (event.support, event.candidate.score))
    segment = Segment(
        start=min(one.segment.start, other.segment.start),
        end=max(one.segment.end, other.segment.end),
    )
    return Event(candidate=stronger.candidate, segment=segment, matches=stronger.matches)


def _verdict(events: Sequence[Event], share: float, *, has_frames: bool) -> Verdict:
    if not has_frames:
        return _inconclusive("no frame was shown that could be looked at or cited")
    best = events[0] if events else None
    if best is not None and best.support >= ENOUGH:
        return _event_verdict(best)
    strong = max(events, key=lambda one: one.candidate.score, default=None)
    if strong is not None and strong.candidate.score >= STRONG:
        return _inconclusive(
            f"something unusual was measured at {format_span(strong.segment)}, "
            "but no known pattern explains it",
            strong.segment,
        )
    if share < MIN_SHARE:
        return _inconclusive(f"only {share:.0%} of the window was measured, and that was quiet")
    highest = strong.candidate.score if strong is not None else 0.0
    confidence = round(QUIET_CONFIDENCE * share * (1 - highest / 2), 2)
    return Verdict(label="normal", confidence=confidence)


def _event_verdict(event: Event) -> Verdict:
    if event.is_whole_picture:
        return _inconclusive(
            f"the whole picture changes at {format_span(event.segment)}, "
            "which a cut, a moved camera or the light also does",
            event.segment,
        )
    if event.support < CONVINCING:
        return _inconclusive(
            f"{event.category} fits what was measured at {format_span(event.segment)} only weakly",
            event.segment,
        )
    return Verdict(
        label="anomalous",
        category=event.category,
        segment=event.segment,
        confidence=event.confidence,
    )


def _inconclusive(reason: str, segment: Segment | None = None) -> Verdict:
    return Verdict(label="inconclusive", segment=segment, reason=reason)
