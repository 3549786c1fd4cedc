"""The policy: typed calls over an append-only conversation.

Each call appends its task, asks the backend, reads the completion, and gives value and conversation
back; a completion that cannot be read is complained about once. Holds no state: what a call knows
is in the conversation, so a run can be taken up anywhere.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from vau_agent.agent.backends.base import Backend, Completion, GenerationSettings
from vau_agent.agent.conversation import (
    Conversation,
    EvidencePart,
    FramePart,
    Message,
    Part,
    TextPart,
)
from vau_agent.agent.evidence import evidence_fence, quote_data, render_evidence
from vau_agent.agent.looks import render_example, render_looks
from vau_agent.agent.parsing import (
    parse_answer,
    parse_reasoning,
    parse_reflection,
    parse_verification,
    render_verification,
)
from vau_agent.agent.prompting import load_prompt
from vau_agent.errors import ParseError
from vau_agent.schemas import (
    CATEGORIES,
    Claim,
    Evidence,
    Reasoning,
    Reflection,
    Segment,
    Stage,
    ToolResult,
    Verification,
)

MAX_QUOTED_CHARS: Final = 4_000
"""How much of an unreadable completion stays in the conversation when it is asked for again."""

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn(Generic[T]):
    """What one call brought."""

    value: T
    conversation: Conversation
    """Up to and with the completion; the next turn is appended to it."""
    completion: Completion
    salvaged: bool = False
    """Whether the value was read leniently, from a completion that does not follow its format."""
    remarks: tuple[str, ...] = ()
    """What a person should know about how the value was read, each one sentence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """Asks one backend, stage by stage.

    Every method raises `ParseError` when the second completion cannot be read either, and passes on
    the backend's `GenerationError` and `ContextOverflowError`.
    """

    backend: Backend
    run_id: str
    """Makes the fence around quoted data."""
    generation: GenerationSettings = field(default_factory=GenerationSettings)
    max_calls: int = 4
    """Tool calls that a reflection is told it may make."""
    tools: tuple[str, ...] = ()
    """One line a tool that a reflection may ask for: its name in backticks, what it takes, what it
    brings."""

    def initial_reason(self, evidence: Evidence) -> Turn[Reasoning]:
        """Judge a window: opens its conversation."""
        window = evidence.window
        task = load_prompt("initial_reason").render(**_span(window))
        parts = (*self._evidence_parts((evidence,), shown=()), TextPart(text=task))
        conversation = _append(self._open(), "initial_reason", parts)
        return self._ask(conversation, lambda text: parse_reasoning(text, limits=window))

    def self_reflect(self, conversation: Conversation) -> Turn[Reflection]:
        """Judge the reasoning that the conversation ends with, and ask for looks."""
        task = load_prompt("self_reflect").render(
            tools=render_looks(self.tools, calls=self.max_calls),
            example=render_example(self.tools),
        )
        asked = _append(conversation, "self_reflect", (TextPart(text=task),))
        return self._ask(asked, parse_reflection)

    def verify(self, evidence: Sequence[Evidence]) -> Turn[Verification]:
        """Judge retrieved evidence without any earlier answer, in a conversation of its own.

        Raises:
            ValueError: There is no evidence to judge.
        """
        span = _hull(evidence)
        task = load_prompt("verify").render(**_span(span))
        parts = (*self._evidence_parts(evidence, shown=()), TextPart(text=task))
        conversation = _append(self._open(), "verify", parts)
        return self._ask(conversation, lambda text: parse_verification(text, limits=span))

    def revise(
        self,
        conversation: Conversation,
        results: Sequence[ToolResult],
        verification: Verification | None = None,
    ) -> Turn[Reasoning]:
        """Decide again after the looks that a reflection asked for."""
        evidence = [result.evidence for result in results if result.evidence is not None]
        parts: list[Part] = list(self._evidence_parts(evidence, shown=_frame_ids(conversation)))
        parts.extend(
            TextPart(text=f"{result.call.tool} brought nothing: {result.error or 'no evidence'}")
            for result in results
            if result.evidence is None
        )
        if verification is not None:
            parts.append(TextPart(text=render_verification(verification)))
        parts.append(TextPart(text=load_prompt("revise").render()))
        asked = _append(conversation, "revise", tuple(parts))
        limits = _hull(asked.evidence)
        return self._ask(asked, lambda text: parse_reasoning(text, limits=limits))

    def answer(
        self, conversation: Conversation, question: str, evidence: Sequence[Evidence] = ()
    ) -> Turn[tuple[Claim, ...]]:
        """Answer a question about a window that has been judged.

        The question is the last part of its turn, word for word.
        """
        task = load_prompt("answer").render()
        parts = (
            *self._evidence_parts(evidence, shown=_frame_ids(conversation)),
            TextPart(text=task),
            TextPart(text=question),
        )
        return self._ask(_append(conversation, "answer", parts), parse_answer)

    def _open(self) -> Conversation:
        text = load_prompt("system").render(
            fence=evidence_fence(self.run_id), categories=", ".join(CATEGORIES)
        )
        message = Message(role="system", parts=(TextPart(text=text),))
        return Conversation(messages=(message,))

    def _evidence_parts(
        self, evidence: Sequence[Evidence], *, shown: frozenset[str] | tuple[()]
    ) -> tuple[Part, ...]:
        """Give evidence, then its frames in time order; a frame is shown once."""
        fence = evidence_fence(self.run_id)
        tables = [
            EvidencePart(evidence=one, text=quote_data(render_evidence(one), fence))
            for one in evidence
        ]
        frames = {frame.frame_id: frame for one in evidence for frame in one.frames}
        new = sorted(
            (frame for frame_id, frame in frames.items() if frame_id not in shown),
            key=lambda frame: frame.timestamp,
        )
        return (*tables, *(FramePart(frame=frame) for frame in new))

    def _ask(self, conversation: Conversation, parse: Callable[[str], T]) -> Turn[T]:
        completion = self.backend.generate(conversation, self.generation)
        try:
            return _turn(conversation, completion, parse(completion.text))
        except ParseError as error:
            complaint = load_prompt("repair").render(complaint=str(error))
        stage = conversation.stage
        quoted = Message(
            role="assistant",
            parts=(TextPart(text=completion.text[:MAX_QUOTED_CHARS]),),
            stage=stage,
        )
        asked = _append(conversation.with_message(quoted), stage, (TextPart(text=complaint),))
        second = self.backend.generate(asked, self.generation)
        return _turn(asked, second, parse(second.text))


def _turn(conversation: Conversation, completion: Completion, value: T) -> Turn[T]:
    message = Message(
        role="assistant", parts=(TextPart(text=completion.text),), stage=conversation.stage
    )
    return Turn(value=value, conversation=conversation.with_message(message), completion=completion)


def _append(conversation: Conversation, stage: Stage, parts: tuple[Part, ...]) -> Conversation:
    return conversation.with_message(Message(role="user", parts=parts, stage=stage))


def _frame_ids(conversation: Conversation) -> frozenset[str]:
    return frozenset(frame.frame_id for frame in conversation.frames)


def _span(segment: Segment) -> dict[str, str]:
    return {"start": f"{segment.start:.2f}", "end": f"{segment.end:.2f}"}


def _hull(evidence: Sequence[Evidence]) -> Segment:
    """Give the span from the first to the last moment that the evidence speaks of."""
    if not evidence:
        raise ValueError("a judgement needs evidence")
    return Segment(
        start=min(one.window.start for one in evidence),
        end=max(one.window.end for one in evidence),
    )
