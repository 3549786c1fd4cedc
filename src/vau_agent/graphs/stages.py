"""What is recorded about each node: when it started, what came of it, what changed."""

from collections.abc import Sequence
from typing import Any, Final, Protocol

from langgraph.runtime import Runtime

from vau_agent.graphs.context import AnalysisContext
from vau_agent.graphs.looks import (
    call_words,
    look_words,
    measured_words,
    search_hit,
    wanted_looks,
)
from vau_agent.graphs.recorder import Recorder, step_key
from vau_agent.graphs.state import AnalysisState, AnalysisUpdate
from vau_agent.results import EvidenceFrame, StageRecord
from vau_agent.schemas import Evidence, Stage, ToolResult


class Node(Protocol):
    """A step: reads state, asks its context, returns what changed."""

    def __call__(self, state: AnalysisState, runtime: Runtime[AnalysisContext]) -> AnalysisUpdate:
        """Take the step."""


_STAGES: Final[dict[str, Stage]] = {
    "initial_reason": "initial_reason",
    "self_reflect": "self_reflect",
    "verify": "verify",
    "revise": "revise",
}


def recorded(name: str, node: Node) -> Node:
    """Wrap a node: its start, its looks, its outcome and a changed verdict become records."""

    def run(state: AnalysisState, runtime: Runtime[AnalysisContext]) -> AnalysisUpdate:
        context = runtime.context
        recorder = context.recorder
        key = step_key(state, name)
        recorder.emit("stage.started", f"{key}/started", {"step": key, "node": name})
        started = recorder.timer()
        update = node(state, runtime)
        seconds = round(recorder.timer() - started, 3)
        _record_frames(key, state, update, context)
        outcome: dict[str, Any] = {"step": key, "node": name, "seconds": seconds}
        if name in _STAGES:
            stage = _stage_record(_STAGES[name], state, update, context, seconds)
            outcome["stage"] = stage.model_dump(mode="json")
        elif name == "triage":
            outcome |= _triage_outcome(state, update, context)
        elif name == "retrieve":
            results = context.results({**state, **update})
            outcome["looks"] = [look_words(one) for one in results]
            _record_searches(key, results, recorder)
        elif name == "close_window":
            (stored,) = update["finding_blobs"]
            outcome["finding"] = context.load_finding(stored).model_dump(mode="json")
        recorder.emit("stage.finished", f"{key}/finished", outcome)
        _record_change(key, state, update, context)
        return update

    run.__name__ = name
    return run


def _record_frames(
    key: str, state: AnalysisState, update: AnalysisUpdate, context: AnalysisContext
) -> None:
    evidence = _new_evidence(state, update, context)
    shown = dict.fromkeys(frame for one in evidence for frame in one.frames)
    if shown:
        frames = [frame.model_dump(mode="json") for frame in shown]
        context.recorder.emit("frames.sampled", f"{key}/frames", {"step": key, "frames": frames})
    warnings = dict.fromkeys(warning for one in evidence for warning in one.warnings)
    for number, warning in enumerate(warnings):
        context.recorder.emit("warning", f"{key}/warning/{number}", {"text": warning})


def _record_searches(key: str, results: Sequence[ToolResult], recorder: Recorder) -> None:
    for number, result in enumerate(results):
        hit = search_hit(result)
        if hit is not None:
            recorder.emit("search.hit", f"{key}/search/{number}", {"step": key, **hit})


def _record_change(
    key: str, state: AnalysisState, update: AnalysisUpdate, context: AnalysisContext
) -> None:
    reasoning = update.get("reasoning")
    if reasoning is None:
        return
    former = state["reasoning"] if "/revise" in key else None
    if former is None or former.verdict != reasoning.verdict:
        context.recorder.emit(
            "verdict.changed",
            f"{key}/verdict",
            {
                "step": key,
                "from": former.verdict.model_dump(mode="json") if former else None,
                "to": reasoning.verdict.model_dump(mode="json"),
            },
        )


def _stage_record(
    stage: Stage,
    state: AnalysisState,
    update: AnalysisUpdate,
    context: AnalysisContext,
    seconds: float,
) -> StageRecord:
    reasoning = update.get("reasoning")
    reflection = update.get("reflection")
    verification = update.get("verification")
    window = state["windows"][state["cursor"]]
    shown = {"window": window, "stage": stage, "round": state["round"], "seconds": seconds}
    if reasoning is not None:
        results = context.results(state) if stage == "revise" else ()
        new = _new_evidence(state, update, context)
        return StageRecord(
            **shown,
            text=reasoning.text,
            verdict=reasoning.verdict,
            claims_kept=tuple(claim for claim in reasoning.claims if claim.struck is None),
            claims_removed=tuple(claim for claim in reasoning.claims if claim.struck is not None),
            looks=(*_measured(new), *(look_words(one) for one in results)),
            frames=_frames(new or _brought(results)),
        )
    if verification is not None:
        return StageRecord(
            **shown,
            text=verification.text,
            verdict=verification.verdict,
            frames=_frames(_brought(context.results(state))),
        )
    assert reflection is not None, f"{stage} leaves reasoning, a reflection or a verification"
    return StageRecord(
        **shown,
        text=reflection.text,
        doubts=reflection.doubts,
        looks=_measured(_new_evidence(state, update, context)),
        calls=tuple(call_words(call) for call in wanted_looks(reflection)),
    )


def _triage_outcome(
    state: AnalysisState, update: AnalysisUpdate, context: AnalysisContext
) -> dict[str, Any]:
    measured = context.triage({**state, **update})
    return {
        "moments": len(measured.curve),
        "candidates": [one.model_dump(mode="json") for one in measured.candidates],
        "coverage": measured.coverage.model_dump(mode="json"),
        "notes": list(measured.notes),
        "windows": [window.model_dump(mode="json") for window in update.get("windows", [])],
    }


def _new_evidence(
    state: AnalysisState, update: AnalysisUpdate, context: AnalysisContext
) -> tuple[Evidence, ...]:
    """Give the evidence that a step added."""
    blobs = update.get("evidence_blobs", [])
    return tuple(context.load_evidence(one) for one in blobs if one not in state["evidence_blobs"])


def _measured(evidence: Sequence[Evidence]) -> tuple[str, ...]:
    """Write what was measured for the policy alone, each remark with its tool."""
    return tuple(
        f"{measurement.tool}: {note}"
        for one in evidence
        for measurement in one.measurements
        for note in measured_words(measurement)
    )


def _brought(results: Sequence[ToolResult]) -> tuple[Evidence, ...]:
    return tuple(one.evidence for one in results if one.evidence is not None)


def _frames(evidence: Sequence[Evidence]) -> tuple[EvidenceFrame, ...]:
    shown = dict.fromkeys(frame for one in evidence for frame in one.frames)
    return tuple(
        EvidenceFrame(frame_id=frame.frame_id, t_s=frame.timestamp, sha256=frame.sha256)
        for frame in shown
    )
