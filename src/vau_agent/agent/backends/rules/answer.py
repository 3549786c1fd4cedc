"""Answers to follow-up questions, from measured evidence; what it cannot know it says so."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from vau_agent.agent.backends.rules.judging import ENOUGH, Event, find_events
from vau_agent.agent.backends.rules.reason import MAX_OTHER_EVENTS, event_claims
from vau_agent.agent.backends.rules.view import View, format_span, format_time
from vau_agent.agent.times import asked_segment, named_times
from vau_agent.schemas import Box, Claim, Reasoning, Segment

MAX_REASONS: Final = 4
"""Sentences of the reasoning that answer a 'why'; the report holds them all."""
THIRD: Final = 1 / 3
"""Places are named by thirds of the picture."""

_CATEGORY_WORDS: Final = (
    (r"\bfires?\b|\bburn|\bflames?\b|\barson\b", "fire"),
    (r"\bexplo|\bblast\b", "explosion"),
    (r"\bfall(s|en|ing)?\b|\bfell\b|\bcollaps", "fall"),
    (r"\baccident|\bcrash|\bcollision|\bcollide", "road accident"),
    (r"\bfight|\bfought|\bbrawl|\bassault|\battack", "fighting"),
    (r"\babandon|\bleft behind\b|\bunattended\b|\bput down\b", "abandoned object"),
    (r"\bsteal|\bstole|\btheft\b|\btaken\b|\bremoved\b|\brobb|\bmissing\b", "object removed"),
    (r"\bpanic|\bstampede\b|\bcrowd\b", "crowd panic"),
)
"""What a question may call what the cues can show."""
_UNSEEN: Final = (
    (r"\bwho\b|\bwhose\b|\bidentit|\bfaces?\b|\bgender\b|\bhow old\b", "who somebody is"),
    (r"\bcolou?rs?\b|\bwear|\bwore\b|\bcloth|\bshirt\b|\bjacket\b", "colours or clothes"),
    (r"\bplates?\b|\blicen[cs]e\b|\bregistration\b|\bbrand\b", "number plates or makes"),
    (r"\bsay(s|ing)?\b|\bhear|\bsounds?\b|\bvoices?\b|\btalk|\bscream", "sound or speech"),
    (r"\bwritten\b|\bwriting\b|\btext\b", "writing"),
    (r"\bweapon|\bguns?\b|\bkni(fe|ves)\b|\bshot\b|\bshoot", "weapons"),
    (r"\bwhich (way|direction)\b|\bdirection\b", "the way somebody goes"),
)
"""What no cue measures."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Case:
    """A judged window that questions are asked about."""

    question: str
    reasoning: Reasoning
    view: View

    @property
    def events(self) -> tuple[Event, ...]:
        """Events that count, strongest first."""
        counted = [one for one in find_events(self.view.candidates) if one.support >= ENOUGH]
        segment = self.reasoning.verdict.segment
        return tuple(
            replace(one, segment=segment) if segment and _is_judged(one, self.reasoning) else one
            for one in counted
        )

    @property
    def event(self) -> Event | None:
        """The event that is asked about: of the named category, else the judged one."""
        asked, judged = _asked_category(self), self.reasoning.verdict.segment
        for event in self.events:
            is_judged = judged is None or event.segment.overlap(judged) > 0
            if event.category == asked if asked is not None else is_judged:
                return event
        return None

    @property
    def span(self) -> Segment | None:
        """The segment that is asked about; `None` when there is no such event."""
        if _asked_category(self) is None and self.reasoning.verdict.segment is not None:
            return self.reasoning.verdict.segment
        return self.event.segment if self.event else None

    def cite(self, segment: Segment | None) -> tuple[str, ...]:
        """Cite frames of a span, or of the window."""
        return self.view.album.spread(segment or self.view.window)


def answer(question: str, reasoning: Reasoning, view: View) -> tuple[Claim, ...]:
    """Answer the first thing that the question asks for."""
    case = _Case(question=question.lower(), reasoning=reasoning, view=view)
    for applies, reply in _REPLIES:
        if applies(case):
            return reply(case)
    text = "I cannot tell with this policy, which only measures motion, light and change."
    return (Claim(text=text, frames=case.cite(case.span)), *_summary(case))


def _is_judged(event: Event, reasoning: Reasoning) -> bool:
    """Tell whether an event is the one that the verdict names, whose boundaries were refined."""
    verdict = reasoning.verdict
    return (
        verdict.segment is not None
        and event.category == verdict.category
        and event.segment.overlap(verdict.segment) > 0
    )


def _unseen_thing(case: _Case) -> str | None:
    return next((what for sign, what in _UNSEEN if re.search(sign, case.question)), None)


def _asked_category(case: _Case) -> str | None:
    return next((name for sign, name in _CATEGORY_WORDS if re.search(sign, case.question)), None)


def _says(pattern: str) -> Callable[[_Case], bool]:
    sign = re.compile(pattern)
    return lambda case: sign.search(case.question) is not None


def _asks_unseen(case: _Case) -> bool:
    return _unseen_thing(case) is not None


def _asks_time(case: _Case) -> bool:
    return bool(named_times(case.question)) or _asked_span(case) is not None


def _asks_category(case: _Case) -> bool:
    asks_else = re.search(r"\b(when|where|why|how|what|which)\b", case.question) is not None
    return not asks_else and _asked_category(case) is not None


def _asks_absent(case: _Case) -> bool:
    return _asked_category(case) is not None and case.span is None


def _reply_unseen(case: _Case) -> tuple[Claim, ...]:
    text = (
        f"I cannot tell: this policy measures motion, light and change, not {_unseen_thing(case)}."
    )
    claims = [Claim(text=text, frames=case.cite(case.span))]
    if case.span is not None:
        where = f"The pictures to look at are those from {format_span(case.span)}."
        claims.append(Claim(text=where, frames=case.cite(case.span)))
    return tuple(claims)


def _reply_time(case: _Case) -> tuple[Claim, ...]:
    asked = _asked_span(case)
    windows = case.view.windows
    seen = max(windows, key=lambda one: one.overlap(asked)) if asked is not None else None
    if asked is None or seen is None or seen.overlap(asked) <= 0:
        reach = ", ".join(format_span(window) for window in windows)
        text = f"That part was not looked at: the evidence is from {reach}."
        return (Claim(text=text, frames=case.cite(None)),)
    start, end = max(asked.start, seen.start), min(asked.end, seen.end)
    return _happenings(case, Segment(start=start, end=end))


def _reply_before_after(case: _Case) -> tuple[Claim, ...]:
    window, span = case.view.window, case.span
    if span is None:
        text = "Nothing unusual was measured, so there is no event to look before or after."
        return (Claim(text=text, frames=case.cite(window)),)
    is_before = "before" in case.question
    start, end = (window.start, span.start) if is_before else (span.end, window.end)
    if end <= start:
        side = "before" if is_before else "after"
        text = f"Nothing {side} it was looked at: the event reaches the edge of the evidence."
        return (Claim(text=text, frames=case.cite(span)),)
    return _happenings(case, Segment(start=start, end=end))


def _happenings(case: _Case, span: Segment) -> tuple[Claim, ...]:
    found = [event for event in case.events if event.segment.overlap(span) > 0]
    if not found:
        text = f"From {format_span(span)} nothing unusual was measured."
        return (Claim(text=text, frames=case.cite(span)),)
    claims: list[Claim] = []
    for event in sorted(found[:MAX_OTHER_EVENTS], key=lambda one: one.segment.start):
        claims.extend(event_claims(event, case.view.album)[:2])
    return tuple(claims)


def _reply_category(case: _Case) -> tuple[Claim, ...]:
    asked = _asked_category(case)
    event = case.event
    if event is not None:
        text = f"Yes, {asked} fits what was measured from {format_span(event.segment)}."
        claim = Claim(text=text, frames=case.cite(event.segment))
        return (claim, *event_claims(event, case.view.album)[:2])
    for event in case.events:
        if any(match.pattern.category == asked for match in event.matches):
            text = (
                f"It cannot be excluded: {asked} fits the cues from {format_span(event.segment)}, "
                f"but {event.category} fits them better."
            )
            return (Claim(text=text, frames=case.cite(event.segment)),)
    text = (
        f"Nothing that was measured from {format_span(case.view.window)} fits {asked}; "
        f"{case.view.share:.0%} of it was measured."
    )
    claims = [Claim(text=text, frames=case.cite(None))]
    verdict = case.reasoning.verdict
    if verdict.category is not None and verdict.segment is not None:
        instead = (
            f"The verdict is {verdict.category} from {format_span(verdict.segment)}; "
            "cues can confuse the two, so look at its pictures."
        )
        claims.append(Claim(text=instead, frames=case.cite(verdict.segment)))
    return tuple(claims)


def _reply_count(case: _Case) -> tuple[Claim, ...]:
    events = sorted(case.events, key=lambda one: one.segment.start)
    noun = "event was" if len(events) == 1 else "events were"
    text = f"{len(events)} unusual {noun} measured from {format_span(case.view.window)}."
    claims = [Claim(text=text, frames=case.cite(case.span))]
    claims.extend(
        Claim(
            text=f"{(event.category or 'unusual motion').capitalize()}: "
            f"{format_span(event.segment)}.",
            frames=case.cite(event.segment),
        )
        for event in events
    )
    return tuple(claims)


def _reply_when(case: _Case) -> tuple[Claim, ...]:
    if case.span is None:
        return _summary(case)
    text = f"From {format_span(case.span)}, which is {case.span.duration:.1f} s."
    claims = [Claim(text=text, frames=case.cite(case.span))]
    if case.event is not None:
        peak = case.event.candidate.peak
        frames = case.view.album.near(peak, inside=case.event.segment)
        claims.append(Claim(text=f"It is strongest at {format_time(peak)}.", frames=frames))
    return tuple(claims)


def _reply_where(case: _Case) -> tuple[Claim, ...]:
    event = case.event
    if event is None or event.candidate.box is None:
        text = "The place in the picture was not measured."
        return (Claim(text=text, frames=case.cite(case.span)),)
    peak = event.candidate.peak
    text = f"In the {_place(event.candidate.box)} of the picture, at {format_time(peak)}."
    return (Claim(text=text, frames=case.view.album.near(peak, inside=event.segment, count=2)),)


def _reply_sure(case: _Case) -> tuple[Claim, ...]:
    verdict = case.reasoning.verdict
    what = verdict.category or verdict.label
    if verdict.confidence is None:
        text = f"Not sure enough to decide: {verdict.reason or what}."
        return (Claim(text=text, frames=case.cite(case.span)),)
    text = (
        f"The confidence in {what} is {verdict.confidence:.2f}, from how strong the cues are and "
        "how well they fit; it is not a calibrated probability."
    )
    claims = [Claim(text=text, frames=case.cite(case.span))]
    if case.event is not None and len(case.event.matches) > 1:
        second = case.event.matches[1].pattern.category
        said = f"The next best reading is {second}."
        claims.append(Claim(text=said, frames=case.cite(case.event.segment)))
    return tuple(claims)


def _reply_why(case: _Case) -> tuple[Claim, ...]:
    standing = tuple(claim for claim in case.reasoning.claims if claim.struck is None)
    return standing[:MAX_REASONS] or _summary(case)


def _summary(case: _Case) -> tuple[Claim, ...]:
    verdict = case.reasoning.verdict
    if verdict.label == "inconclusive":
        text = f"It is inconclusive: {verdict.reason}."
    elif verdict.category is not None and verdict.segment is not None:
        text = f"It looks like {verdict.category} from {format_span(verdict.segment)}."
    else:
        text = f"Nothing abnormal was found from {format_span(case.view.window)}."
    claims = [Claim(text=text, frames=case.cite(case.span))]
    if case.event is not None and verdict.label != "normal":
        claims.extend(event_claims(case.event, case.view.album)[1:])
    return tuple(claims)


def _asked_span(case: _Case) -> Segment | None:
    duration = case.view.duration
    return asked_segment(case.question, duration)


def _place(box: Box) -> str:
    column = _third(box.x + box.width / 2, ("left", "centre", "right"))
    row = _third(box.y + box.height / 2, ("upper", "middle", "lower"))
    return "centre" if (row, column) == ("middle", "centre") else f"{row} {column}"


def _third(share: float, names: tuple[str, str, str]) -> str:
    return names[min(2, int(share / THIRD))]


_REPLIES: Final[
    tuple[tuple[Callable[[_Case], bool], Callable[[_Case], tuple[Claim, ...]]], ...]
] = (
    (_asks_unseen, _reply_unseen),
    (_asks_time, _reply_time),
    (_asks_absent, _reply_category),
    (_says(r"\b(before|after|until|since|afterwards|lead up)\b"), _reply_before_after),
    (_says(r"\bhow many\b|\bnumber of\b|\bcount\b"), _reply_count),
    (_says(r"\bhow (sure|certain|confident|reliable)\b|\bconfiden|\bare you sure\b"), _reply_sure),
    (_asks_category, _reply_category),
    (_says(r"\bwhen\b|\bwhat time\b|\bhow long\b|\bduration\b|\bstart|\bend\b"), _reply_when),
    (_says(r"\bwhere\b|\bwhich (side|part|corner)\b"), _reply_where),
    (_says(r"\bwhy\b|\bhow do you know\b|\bevidence\b|\breason"), _reply_why),
    (_says(r"\bwhat\b|\bdescribe\b|\bsummar|\bhappen|\bnormal\b|\babnormal|\banomal"), _summary),
)
"""The first rule that applies answers; what cannot be known comes first."""
