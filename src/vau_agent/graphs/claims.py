"""Every claim cites frames: what cannot show its evidence is struck out, visibly."""

import re
from collections.abc import Iterable, Mapping

from vau_agent.schemas import Claim, FrameRef, Reasoning, Segment, Verdict

_CLOCK = re.compile(r"\b(?:(\d+):)?(\d{1,2}):(\d{2}(?:\.\d+)?)\b")
_TOLERANCE_SECONDS = 1.0
"""A claim may name a time this far outside what was looked at: times are rounded in prose."""


def check_claims(
    claims: Iterable[Claim], frames: Mapping[str, FrameRef], looked_at: Segment
) -> tuple[Claim, ...]:
    """Strike out each claim that cites no frame, an unknown frame, or a time not looked at."""
    return tuple(
        claim.model_copy(update={"struck": reason})
        if (reason := _objection(claim, frames, looked_at))
        else claim
        for claim in claims
    )


def check_reasoning(
    reasoning: Reasoning, frames: Mapping[str, FrameRef], looked_at: Segment
) -> Reasoning:
    """Check the claims, and let no anomaly stand on none of them."""
    claims = check_claims(reasoning.claims, frames, looked_at)
    verdict = reasoning.verdict
    if verdict.label == "anomalous" and all(claim.struck for claim in claims):
        verdict = Verdict(
            label="inconclusive",
            reason=f"{verdict.category} was claimed, but no claim cites a frame that was looked at",
        )
    return Reasoning(claims=claims, verdict=verdict)


def _objection(claim: Claim, frames: Mapping[str, FrameRef], looked_at: Segment) -> str | None:
    if not claim.frames:
        return "cites no frame"
    unknown = [frame for frame in claim.frames if frame not in frames]
    if unknown:
        return f"cites {', '.join(unknown)}, which was never looked at"
    for hours, minutes, seconds in _CLOCK.findall(claim.text):
        named = int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds)
        if not (
            looked_at.start - _TOLERANCE_SECONDS <= named <= looked_at.end + _TOLERANCE_SECONDS
        ):
            return "names a time outside the part that was looked at"
    return None
