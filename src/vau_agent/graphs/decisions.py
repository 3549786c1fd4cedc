"""From findings to the video's verdict: pure functions."""

from collections.abc import Sequence
from typing import Final

from vau_agent.schemas import Coverage, Finding, Severity, Verdict

MIN_COVERAGE: Final = 0.5
"""Below this share of the video looked at, 'nothing found' is not 'nothing there'."""

_DANGEROUS: Final = frozenset(
    {
        "abuse",
        "arson",
        "assault",
        "crowd panic",
        "explosion",
        "fall",
        "fighting",
        "fire",
        "road accident",
        "robbery",
        "shooting",
    }
)


def decide_video(findings: Sequence[Finding], coverage: Coverage) -> Verdict:
    """Join findings: an anomaly stands, else a doubt stands, else the video is normal."""
    anomalous = [one.verdict for one in findings if one.verdict.label == "anomalous"]
    if anomalous:
        return max(anomalous, key=lambda verdict: verdict.confidence or 0.0)
    doubts = [one.verdict for one in findings if one.verdict.label == "inconclusive"]
    if doubts:
        return doubts[0]
    if coverage.worth < MIN_COVERAGE:
        share = f"{coverage.share:.0%}"
        return Verdict(label="inconclusive", reason=f"only {share} of the video could be looked at")
    confidences = [one.verdict.confidence for one in findings if one.verdict.confidence is not None]
    return Verdict(label="normal", confidence=min(confidences, default=None))


def severity_of(verdict: Verdict) -> Severity:
    """Rate how soon a person should look: 2 now, 1 some time, 0 never."""
    if verdict.label == "normal":
        return 0
    return 2 if verdict.category in _DANGEROUS else 1


def is_settled(former: Verdict, revised: Verdict, min_iou: float) -> bool:
    """Tell whether a revision left label, category and segment as they were."""
    if (former.label, former.category) != (revised.label, revised.category):
        return False
    if former.segment is None or revised.segment is None:
        return former.segment is revised.segment
    return former.segment.iou(revised.segment) >= min_iou
