"""What a backend does: one conversation in, one completion out."""

from typing import Literal, Protocol

from pydantic import Field

from vau_agent.agent.conversation import Conversation
from vau_agent.schemas import Value

FinishReason = Literal["stop", "length"]


class GenerationSettings(Value):
    """How one completion is sampled."""

    max_new_tokens: int = Field(default=1024, ge=1)
    temperature: float = Field(default=0.0, ge=0)
    seed: int = 0


class Usage(Value):
    """Tokens of one call; zero for backends without a tokenizer."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


class Completion(Value):
    """What a backend wrote."""

    text: str
    finish_reason: FinishReason = "stop"
    usage: Usage = Usage()


class Backend(Protocol):
    """Runs a policy. Stateless between calls: everything it knows is in the conversation."""

    @property
    def name(self) -> str:
        """The policy string it was opened with, e.g. `rules`."""

    def generate(self, conversation: Conversation, settings: GenerationSettings) -> Completion:
        """Complete the conversation.

        Raises:
            GenerationError: No completion could be produced.
            ContextOverflowError: The conversation does not fit.
        """
