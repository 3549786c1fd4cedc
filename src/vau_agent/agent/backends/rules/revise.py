"""Revised reasoning: first verdict against new measurements and the blind second look.

A verdict changes only on a new measurement that comes with frames. An opinion alone, a remark or a
text changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from vau_agent.agent.backends.rules.boundaries import belongs, refine_segment
from vau_agent.agent.backends.rules.judging import (
    ALARM,
    CLEAR_MARGIN,
    CONVINCING,
    MAX_CONFIDENCE,
    STRONG,
    Event,
    Judgement,
    find_events,
    judge_view,
)
from vau_agent.agent.backends.rules.patterns import match_patterns
from vau_agent.agent.backends.rules.reason import event_claims, explain
from vau_agent.agent.backends.rules.view import View, candidates_of, format_span, format_time, shows
from vau_agent.schemas import (
    Candidate,
    Claim,
    Measurement,
    Reasoning,
    Score,
    Segment,
    Verdict,
    Verification,
)

AGREEMENT: Final = 0.05
"""What an independent second look that agrees adds to the confidence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Brought:
    """What came in after the reasoning that is to be revised."""

    looks: tuple[Measurement, ...]
    view: View
    """Of everything, old and new."""
    verification: Verification | None

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """New candidates."""
        return candidates_of(self.looks)

    def cite(self, segment: Segment) -> tuple[str, ...]:
        """Cite frames spread over a span."""
        return self.view.album.spread(segment, count=3)


def revise(former: Reasoning, brought: Brought) -> Reasoning:
    """Decide again."""
    if not brought.looks or not any(brought.cite(look.segment) for look in brought.looks):
        return _unchanged(former, "No new evidence came in, so nothing changes.", brought)
    if former.verdict.label == "anomalous" and former.verdict.segment is not None:
        return _revise_event(former, former.verdict.segment, brought)
    return _revise_quiet(former, brought)


def _revise_event(former: Reasoning, segment: Segment, brought: Brought) -> Reasoning:
    same = [one for one in brought.candidates if belongs(one, segment)]
    if any(one.score >= ALARM for one in same):
        return _refine(former, segment, same, brought)
    peak = _peak(segment, brought.view)
    covering = [look for look in brought.looks if shows(look, peak)]
    if not covering:
        text = f"The new looks do not show {format_time(peak)}, so the verdict stands."
        return _unchanged(former, text, brought)
    if _is_seen_abnormal(brought.verification):
        text = "The second look sees something abnormal too, so the verdict stands."
        return _unchanged(former, text, brought)
    return _lower(former, segment, covering[0], brought)


def _refine(
    former: Reasoning, segment: Segment, same: Sequence[Candidate], brought: Brought
) -> Reasoning:
    """Keep the event; move its boundaries and its category to what the closer look shows."""
    refined = refine_segment(segment, brought.looks)
    standing = [one for one in brought.view.candidates if belongs(one, segment)]
    pooled = _pool(standing, refined)
    event = Event(candidate=pooled, segment=refined, matches=match_patterns(pooled))
    category = _category(former.verdict.category or "", event, same, brought.verification)
    claims = list(event_claims(_led_by(category, event), brought.view.album))
    claims.extend(_change_claims(former.verdict, category, segment, refined, brought))
    verdict = Verdict(
        label="anomalous",
        category=category,
        segment=refined,
        confidence=_confidence(former.verdict, category, event, brought.verification),
    )
    return Reasoning(claims=_with_other_claims(claims, former), verdict=verdict)


def _led_by(category: str, event: Event) -> Event:
    """Put the pattern of the verdict's category first, so that the claims explain the verdict."""
    matches = sorted(event.matches, key=lambda match: match.pattern.category != category)
    return replace(event, matches=tuple(matches))


def _pool(candidates: Sequence[Candidate], segment: Segment) -> Candidate:
    """Read all that stands about one event as one candidate: looks show parts of it."""
    strongest = max(candidates, key=lambda one: one.score)
    cues: dict[str, Score] = {}
    for one in candidates:
        for name, value in one.cues.items():
            cues[name] = max(value, cues.get(name, 0.0))
    placed = sorted((one for one in candidates if one.box), key=lambda one: -one.score)
    return Candidate(
        segment=segment,
        peak=strongest.peak,
        score=strongest.score,
        cues=cues,
        box=placed[0].box if placed else None,
    )


def _category(
    former: str,
    event: Event,
    same: Sequence[Candidate],
    verification: Verification | None,
) -> str:
    """Change the category only when the new measurements themselves fit another clearly better."""
    found = event.category
    if found is None or found == former:
        return former
    new = {match.pattern.category for one in same for match in match_patterns(one)}
    ratings = {match.pattern.category: match.rating for match in event.matches}
    is_clear = event.rating - ratings.get(former, 0.0) >= CLEAR_MARGIN
    second = verification.verdict.category if verification and verification.verdict else None
    return found if found in new and is_clear and second in (None, found) else former


def _change_claims(
    former: Verdict, category: str, segment: Segment, refined: Segment, brought: Brought
) -> list[Claim]:
    album = brought.view.album
    claims = []
    if refined.start != segment.start:
        text = (
            f"The start moves from {format_time(segment.start)} to {format_time(refined.start)}, "
            "where the closer look first measures it."
        )
        claims.append(Claim(text=text, frames=album.near(refined.start, count=2)))
    if refined.end != segment.end:
        text = (
            f"The end moves from {format_time(segment.end)} to {format_time(refined.end)}, "
            "where the closer look last measures it."
        )
        claims.append(Claim(text=text, frames=album.near(refined.end, count=2)))
    if category != former.category:
        text = (
            f"The category changes from {former.category} to {category}, "
            "which the closer look fits clearly better."
        )
        claims.append(Claim(text=text, frames=brought.cite(refined)))
    if not claims:
        text = "The closer look confirms category, start and end."
        claims.append(Claim(text=text, frames=brought.cite(refined)))
    return claims


def _confidence(
    former: Verdict, category: str, event: Event, verification: Verification | None
) -> Score:
    is_kept = category == former.category
    best = max(former.confidence or 0.0, event.confidence) if is_kept else event.confidence
    second = verification.verdict if verification is not None else None
    if second is not None and second.category == category:
        return round(min(MAX_CONFIDENCE, best + AGREEMENT), 2)
    return best


def _lower(former: Reasoning, segment: Segment, look: Measurement, brought: Brought) -> Reasoning:
    """Take the verdict back: a closer look at its peak measured nothing that supports it."""
    frames = brought.cite(look.segment)
    if not frames:
        return _unchanged(former, "The closer look brought no frames, so nothing changes.", brought)
    score = _highest_score(segment, brought.view)
    says_normal = (
        brought.verification is None
        or brought.verification.verdict is None
        or brought.verification.verdict.label == "normal"
    )
    text = (
        f"The closer look at {format_span(look.segment)} measured nothing that supports "
        f"{former.verdict.category}."
    )
    claims = (*_standing(former), Claim(text=text, frames=frames))
    if says_normal and score < STRONG and brought.verification is not None:
        return Reasoning(claims=claims, verdict=Verdict(label="normal", confidence=0.5))
    reason = (
        f"{former.verdict.category} was measured at {format_span(segment)} with score "
        f"{score:.2f}, but a closer look did not confirm it"
    )
    verdict = Verdict(label="inconclusive", segment=segment, reason=reason)
    return Reasoning(claims=claims, verdict=verdict)


def _revise_quiet(former: Reasoning, brought: Brought) -> Reasoning:
    """Raise a quiet or open verdict when new looks show an event, or settle it."""
    judgement = judge_view(brought.view)
    new = find_events(brought.candidates)
    if new and new[0].support >= CONVINCING and judgement.verdict.label == "anomalous":
        text = (
            f"The closer look shows {new[0].category} from {format_span(new[0].segment)}, "
            f"so the verdict changes from {former.verdict.label}."
        )
        frames = brought.view.album.near(new[0].candidate.peak, inside=new[0].segment, count=2)
        if not frames:
            return _unchanged(former, "No new frame shows a change, so nothing changes.", brought)
        claims = (*explain(judgement, brought.view), Claim(text=text, frames=frames))
        return Reasoning(claims=claims, verdict=judgement.verdict)
    if former.verdict.label == "inconclusive":
        return _settle_open(former, judgement, brought)
    return _unchanged(former, "The closer look shows nothing new, so nothing changes.", brought)


def _settle_open(former: Reasoning, judgement: Judgement, brought: Brought) -> Reasoning:
    """Close an open case as normal only when the open moment itself was looked at and is quiet."""
    segment = former.verdict.segment
    if segment is None or brought.candidates:
        return _unchanged(former, "The closer look does not decide either.", brought)
    peak = _peak(segment, brought.view)
    covering = [look for look in brought.looks if shows(look, peak)]
    if not covering or _highest_score(segment, brought.view) >= STRONG:
        return _unchanged(former, "The closer look does not decide either.", brought)
    text = f"The closer look at {format_span(covering[0].segment)} measured nothing unusual."
    claims = (*_standing(former), Claim(text=text, frames=brought.cite(covering[0].segment)))
    return Reasoning(claims=claims, verdict=Verdict(label="normal", confidence=0.5))


def _unchanged(former: Reasoning, why: str, brought: Brought) -> Reasoning:
    where = former.verdict.segment or brought.view.window
    claims = (*_standing(former), Claim(text=why, frames=brought.cite(where)))
    return Reasoning(claims=claims, verdict=former.verdict)


def _standing(former: Reasoning) -> tuple[Claim, ...]:
    return tuple(claim for claim in former.claims if claim.struck is None)


def _with_other_claims(claims: list[Claim], former: Reasoning) -> tuple[Claim, ...]:
    """Keep what the first reasoning said of other events."""
    others = [claim for claim in _standing(former) if claim.text.startswith("Apart from that")]
    return (*claims, *others)


def _peak(segment: Segment, view: View) -> float:
    inside = [one for one in candidates_of(view.first) if segment.overlap(one.segment) > 0]
    if not inside:
        return (segment.start + segment.end) / 2
    return max(inside, key=lambda one: one.score).peak


def _highest_score(segment: Segment, view: View) -> Score:
    return max(
        (one.score for one in view.candidates if one.segment.overlap(segment) > 0), default=0
    )


def _is_seen_abnormal(verification: Verification | None) -> bool:
    if verification is None or verification.verdict is None:
        return False
    return verification.verdict.label == "anomalous"
