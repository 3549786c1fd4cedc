"""Where the analysis goes next: pure questions with closed sets of answers."""

from typing import Literal

from langgraph.runtime import Runtime

from vau_agent.graphs.context import AnalysisContext
from vau_agent.graphs.state import AnalysisState


def route_ingest(
    state: AnalysisState, runtime: Runtime[AnalysisContext]
) -> Literal["index", "triage"]:
    """Make the video searchable first, where it is to be."""
    return "triage" if runtime.context.retrieval is None else "index"


def route_reasoning(
    state: AnalysisState, runtime: Runtime[AnalysisContext]
) -> Literal["self_reflect", "retrieve", "close_window"]:
    """Reflect on the first answer, unless nothing stirred or no round is allowed.

    What a policy's own detector measured is told to the check of its answer: no answer goes
    unchecked then, however quiet the curve.
    """
    settings = runtime.context.settings.analysis
    unreadable = state["conversation_blob"] is None
    if unreadable or settings.max_rounds == 0 or _is_quiet(state, runtime.context):
        return "close_window"
    return "retrieve" if settings.reflection == "blind" else "self_reflect"


def route_reflection(state: AnalysisState) -> Literal["retrieve", "close_window"]:
    """Gather new evidence when the policy doubts its answer."""
    reflection = state["reflection"]
    return "close_window" if reflection is None or reflection.accept else "retrieve"


def route_evidence(
    state: AnalysisState, runtime: Runtime[AnalysisContext]
) -> Literal["verify", "revise"]:
    """Let a verifier look blindly at the new evidence, where the settings ask for it."""
    return "revise" if runtime.context.settings.analysis.reflection == "critique" else "verify"


def route_revision(
    state: AnalysisState, runtime: Runtime[AnalysisContext]
) -> Literal["self_reflect", "close_window"]:
    """Reflect again while the answer still moves and rounds are left."""
    settings = runtime.context.settings.analysis
    if state["settled"] or state["round"] >= settings.max_rounds or settings.reflection == "blind":
        return "close_window"
    return "self_reflect"


def route_window(state: AnalysisState) -> Literal["initial_reason", "decide"]:
    """Go on to the next window, or decide."""
    return "initial_reason" if state["cursor"] < len(state["windows"]) else "decide"


def _is_quiet(state: AnalysisState, context: AnalysisContext) -> bool:
    if context.detector is not None and context.backend.profile.detector_told == "check":
        return False
    reasoning = state["reasoning"]
    candidates = context.triage(state).candidates
    return not candidates and reasoning is not None and reasoning.verdict.label == "normal"
