"""A clip's dialogue through the agent's own policy code, as far as its completions are known.

`Policy` asks one backend, one conversation after the other. To complete many clips at once, each
dialogue is led anew with the completions known so far until it asks for one that is not: leading
it costs nothing beside writing, and no prompt can differ from the agent's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from vau_agent.agent.backends.base import Completion, GenerationSettings
from vau_agent.agent.conversation import Conversation, EvidencePart, Message
from vau_agent.agent.policy import Policy, Turn
from vau_agent.agent.profile import ModelProfile
from vau_agent.errors import ParseError
from vau_agent.graphs.claims import check_reasoning
from vau_agent.graphs.looks import wanted_looks
from vau_agent.results import ModelCard
from vau_agent.schemas import (
    Evidence,
    FrameRef,
    Reasoning,
    Reflection,
    Segment,
    ToolCall,
    ToolResult,
    Verdict,
    Verification,
)
from vau_agent.tools.zoom import Zoom

RUN_ID: Final = "validation"
"""Makes the fence around quoted data: the same in every dialogue."""
MAX_LOOKS: Final = 4
"""Calls of one reflection that are carried out, as the agent does by default."""


class Unanswered(Exception):
    """A dialogue cannot go on before this is completed."""

    def __init__(self, conversation: Conversation, settings: GenerationSettings) -> None:
        super().__init__("a completion is wanted")
        self.conversation = conversation
        self.settings = settings


class KnownCompletions:
    """A backend that knows the first completions of one dialogue."""

    def __init__(self, profile: ModelProfile, completions: Sequence[Completion]) -> None:
        self._profile = profile
        self._completions = completions
        self.used = 0
        """Completions given so far."""

    @property
    def name(self) -> str:
        """As a policy string would be."""
        return "known"

    @property
    def card(self) -> ModelCard:
        """No model, in this process."""
        return ModelCard(id=self.name)

    @property
    def profile(self) -> ModelProfile:
        """Of the model that completes."""
        return self._profile

    def generate(self, conversation: Conversation, settings: GenerationSettings) -> Completion:
        """Give the next completion.

        Raises:
            Unanswered: There is none yet.
        """
        if self.used == len(self._completions):
            raise Unanswered(conversation, settings)
        self.used += 1
        return self._completions[self.used - 1]


@dataclass(frozen=True, kw_only=True)
class Looks:
    """What can be looked at in one clip."""

    first: Evidence
    """What the first answer is made from."""
    held_back: tuple[Evidence, ...] = ()
    """What its check is given beside it."""
    look: Callable[[ToolCall, Sequence[FrameRef]], ToolResult]
    """Carries out a call; it is told the frames shown so far."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What came of a dialogue."""

    initial: Reasoning
    reflection: Reflection | None = None
    """`None` where it was not asked for, or could not be read."""
    final: Reasoning
    revised: bool = False
    answered: Conversation | None = None
    """Up to and with the first answer; `None` when it could not be read."""


def policy_on(backend: KnownCompletions, generation: GenerationSettings) -> Policy:
    """Give the policy that leads a dialogue."""
    return Policy(
        backend=backend,
        run_id=RUN_ID,
        generation=generation,
        max_calls=MAX_LOOKS,
        tools=(Zoom.description,),
    )


def judge(policy: Policy, looks: Looks, *, reflects: bool) -> Judged:
    """Answer, reflect, and revise where the reflection doubts the answer: one round.

    As in the agent, no anomaly stands on claims that cite nothing, an answer that cannot be read
    decides nothing, and a reflection that cannot be read leaves the answer as it is.

    Raises:
        Unanswered: A completion is wanted.
    """
    window = looks.first.window
    try:
        first = policy.initial_reason(looks.first)
    except ParseError as error:
        open_ = _undecided(error)
        return Judged(initial=open_, final=open_)
    initial = check_reasoning(first.value, _by_id(looks.first.frames), window)
    begun = Judged(initial=initial, final=initial, answered=first.conversation)
    if not reflects:
        return begun
    try:
        reflected = policy.self_reflect(first.conversation, looks.held_back)
    except ParseError:
        return begun
    told = replace(begun, reflection=reflected.value)
    if reflected.value.accept:
        return told
    return _revise(policy, looks, told, reflected)


def without_evidence(conversation: Conversation) -> Conversation:
    """Take everything measured out of a conversation; frames and answers stay."""
    return Conversation(
        messages=tuple(
            Message(
                role=message.role,
                stage=message.stage,
                parts=tuple(part for part in message.parts if not isinstance(part, EvidencePart)),
            )
            for message in conversation.messages
        )
    )


def _revise(policy: Policy, looks: Looks, told: Judged, reflected: Turn[Reflection]) -> Judged:
    results: list[ToolResult] = []
    frames = list(looks.first.frames)
    for call in wanted_looks(reflected.value)[:MAX_LOOKS]:
        result = looks.look(call, frames)
        results.append(result)
        if result.evidence is not None:
            known = _by_id(frames)
            frames += [one for one in result.evidence.frames if one.frame_id not in known]
    try:
        turn = policy.revise(reflected.conversation, results, _verify(policy, results))
    except ParseError:
        return told
    spans = [looks.first.window, *(one.evidence.window for one in results if one.evidence)]
    seen = Segment(start=min(one.start for one in spans), end=max(one.end for one in spans))
    return replace(told, final=check_reasoning(turn.value, _by_id(frames), seen), revised=True)


def _verify(policy: Policy, results: Sequence[ToolResult]) -> Verification | None:
    """Let a verifier look blindly at what is new, for a model that was trained on it."""
    if policy.backend.profile.reflection in (None, "critique"):
        return None
    brought = [one.evidence for one in results if one.evidence is not None]
    if not brought:
        return None
    try:
        return policy.verify(brought).value
    except ParseError as error:
        return Verification(text=f"It could not be read ({error}).", verdict=None)


def _by_id(frames: Sequence[FrameRef]) -> dict[str, FrameRef]:
    return {frame.frame_id: frame for frame in frames}


def _undecided(error: ParseError) -> Reasoning:
    reason = f"the answer could not be read: {error}"
    return Reasoning(claims=(), verdict=Verdict(label="inconclusive", reason=reason))
