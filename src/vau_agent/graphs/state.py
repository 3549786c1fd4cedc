"""What the analysis graph remembers between nodes: small JSON, references instead of pixels."""

import operator
from typing import Annotated, Final, TypedDict

from vau_agent.schemas import (
    Box,
    Candidate,
    Claim,
    Coverage,
    FrameRef,
    Reasoning,
    Reflection,
    Segment,
    ToolCall,
    Verdict,
    Verification,
    VideoInfo,
)

STATE_TYPES: Final = (
    Box,
    Candidate,
    Claim,
    Coverage,
    FrameRef,
    Reasoning,
    Reflection,
    Segment,
    ToolCall,
    Verdict,
    Verification,
    VideoInfo,
)
"""Our types that a checkpoint may hold; loading refuses all others."""


class AnalysisState(TypedDict):
    """State of one analysis. Strings named `*_blob` are sha256 references into the blob store."""

    run_id: str
    video: VideoInfo | None
    triage_blob: str | None
    windows: list[Segment]
    """Parts of the video that are reasoned about one after the other."""
    cursor: int
    """Index of the current window."""
    round: int
    """Reflection rounds finished in the current window."""
    next_frame: int
    conversation_blob: str | None
    """The current window's conversation so far."""
    evidence_blobs: list[str]
    """Evidence of the current window, oldest first."""
    results_blob: str | None
    """What the latest round of looks brought."""
    reasoning: Reasoning | None
    """The latest reasoning about the current window, claims checked; `None` before there is any."""
    reflection: Reflection | None
    verification: Verification | None
    settled: bool
    """The last revision changed nothing of weight."""
    finding_blobs: Annotated[list[str], operator.add]
    """What stood at the end of each finished window."""
    verdict: Verdict | None
    result_blob: str | None


class AnalysisUpdate(TypedDict, total=False):
    """What a node changes; fields as in `AnalysisState`."""

    video: VideoInfo | None
    triage_blob: str | None
    windows: list[Segment]
    cursor: int
    round: int
    next_frame: int
    conversation_blob: str | None
    evidence_blobs: list[str]
    results_blob: str | None
    reasoning: Reasoning | None
    reflection: Reflection | None
    verification: Verification | None
    settled: bool
    finding_blobs: list[str]
    verdict: Verdict | None
    result_blob: str | None


def initial_state(run_id: str) -> AnalysisState:
    """Give the state of a run of which nothing is done yet."""
    return AnalysisState(
        run_id=run_id,
        video=None,
        triage_blob=None,
        windows=[],
        cursor=0,
        round=0,
        next_frame=1,
        conversation_blob=None,
        evidence_blobs=[],
        results_blob=None,
        reasoning=None,
        reflection=None,
        verification=None,
        settled=False,
        finding_blobs=[],
        verdict=None,
        result_blob=None,
    )
