"""The result of a run that a limit ended early: what stands so far, marked as partial."""

from collections.abc import Sequence

from vau_agent.graphs.context import AnalysisContext
from vau_agent.graphs.decisions import decide_video
from vau_agent.graphs.nodes import current_finding
from vau_agent.graphs.reporting import build_result
from vau_agent.graphs.state import AnalysisState
from vau_agent.results import Result
from vau_agent.schemas import Coverage, Finding, Verdict
from vau_agent.tools.triage import TriageResult


def partial_result(state: AnalysisState, context: AnalysisContext, why: str) -> Result:
    """Join the findings so far, the current window's provisional answer among them.

    An anomaly that was found stands; that nothing was found says nothing of what was not looked at.
    """
    current = current_finding(state, context)
    findings = (*context.findings(state), *((current,) if current is not None else ()))
    video = context.reader.info
    measured = (
        context.triage(state) if state["triage_blob"] is not None else _unmeasured(video.duration_s)
    )
    return build_result(
        context,
        video=video,
        measured=measured,
        findings=findings,
        verdict=_verdict(findings, measured.coverage, len(state["windows"]), why),
        stopped=why,
    )


def _verdict(findings: Sequence[Finding], coverage: Coverage, windows: int, why: str) -> Verdict:
    if any(one.verdict.label == "anomalous" for one in findings):
        return decide_video(findings, coverage)
    judged = (
        f"{len(findings)} of {windows} windows were judged" if windows else "nothing was judged"
    )
    return Verdict(label="inconclusive", reason=f"{why}, when {judged}")


def _unmeasured(duration_s: float) -> TriageResult:
    note = "the run was stopped before the video was measured"
    coverage = Coverage(duration_s=duration_s, looked_at_s=0.0, frames=0, share=0.0, note=note)
    return TriageResult(curve=(), candidates=(), coverage=coverage)
