"""Public doubles: a policy that says what a test or an example wants it to say."""

from collections.abc import Sequence

from vau_agent.agent.backends.scripted import ScriptedBackend, ScriptedCompletion
from vau_agent.agent.parsing import (
    render_answer,
    render_reasoning,
    render_reflection,
    render_verification,
)
from vau_agent.agent.policy import Policy
from vau_agent.schemas import (
    Claim,
    Reasoning,
    Reflection,
    Segment,
    ToolCall,
    Verdict,
    Verification,
)


def scripted_backend(
    *,
    initial: Reasoning | Sequence[Reasoning] = (),
    reflections: Sequence[Reflection] = (),
    verifications: Sequence[Verification] = (),
    revisions: Sequence[Reasoning] = (),
    answers: Sequence[Sequence[Claim]] = (),
) -> ScriptedBackend:
    """Build a backend that gives these values, in order, each to its stage.

    `initial` is one reasoning, or one for each window.
    """
    firsts = [initial] if isinstance(initial, Reasoning) else initial
    script = [
        *(ScriptedCompletion(stage="initial_reason", text=render_reasoning(one)) for one in firsts),
        *(ScriptedCompletion(stage="self_reflect", text=render_reflection(o)) for o in reflections),
        *(ScriptedCompletion(stage="verify", text=render_verification(o)) for o in verifications),
        *(ScriptedCompletion(stage="revise", text=render_reasoning(one)) for one in revisions),
        *(ScriptedCompletion(stage="answer", text=render_answer(one)) for one in answers),
    ]
    return ScriptedBackend(script)


def scripted_policy(
    *,
    initial: Reasoning | Sequence[Reasoning] = (),
    reflections: Sequence[Reflection] = (),
    verifications: Sequence[Verification] = (),
    revisions: Sequence[Reasoning] = (),
    answers: Sequence[Sequence[Claim]] = (),
    run_id: str = "scripted",
) -> Policy:
    """Build a policy that gives these values, in order, each to its stage."""
    backend = scripted_backend(
        initial=initial,
        reflections=reflections,
        verifications=verifications,
        revisions=revisions,
        answers=answers,
    )
    return Policy(backend=backend, run_id=run_id)


def normal(text: str = "Nothing unusual happens.", *frames: str) -> Reasoning:
    """Reason that a window is normal."""
    return Reasoning(claims=(Claim(text=text, frames=frames),), verdict=Verdict(label="normal"))


def anomalous(
    category: str, start: float, end: float, *frames: str, text: str | None = None
) -> Reasoning:
    """Reason that a window holds one event."""
    claim = Claim(text=text or f"From {start} to {end} s there is {category}.", frames=frames)
    segment = Segment(start=start, end=end)
    verdict = Verdict(label="anomalous", category=category, segment=segment, confidence=0.8)
    return Reasoning(claims=(claim,), verdict=verdict)


def inconclusive(reason: str, *frames: str) -> Reasoning:
    """Reason that a window cannot be decided."""
    claim = Claim(text=reason[:1].upper() + reason[1:] + ".", frames=frames)
    return Reasoning(claims=(claim,), verdict=Verdict(label="inconclusive", reason=reason))


def accept(text: str = "I checked it and it holds.") -> Reflection:
    """Accept the reasoning."""
    return Reflection(text=text, accept=True)


def doubt(text: str, *looks: Segment, queries: Sequence[str] = ()) -> Reflection:
    """Doubt the reasoning and ask to zoom into `looks`."""
    calls = tuple(
        ToolCall(tool="zoom", arguments={"start_s": look.start, "end_s": look.end})
        for look in looks
    )
    return Reflection(text=text, accept=False, doubts=(text,), queries=tuple(queries), calls=calls)


def abstain(text: str = "Too little is visible.") -> Verification:
    """Abstain from a second opinion."""
    return Verification(text=text, verdict=None)


def second_opinion(reasoning: Reasoning) -> Verification:
    """Give a second opinion that says the same as `reasoning`."""
    return Verification(text=reasoning.text, verdict=reasoning.verdict)
