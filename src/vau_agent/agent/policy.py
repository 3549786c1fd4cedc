"""The policy: typed calls over an append-only conversation.

Each call appends its task, asks the backend, reads the completion, and gives value and conversation
back. A completion that cannot be read is complained about once; what cannot be read then either is
read leniently (`salvage`). Holds no state: what a call knows is in the conversation, so a run can
be taken up anywhere.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Generic, TypeVar

from vau_agent.agent.backends.base import Backend, Completion, GenerationSettings
from vau_agent.agent.calibration import Calibration, anomaly_probability, score_verdict
from vau_agent.agent.conversation import (
    Conversation,
    Message,
    Part,
    TextPart,
)
from vau_agent.agent.dialects import Dialect, find_dialect
from vau_agent.agent.evidence import evidence_fence
from vau_agent.agent.looks import render_example, render_looks
from vau_agent.agent.objects import describe_fields, response_schema
from vau_agent.agent.parsing import (
    parse_answer,
    parse_reasoning,
    parse_reflection,
    parse_verification,
    render_verification,
)
from vau_agent.agent.salvage import (
    Salvage,
    salvage_answer,
    salvage_reasoning,
    salvage_reflection,
    salvage_verification,
)
from vau_agent.errors import ContextOverflowError, ParseError
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

LENIENT: Final = "The policy did not follow its format, and was read leniently."
"""First remark of a turn that was salvaged."""

T = TypeVar("T")
J = TypeVar("J", Reasoning, Verification)


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn(Generic[T]):
    """What one call brought."""

    value: T
    conversation: Conversation
    """Up to and with the latest completion; the next turn is appended to it."""
    completion: Completion
    """The one that the value was read from."""
    salvaged: bool = False
    """Whether the value was read leniently, from a completion that does not follow its format."""
    remarks: tuple[str, ...] = ()
    """What a person should know about how the value was read, each one sentence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """Asks one backend, stage by stage.

    Every method raises `ParseError` when neither of two completions can be read, even leniently,
    and passes on the backend's `GenerationError` and `ContextOverflowError`.
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
    calibration: Calibration | None = None
    """Turns the probability of a verdict's token into how often such a verdict is right."""

    def initial_reason(self, evidence: Evidence) -> Turn[Reasoning]:
        """Judge a window: opens its conversation."""
        window = evidence.window
        task = self._dialect.ask("initial_reason", **self._dialect.span(window))
        parts = (*self._show((evidence,)), TextPart(text=task))
        conversation = _append(self._open(), "initial_reason", parts)
        turn = self._ask(conversation, _reading_reasoning(window))
        return replace(turn, value=self._score(turn.value, turn))

    def self_reflect(
        self, conversation: Conversation, evidence: Sequence[Evidence] = ()
    ) -> Turn[Reflection]:
        """Judge the reasoning that the conversation ends with, and ask for looks.

        Args:
            conversation: With the reasoning as its last turn.
            evidence: What was held back from the first reasoning, so that it can be checked.
        """
        task = self._dialect.ask(
            "self_reflect",
            tools=render_looks(self.tools, calls=self.max_calls),
            example=render_example(self.tools),
        )
        told = self._show(evidence, after=conversation)
        asked = _append(conversation, "self_reflect", (*told, TextPart(text=task)))
        return self._ask(asked, _Reading(parse=parse_reflection, salvage=salvage_reflection))

    def verify(self, evidence: Sequence[Evidence]) -> Turn[Verification]:
        """Judge retrieved evidence without any earlier answer, in a conversation of its own.

        Raises:
            ValueError: There is no evidence to judge.
        """
        span = _hull(evidence)
        task = self._dialect.ask("verify", **self._dialect.span(span))
        parts = (*self._show(evidence), TextPart(text=task))
        conversation = _append(self._open(), "verify", parts)
        reading = _Reading(
            parse=lambda text: parse_verification(text, limits=span),
            salvage=lambda texts: salvage_verification(texts, limits=span),
        )
        turn = self._ask(conversation, reading)
        return replace(turn, value=self._score(turn.value, turn, may_abstain=True))

    def revise(
        self,
        conversation: Conversation,
        results: Sequence[ToolResult],
        verification: Verification | None = None,
    ) -> Turn[Reasoning]:
        """Decide again after the looks that a reflection asked for."""
        evidence = [result.evidence for result in results if result.evidence is not None]
        parts: list[Part] = list(self._show(evidence, after=conversation))
        parts.extend(
            TextPart(text=self._dialect.failure(result))
            for result in results
            if result.evidence is None
        )
        if verification is not None:
            parts.append(TextPart(text=render_verification(verification)))
        parts.append(TextPart(text=self._dialect.ask("revise")))
        asked = _append(conversation, "revise", tuple(parts))
        turn = self._ask(asked, _reading_reasoning(_hull(asked.evidence)))
        return replace(turn, value=self._score(turn.value, turn))

    def answer(
        self, conversation: Conversation, question: str, evidence: Sequence[Evidence] = ()
    ) -> Turn[tuple[Claim, ...]]:
        """Answer a question about a window that has been judged.

        The question is the last part of its turn, word for word.
        """
        parts = (
            *self._show(evidence, after=conversation),
            TextPart(text=self._dialect.ask("answer")),
            TextPart(text=question),
        )
        asked = _append(conversation, "answer", parts)
        return self._ask(asked, _Reading(parse=parse_answer, salvage=salvage_answer))

    @property
    def _dialect(self) -> Dialect:
        return find_dialect(self.backend.profile.prompts)

    def _open(self) -> Conversation:
        text = self._dialect.ask(
            "system", fence=evidence_fence(self.run_id), categories=", ".join(CATEGORIES)
        )
        message = Message(role="system", parts=(TextPart(text=text),))
        return Conversation(messages=(message,))

    def _show(
        self, evidence: Sequence[Evidence], *, after: Conversation | None = None
    ) -> tuple[Part, ...]:
        """Give evidence and its frames, but those that the conversation before shows already."""
        known = {frame.frame_id for frame in after.frames} if after is not None else set()
        fence = evidence_fence(self.run_id)
        return self._dialect.show(evidence, known=known, fence=fence)

    def _ask(self, conversation: Conversation, reading: "_Reading[T]") -> Turn[T]:
        first = self.backend.generate(conversation, self.generation)
        try:
            value = reading.parse(first.text)
        except ParseError as error:
            return self._ask_again(conversation, first, error, reading)
        return Turn(
            value=value, conversation=_with_completion(conversation, first), completion=first
        )

    def _ask_again(
        self,
        conversation: Conversation,
        first: Completion,
        error: ParseError,
        reading: "_Reading[T]",
    ) -> Turn[T]:
        """Complain about the first completion; read leniently what cannot be read then either."""
        stage = conversation.stage
        complaint = self._dialect.ask(
            "repair", complaint=self._complaint(first, error), fields=describe_fields(stage)
        )
        quoted = _with_completion(conversation, first, limit=MAX_QUOTED_CHARS)
        asked = _append(quoted, stage, (TextPart(text=complaint),))
        schema = response_schema(stage) if self._dialect.knows_objects else None
        held = self.generation.model_copy(update={"response_schema": schema})
        try:
            second = self.backend.generate(asked, held)
        except ContextOverflowError:  # no room to complain in: what there is has to do
            return _salvaged(quoted, (first,), reading)
        try:
            value = reading.parse(second.text)
        except ParseError:
            answered = _with_completion(asked, second, limit=MAX_QUOTED_CHARS)
            return _salvaged(answered, (second, first), reading)
        return Turn(value=value, conversation=_with_completion(asked, second), completion=second)

    def _complaint(self, completion: Completion, error: ParseError) -> str:
        if completion.finish_reason != "length":
            return str(error)
        limit = self.generation.max_new_tokens
        return f"{error}; it was cut off at {limit} tokens, so write less"

    def _score(self, value: J, turn: Turn[J], *, may_abstain: bool = False) -> J:
        """Take the verdict's confidence from its token, where the backend tells probabilities.

        Not when the value was salvaged: which token began the answer is not known then.
        """
        choice = turn.completion.verdict_token
        if choice is None or turn.salvaged or value.verdict is None:
            return value
        probability = anomaly_probability(choice, may_abstain=may_abstain)
        if probability is None:
            return value
        scored = score_verdict(value.verdict, probability, self.calibration)
        return value.model_copy(update={"verdict": scored})


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reading(Generic[T]):
    """How a stage's completion is read: as its format says, and leniently."""

    parse: Callable[[str], T]
    salvage: Callable[[Sequence[str]], Salvage[T]]


def _reading_reasoning(limits: Segment) -> _Reading[Reasoning]:
    return _Reading(
        parse=lambda text: parse_reasoning(text, limits=limits),
        salvage=lambda texts: salvage_reasoning(texts, limits=limits),
    )


def _salvaged(
    conversation: Conversation, completions: Sequence[Completion], reading: _Reading[T]
) -> Turn[T]:
    salvage = reading.salvage([completion.text for completion in completions])
    return Turn(
        value=salvage.value,
        conversation=conversation,
        completion=next(one for one in completions if one.text == salvage.completion),
        salvaged=True,
        remarks=(LENIENT, *salvage.remarks),
    )


def _with_completion(
    conversation: Conversation, completion: Completion, *, limit: int | None = None
) -> Conversation:
    part = TextPart(text=completion.text[:limit])
    message = Message(role="assistant", parts=(part,), stage=conversation.stage)
    return conversation.with_message(message)


def _append(conversation: Conversation, stage: Stage, parts: tuple[Part, ...]) -> Conversation:
    return conversation.with_message(Message(role="user", parts=parts, stage=stage))


def _hull(evidence: Sequence[Evidence]) -> Segment:
    """Give the span from the first to the last moment that the evidence speaks of."""
    if not evidence:
        raise ValueError("a judgement needs evidence")
    return Segment(
        start=min(one.window.start for one in evidence),
        end=max(one.window.end for one in evidence),
    )
