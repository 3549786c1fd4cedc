"""Blind second look: judges retrieved measurements alone, and abstains when they do not decide."""

from typing import Final

from vau_agent.agent.backends.rules.judging import (
    CLEAR_MARGIN,
    Judgement,
    judge,
)
from vau_agent.agent.backends.rules.reason import event_claims
from vau_agent.agent.backends.rules.view import View, format_span
from vau_agent.schemas import Verification

MIN_LOOK_S: Final = 1.0
"""A quiet look shorter than this shows nothing: it has no time to compare with."""


def verify(view: View) -> Verification:
    """Judge what looks brought, without any earlier answer."""
    measured = [one for one in view.looks if one.segment.duration >= MIN_LOOK_S]
    if not measured:
        return Verification(text="Too little was looked at to decide.", verdict=None)
    spans = ", ".join(format_span(one.segment) for one in measured)
    judgement = judge(view.candidates, share=1.0, has_frames=bool(view.album.frames))
    if not judgement.events:
        text = f"Nothing unusual was measured in {spans}."
        return Verification(text=text, verdict=judgement.verdict)
    why_not = _why_not(judgement)
    said = " ".join(claim.text for claim in event_claims(judgement.events[0], view.album))
    if why_not is not None:
        return Verification(text=f"I looked at {spans}. {said} {why_not}", verdict=None)
    return Verification(text=f"I looked at {spans}. {said}", verdict=judgement.verdict)


def _why_not(judgement: Judgement) -> str | None:
    best = judgement.events[0]
    if judgement.verdict.label == "inconclusive":
        return f"I abstain: {judgement.verdict.reason}."
    if judgement.verdict.label == "anomalous" and best.margin < CLEAR_MARGIN:
        return "I abstain: two categories fit equally well."
    return None
