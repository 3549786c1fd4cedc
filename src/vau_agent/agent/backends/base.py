"""What a backend does: one conversation in, one completion out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from pydantic import Field, field_validator

from vau_agent.agent.conversation import Conversation
from vau_agent.agent.profile import ModelProfile
from vau_agent.errors import GenerationError
from vau_agent.results import ModelCard
from vau_agent.schemas import FrameRef, Value
from vau_agent.settings import EndpointSettings, EngineSettings, LocalSettings

FinishReason = Literal["stop", "length"]

Pictures = Callable[[FrameRef], bytes]
"""Loads a frame's picture, JPEG; backends that look at pictures ask it."""


class GenerationSettings(Value):
    """How one completion is sampled."""

    max_new_tokens: int = Field(default=1024, ge=1)
    temperature: float = Field(default=0.0, ge=0)
    seed: int = 0
    response_schema: dict[str, Any] | None = None
    """JSON Schema that the whole completion has to fit; a backend that cannot constrain what it
    writes leaves it alone, since the task asks for the same in words."""


class Usage(Value):
    """Tokens of one call; zero for backends without a tokenizer."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    """Of the prompt, read from an earlier call instead of anew."""


class TokenChoice(Value):
    """One written token, with what else might have stood there."""

    token: str
    logprob: float = Field(le=0)
    """Natural logarithm of its probability."""
    alternatives: dict[str, float] = Field(default_factory=dict)
    """Log-probability of the likeliest tokens in its place, itself included, by their text."""


class Completion(Value):
    """What a backend wrote."""

    text: str
    finish_reason: FinishReason = "stop"
    usage: Usage = Usage()
    reasoning: str | None = None
    """What a server gives apart from the text as the model's thinking; kept, never parsed."""
    token_ids: tuple[int, ...] = ()
    """Of the text, where the backend tells them."""
    logprobs: tuple[float, ...] = ()
    """Of each token of the text, where the backend tells them."""
    verdict_token: TokenChoice | None = None
    """The first token after `<answer>`, where the backend tells probabilities."""

    @field_validator("text", "reasoning")
    @classmethod
    def _replace_half_characters(cls, text: str | None) -> str | None:
        """Servers can spell half a character, which nothing can be written with."""
        return text if text is None else text.encode("utf-8", "replace").decode()


@dataclass(frozen=True, kw_only=True, slots=True)
class BackendContext:
    """What a backend is opened with."""

    pictures: Pictures = field(default=lambda frame: _no_pictures(frame))
    endpoint: EndpointSettings = field(default_factory=EndpointSettings)
    local: LocalSettings = field(default_factory=LocalSettings)
    engine: EngineSettings = field(default_factory=EngineSettings)
    models: Path = Path("models")
    """Folder of pulled models."""
    offline: bool = False
    """Refuse every connection that leaves this machine."""


class Backend(Protocol):
    """Runs a policy. What it answers depends on the conversation and settings alone.

    Opening is cheap; what is heavy is loaded when the first completion is asked for.
    """

    @property
    def name(self) -> str:
        """The policy string it was opened with, e.g. `rules`."""

    @property
    def card(self) -> ModelCard:
        """Which model speaks, and where frames travel to."""

    @property
    def profile(self) -> ModelProfile:
        """How it wants to be asked; known before anything heavy is loaded."""

    def generate(self, conversation: Conversation, settings: GenerationSettings) -> Completion:
        """Complete the conversation.

        Raises:
            GenerationError: No completion could be produced.
            ContextOverflowError: The conversation does not fit.
        """


def _no_pictures(frame: FrameRef) -> bytes:
    raise GenerationError(f"no pictures at hand, and {frame.frame_id} was to be looked at")
