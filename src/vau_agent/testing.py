"""Public doubles: a policy that says what it is told to, and evidence written by hand."""

from collections.abc import Mapping, Sequence

from vau_agent.agent.backends.scripted import ScriptedBackend, ScriptedCompletion
from vau_agent.agent.parsing import (
    render_answer,
    render_reasoning,
    render_reflection,
    render_verification,
)
from vau_agent.agent.policy import Policy
from vau_agent.agent.profile import DEFAULT_PROFILE, ModelProfile
from vau_agent.schemas import (
    Box,
    Candidate,
    Claim,
    Coverage,
    Evidence,
    FrameRef,
    Measurement,
    Reasoning,
    Reflection,
    Segment,
    ToolCall,
    ToolResult,
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
    profile: ModelProfile = DEFAULT_PROFILE,
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
    return ScriptedBackend(script, profile=profile)


def scripted_policy(
    *,
    initial: Reasoning | Sequence[Reasoning] = (),
    reflections: Sequence[Reflection] = (),
    verifications: Sequence[Verification] = (),
    revisions: Sequence[Reasoning] = (),
    answers: Sequence[Sequence[Claim]] = (),
    run_id: str = "scripted",
    profile: ModelProfile = DEFAULT_PROFILE,
) -> Policy:
    """Build a policy that gives these values, in order, each to its stage."""
    backend = scripted_backend(
        initial=initial,
        reflections=reflections,
        verifications=verifications,
        revisions=revisions,
        answers=answers,
        profile=profile,
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


class ImaginedVideo:
    """Builds the evidence that triage and looks would bring from a video; frame ids count on."""

    def __init__(self, duration_s: float = 40.0) -> None:
        self._duration = duration_s
        self._next_frame = 0

    def frames(self, start: float, end: float, *, step: float) -> tuple[FrameRef, ...]:
        """Take a frame every `step` seconds."""
        taken = []
        while start < end:
            taken.append(
                FrameRef(
                    frame_id=f"f{self._next_frame}",
                    timestamp=round(start, 3),
                    pts=round(start * 1000),
                    sha256="0" * 64,
                )
            )
            self._next_frame += 1
            start += step
        return tuple(taken)

    def triage(
        self,
        *candidates: Candidate,
        notes: Sequence[str] = (),
        share: float = 1.0,
        step: float | None = 1.0,
        warnings: Sequence[str] = (),
    ) -> Evidence:
        """Open the whole video as one window; without `step` no frame is shown."""
        end = self._duration
        window = Segment(start=0, end=end)
        return Evidence(
            window=window,
            measurements=(
                Measurement(
                    tool="triage", segment=window, candidates=candidates, notes=tuple(notes)
                ),
            ),
            frames=self.frames(0, end, step=step) if step else (),
            warnings=tuple(warnings),
            coverage=Coverage(
                duration_s=end, looked_at_s=end * share, frames=int(10 * end * share), share=share
            ),
        )

    def zoom(self, start: float, end: float, *candidates: Candidate) -> ToolResult:
        """Look closer at a span; without candidates it is quiet there."""
        segment = Segment(start=start, end=end)
        evidence = Evidence(
            window=segment,
            measurements=(Measurement(tool="zoom", segment=segment, candidates=candidates),),
            frames=self.frames(start, end, step=(end - start) / 8),
        )
        call = ToolCall(tool="zoom", arguments={"start_s": start, "end_s": end})
        return ToolResult(call=call, evidence=evidence)


def candidate(
    start: float,
    end: float,
    cues: Mapping[str, float] | None = None,
    *,
    score: float = 0.8,
    box: Box | None = None,
    **named_cues: float,
) -> Candidate:
    """Propose a segment with these cues, strongest in its middle."""
    return Candidate(
        segment=Segment(start=start, end=end),
        peak=(start + end) / 2,
        score=score,
        cues={**(cues or {}), **named_cues},
        box=box,
    )
