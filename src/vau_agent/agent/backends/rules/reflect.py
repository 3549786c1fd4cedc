"""Critique of the reasoning that stands: what is doubtful, and which look would settle it."""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from vau_agent.agent.backends.rules.judging import CLEAR_MARGIN, Event, judge_view
from vau_agent.agent.backends.rules.view import View, format_span, format_time, shows
from vau_agent.schemas import Reasoning, Reflection, Segment, ToolCall, Verdict

LOOK_MARGIN_S: Final = 2.0
"""How far a look reaches past a boundary on each side: long enough to see that it was quiet."""
SHORT_S: Final = 6.0
"""An event up to this long is looked at as a whole, not boundary by boundary."""
BRACKET_S: Final = 1.0
"""A boundary is seen when a frame lies this close before it and another this close after it."""
SPIKE_S: Final = 0.5
"""Shorter than this may be one damaged picture."""
SURE: Final = 0.6
"""Confidence below this is a doubt by itself."""
GAP_S: Final = 10.0
"""A stretch of a quiet window this long without a frame has not been seen."""
MEASURED_SHARE: Final = 0.9
"""With this much measured, a stretch without a frame was measured nevertheless."""
SEEN_SHARE: Final = 0.8
"""A span this much of which was looked at before is not looked at again."""
MAX_CALLS: Final = 3
EDGE_S: Final = 0.1
"""Closer than this to the edge of the window, an event is cut off by it."""

_BENIGN: Final = (
    (re.compile(r"\b(camera|shak\w*|pan(s|ned|ning)?)\b", re.IGNORECASE), "the camera moves"),
    (re.compile(r"\b(cuts?|scene changes?)\b", re.IGNORECASE), "the recording has a cut"),
    (re.compile(r"\b(light\w*|exposure|dark\w*)\b", re.IGNORECASE), "the light changes"),
    (re.compile(r"\b(damaged|corrupt|broken|missing)\b", re.IGNORECASE), "pictures are damaged"),
)
"""Remarks that speak for an ordinary cause. They only ever raise a doubt."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Doubt:
    text: str
    look: Segment | None = None
    """What would settle it; `None` when no look can."""


def reflect(reasoning: Reasoning, view: View, *, may_search: bool = False) -> Reflection:
    """Judge the reasoning, and ask for looks that were not made yet.

    Where the video can be searched, the category in doubt and its closest rival are searched for
    once: that brings frames to cite, and measures nothing.
    """
    doubts = _doubts(reasoning, view)
    looks = _new_looks([doubt.look for doubt in doubts if doubt.look is not None], view)
    texts = tuple(dict.fromkeys(doubt.text for doubt in doubts))
    return Reflection(
        text=_text(reasoning.verdict, texts, looks),
        accept=not looks,
        doubts=texts,
        queries=_queries(reasoning.verdict, view) if may_search and looks else (),
        calls=tuple(
            ToolCall(
                tool="zoom",
                arguments={"start_s": round(look.start, 3), "end_s": round(look.end, 3)},
            )
            for look in looks
        ),
    )


def _doubts(reasoning: Reasoning, view: View) -> list[_Doubt]:
    verdict = reasoning.verdict
    doubts = _claim_doubts(reasoning, view)
    segment = verdict.segment
    if verdict.label == "normal" or segment is None:
        return [*doubts, *_quiet_doubts(view)]
    event = _event_at(segment, view)
    doubts.extend(_boundary_doubts(segment, view))
    if event is not None:
        doubts.extend(_event_doubts(verdict, event, view))
    if verdict.label == "inconclusive":
        doubts.append(_Doubt(text="Nothing is decided yet.", look=_around(segment, view.window)))
    return doubts


def _queries(verdict: Verdict, view: View) -> tuple[str, ...]:
    if verdict.segment is None or view.was_searched:
        return ()
    event = _event_at(verdict.segment, view)
    if event is None or event.category is None:
        return ()
    rivals = event.matches[1:2] if event.margin < CLEAR_MARGIN else ()
    names = (verdict.category or event.category, *(one.pattern.category for one in rivals))
    return tuple(dict.fromkeys(names))


def _claim_doubts(reasoning: Reasoning, view: View) -> list[_Doubt]:
    known = {frame.frame_id for frame in view.album.frames}
    bare = [claim for claim in reasoning.claims if not known.intersection(claim.frames)]
    if not bare:
        return []
    segment = reasoning.verdict.segment
    return [
        _Doubt(
            text=f"{len(bare)} of {len(reasoning.claims)} sentences cite no frame that was shown.",
            look=None if segment is None else _around(segment, view.window),
        )
    ]


def _quiet_doubts(view: View) -> list[_Doubt]:
    """Quiet is doubted where little was measured, and where a weak candidate lies."""
    times = [view.window.start, *(one.timestamp for one in view.album.frames), view.window.end]
    gaps = [
        Segment(start=start, end=end)
        for start, end in pairwise(times)
        if end - start > GAP_S and view.share < MEASURED_SHARE
    ]
    doubts = [
        _Doubt(
            text=f"Little was measured, and no frame was seen, from {format_span(gap)}.",
            look=_middle(gap),
        )
        for gap in sorted(gaps, key=lambda gap: -gap.duration)[:1]
    ]
    events = judge_view(view).events
    weak = events[0] if events else None
    if weak is not None and not any(shows(look, weak.candidate.peak) for look in view.looks):
        doubts.append(
            _Doubt(
                text=f"The weak candidate at {format_span(weak.segment)} had no closer look.",
                look=_around(weak.segment, view.window),
            )
        )
    return doubts


def _boundary_doubts(segment: Segment, view: View) -> list[_Doubt]:
    doubts = []
    if segment.duration <= SHORT_S:
        onset = offset = _around(segment, view.window)
    else:
        onset = _around(Segment(start=segment.start, end=segment.start + 0.1), view.window)
        offset = _around(Segment(start=segment.end - 0.1, end=segment.end), view.window)
    for name, time, look in (("start", segment.start, onset), ("end", segment.end, offset)):
        edge = view.window.start if name == "start" else view.window.end
        if abs(time - edge) <= EDGE_S:
            text = f"The {name} at {format_time(time)} is the edge of what was looked at."
            doubts.append(_Doubt(text=text, look=look))
        elif not _is_bracketed(time, view):
            text = f"No frames close before and after the {name} at {format_time(time)} were seen."
            doubts.append(_Doubt(text=text, look=look))
    return doubts


def _event_doubts(verdict: Verdict, event: Event, view: View) -> list[_Doubt]:
    look = _around(event.candidate.segment, view.window)
    peak = _around(Segment(start=event.candidate.peak, end=event.candidate.peak + 0.1), view.window)
    where = peak if event.segment.duration > SHORT_S else look
    doubts = []
    if len(event.matches) > 1 and event.margin < CLEAR_MARGIN:
        second = next(
            match.pattern.category
            for match in event.matches
            if match.pattern.category != verdict.category
        )
        text = f"{second.capitalize()} fits the same cues almost as well."
        doubts.append(_Doubt(text=text, look=where))
    if event.segment.duration < SPIKE_S:
        text = f"It lasts {event.segment.duration:.2f} s, which one damaged picture also does."
        doubts.append(_Doubt(text=text, look=look))
    if event.is_whole_picture:
        text = "The whole picture changes, as at a cut or when the light is switched."
        doubts.append(_Doubt(text=text, look=look))
    if verdict.confidence is not None and verdict.confidence < SURE:
        text = f"The confidence is only {verdict.confidence:.2f}."
        doubts.append(_Doubt(text=text, look=where))
    doubts.extend(
        _Doubt(text=f"A remark says that {cause}.", look=where)
        for cause in _benign_causes(view.remarks)
    )
    return doubts


def _benign_causes(remarks: tuple[str, ...]) -> list[str]:
    return [cause for sign, cause in _BENIGN if any(sign.search(remark) for remark in remarks)]


def _event_at(segment: Segment, view: View) -> Event | None:
    events = judge_view(view).events
    overlapping = [event for event in events if event.segment.overlap(segment) > 0]
    return overlapping[0] if overlapping else None


def _is_bracketed(time: float, view: View) -> bool:
    before = any(0 <= time - frame.timestamp <= BRACKET_S for frame in view.album.frames)
    after = any(0 <= frame.timestamp - time <= BRACKET_S for frame in view.album.frames)
    return before and after


def _around(segment: Segment, window: Segment) -> Segment:
    return Segment(
        start=max(window.start, segment.start - LOOK_MARGIN_S),
        end=min(window.end, segment.end + LOOK_MARGIN_S),
    )


def _middle(gap: Segment) -> Segment:
    half = min(gap.duration, GAP_S) / 2
    centre = (gap.start + gap.end) / 2
    return Segment(start=centre - half, end=centre + half)


def _new_looks(looks: list[Segment], view: View) -> list[Segment]:
    """Drop looks that were made before or are part of another one."""
    seen = [measurement.segment for measurement in view.looks]
    chosen: list[Segment] = []
    for look in sorted(looks, key=lambda one: -one.duration):
        if not any(_covers(other, look) for other in (*seen, *chosen)):
            chosen.append(look)
    return sorted(chosen[:MAX_CALLS], key=lambda one: one.start)


def _covers(seen: Segment, look: Segment) -> bool:
    return seen.overlap(look) >= SEEN_SHARE * look.duration


def _text(verdict: Verdict, doubts: tuple[str, ...], looks: list[Segment]) -> str:
    what = verdict.category or verdict.label
    if not doubts:
        return f"I checked {what}: boundaries, category, ordinary causes and citations all hold."
    listed = " ".join(doubts)
    if not looks:
        return f"I checked {what}. {listed} Every look that could settle this was made."
    spans = ", ".join(format_span(look) for look in looks)
    return f"I checked {what}. {listed} I want to look closer at {spans}."
