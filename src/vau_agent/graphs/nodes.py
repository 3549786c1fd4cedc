"""The steps of the analysis: each reads state, asks its context, returns what changed."""

from collections.abc import Sequence

from langgraph.runtime import Runtime

from vau_agent.agent.profile import ToldAt
from vau_agent.errors import ParseError
from vau_agent.graphs.claims import check_reasoning
from vau_agent.graphs.context import AnalysisContext
from vau_agent.graphs.decisions import decide_video, is_settled
from vau_agent.graphs.frames import FrameKeeper
from vau_agent.graphs.looks import carry_out, wanted_looks
from vau_agent.graphs.recorder import step_key
from vau_agent.graphs.reporting import build_result
from vau_agent.graphs.state import AnalysisState, AnalysisUpdate
from vau_agent.graphs.windows import plan_windows
from vau_agent.schemas import (
    Candidate,
    Evidence,
    Finding,
    Measurement,
    Reasoning,
    Reflection,
    Segment,
    ToolCall,
    Verdict,
    Verification,
)
from vau_agent.tools.cues.appearance import Appearance
from vau_agent.tools.triage import TriageResult, triage
from vau_agent.tools.video.sampling import choose_times
from vau_agent.tools.zoom import VIEW_LONGEST_SIDE


def ingest(state: AnalysisState, runtime: Runtime[AnalysisContext]) -> AnalysisUpdate:
    """Probe the video."""
    return {"video": runtime.context.reader.info}


def index(state: AnalysisState, runtime: Runtime[AnalysisContext]) -> AnalysisUpdate:
    """Make the video searchable; what is made is a cache that other runs share."""
    context = runtime.context
    assert context.retrieval is not None, "index is for videos that are to be searchable"
    context.retrieval.index(
        context.reader, on_progress=lambda share: context.progress("index", share)
    )
    return {}


def measure_video(state: AnalysisState, runtime: Runtime[AnalysisContext]) -> AnalysisUpdate:
    """Measure the anomaly curve and plan the windows."""
    context = runtime.context
    duration = context.reader.info.duration_s
    measured = triage(
        context.reader,
        context.settings.triage,
        on_moment=lambda point: context.progress("triage", point.timestamp / duration),
        appearance=_appearance(context),
        detector=context.detector,
    )
    windows = plan_windows(measured.candidates, duration, context.settings.analysis)
    return {"triage_blob": context.store(measured), "windows": windows}


def _appearance(context: AnalysisContext) -> Appearance | None:
    """Tell how new the looks of a searchable video are."""
    index = None if context.retrieval is None else context.retrieval.find(context.reader)
    return None if index is None else Appearance.of(index)


def initial_reason(state: AnalysisState, runtime: Runtime[AnalysisContext]) -> AnalysisUpdate:
    """Form a first answer about the current window from triage and a few frames."""
    context = runtime.context
    window = state["windows"][state["cursor"]]
    keeper = context.keeper(known=(), next_number=state["next_frame"])
    evidence = _first_evidence(window, context.triage(state), context, keeper)
    frames = {frame.frame_id: frame for frame in evidence.frames}
    update = AnalysisUpdate(
        next_frame=keeper.next_number,
        evidence_blobs=[context.store(evidence)],
        results_blob=None,
        reflection=None,
        verification=None,
        round=0,
        settled=False,
    )
    step = step_key(state, "initial_reason")
    try:
        turn = context.policy(step).initial_reason(evidence)
    except ParseError as error:
        return {**update, "conversation_blob": None, "reasoning": _unreadable(error)}
    context.remark(step, turn)
    return {
        **update,
        "conversation_blob": context.store(turn.conversation),
        "reasoning": check_reasoning(turn.value, frames, window),
    }


def self_reflect(state: AnalysisState, runtime: Runtime[AnalysisContext]) -> AnalysisUpdate:
    """Judge the current reasoning against its evidence, and ask for what is missing."""
    context = runtime.context
    step = step_key(state, "self_reflect")
    told = _held_back(state, context)
    evidence = [*state["evidence_blobs"], *(context.store(one) for one in told)]
    try:
        turn = context.policy(step).self_reflect(context.conversation(state), told)
    except ParseError as error:
        kept = f"The reflection could not be read ({error}); the answer stands as it was."
        return {"reflection": Reflection(text=kept, accept=True), "evidence_blobs": evidence}
    context.remark(step, turn)
    return {
        "reflection": turn.value,
        "conversation_blob": context.store(turn.conversation),
        "evidence_blobs": evidence,
    }


def retrieve(state: AnalysisState, runtime: Runtime[AnalysisContext]) -> AnalysisUpdate:
    """Carry out the looks that were asked for; keep what they bring."""
    context = runtime.context
    known = context.frames(state).values()
    keeper = context.keeper(known=known, next_number=state["next_frame"])
    limit = context.settings.analysis.calls_per_round
    wanted = _wanted_calls(state, context)
    results = list(carry_out(wanted, context.tools, context.reader, keeper, limit=limit))
    brought = [context.store(one.evidence) for one in results if one.evidence is not None]
    return {
        "next_frame": keeper.next_number,
        "results_blob": context.store_results(results),
        "evidence_blobs": [*state["evidence_blobs"], *brought],
    }


def verify(state: AnalysisState, runtime: Runtime[AnalysisContext]) -> AnalysisUpdate:
    """Judge the new evidence without having seen the first answer; abstaining is allowed."""
    context = runtime.context
    brought = [one.evidence for one in context.results(state) if one.evidence is not None]
    if not brought:
        return {"verification": Verification(text="No look brought evidence.", verdict=None)}
    step = step_key(state, "verify")
    try:
        turn = context.policy(step).verify(brought)
    except ParseError as error:
        text = f"The verification could not be read ({error}); it counts as abstained."
        return {"verification": Verification(text=text, verdict=None)}
    context.remark(step, turn)
    return {"verification": turn.value}


def revise(state: AnalysisState, runtime: Runtime[AnalysisContext]) -> AnalysisUpdate:
    """Weigh first answer, verification and new evidence; answer again."""
    context = runtime.context
    former = state["reasoning"]
    assert former is not None, "revise follows initial_reason"
    step = step_key(state, "revise")
    update = AnalysisUpdate(round=state["round"] + 1)
    try:
        turn = context.policy(step).revise(
            context.conversation(state), context.results(state), state["verification"]
        )
    except ParseError:
        return {**update, "reasoning": former, "settled": True}
    context.remark(step, turn)
    window = state["windows"][state["cursor"]]
    revised = check_reasoning(turn.value, context.frames(state), _looked_at(window, state, context))
    min_iou = context.settings.analysis.settled_iou
    return {
        **update,
        "reasoning": revised,
        "conversation_blob": context.store(turn.conversation),
        "settled": is_settled(former.verdict, revised.verdict, min_iou),
    }


def close_window(state: AnalysisState, runtime: Runtime[AnalysisContext]) -> AnalysisUpdate:
    """Keep what stands about the current window and go on to the next."""
    finding = current_finding(state, runtime.context)
    assert finding is not None, "close_window follows initial_reason"
    stored = runtime.context.store(finding)
    return {"finding_blobs": [stored], "cursor": state["cursor"] + 1, "reasoning": None}


def current_finding(state: AnalysisState, context: AnalysisContext) -> Finding | None:
    """Give what stands about the current window; `None` before anything was said of it."""
    reasoning = state["reasoning"]
    if reasoning is None:
        return None
    frames = context.frames(state)
    standing = [claim for claim in reasoning.claims if claim.struck is None]
    cited = dict.fromkeys(frame for claim in standing for frame in claim.frames)
    return Finding(
        window=state["windows"][state["cursor"]],
        verdict=reasoning.verdict,
        claims=reasoning.claims,
        frames=tuple(frames[frame] for frame in cited),
        rounds=state["round"],
        conversation=state["conversation_blob"] or "",
    )


def decide(state: AnalysisState, runtime: Runtime[AnalysisContext]) -> AnalysisUpdate:
    """Join the windows' findings into one verdict about the video."""
    context = runtime.context
    return {"verdict": decide_video(context.findings(state), context.triage(state).coverage)}


def report(state: AnalysisState, runtime: Runtime[AnalysisContext]) -> AnalysisUpdate:
    """Put everything the run states into one document."""
    context = runtime.context
    video, verdict = state["video"], state["verdict"]
    assert video is not None and verdict is not None, "report follows ingest and decide"
    result = build_result(
        context,
        video=video,
        measured=context.triage(state),
        findings=context.findings(state),
        verdict=verdict,
    )
    return {"result_blob": context.blobs.put_json(result.model_dump(mode="json", by_alias=True))}


def _first_evidence(
    window: Segment, measured: TriageResult, context: AnalysisContext, keeper: FrameKeeper
) -> Evidence:
    candidates = _inside(measured.candidates, window)
    peaks = () if context.backend.profile.wants_even_frames else candidates
    wanted = choose_times(window, peaks, context.settings.analysis.frames_per_window)
    shown = context.reader.frames_at(wanted, longest_side=VIEW_LONGEST_SIDE)
    triaged = Measurement(
        tool="triage", segment=window, candidates=candidates, notes=measured.notes
    )
    return Evidence(
        window=window,
        measurements=(triaged, *_detected(window, context, "first")),
        frames=keeper.keep(shown),
        warnings=context.reader.info.warnings,
        coverage=measured.coverage,
    )


def _held_back(state: AnalysisState, context: AnalysisContext) -> tuple[Evidence, ...]:
    """Give what the first answer about a window was not told, for its check."""
    window = state["windows"][state["cursor"]]
    detected = _detected(window, context, "check") if state["round"] == 0 else ()
    return (Evidence(window=window, measurements=detected),) if detected else ()


def _detected(window: Segment, context: AnalysisContext, moment: ToldAt) -> tuple[Measurement, ...]:
    """Give what the policy's own detector measures, where it is to be told at this moment."""
    if context.detector is None or context.backend.profile.detector_told != moment:
        return ()
    return (context.detector.measure(context.reader, window),)


def _inside(candidates: Sequence[Candidate], window: Segment) -> tuple[Candidate, ...]:
    return tuple(one for one in candidates if one.segment.overlap(window) > 0)


def _looked_at(window: Segment, state: AnalysisState, context: AnalysisContext) -> Segment:
    """Give the window and everything that looks showed beyond it."""
    spans = [window, *(one.window for one in context.evidence(state))]
    return Segment(start=min(one.start for one in spans), end=max(one.end for one in spans))


def _unreadable(error: ParseError) -> Reasoning:
    reason = f"the policy's answer could not be read: {error}"
    return Reasoning(claims=(), verdict=Verdict(label="inconclusive", reason=reason))


def _wanted_calls(state: AnalysisState, context: AnalysisContext) -> tuple[ToolCall, ...]:
    if state["reflection"] is not None:
        return wanted_looks(state["reflection"])
    window = state["windows"][state["cursor"]]
    candidates = _inside(context.triage(state).candidates, window)
    looks = [one.segment for one in candidates] or [window]
    return tuple(
        ToolCall(tool="zoom", arguments={"start_s": look.start, "end_s": look.end})
        for look in looks
    )
