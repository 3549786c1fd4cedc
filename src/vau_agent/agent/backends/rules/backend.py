"""The `rules` policy: every stage of the analysis, from measured values only.

It never looks at pictures, file names or the text of prompts. Text reaches it in four places: the
question of a follow-up, its own earlier reasoning, the verification it is to weigh, and the names
of the tools that a reflection is offered.
"""

from vau_agent.agent.backends.base import Completion, GenerationSettings
from vau_agent.agent.backends.rules.answer import answer
from vau_agent.agent.backends.rules.reason import reason
from vau_agent.agent.backends.rules.reflect import reflect
from vau_agent.agent.backends.rules.revise import Brought, revise
from vau_agent.agent.backends.rules.verify import verify
from vau_agent.agent.backends.rules.view import (
    evidence_since_reasoning,
    last_reasoning,
    looks_of,
    view_conversation,
    view_of,
)
from vau_agent.agent.conversation import Conversation, TextPart
from vau_agent.agent.looks import SEARCH, offered_looks
from vau_agent.agent.parsing import (
    parse_verification,
    render_answer,
    render_reasoning,
    render_reflection,
    render_verification,
)
from vau_agent.agent.profile import DEFAULT_PROFILE, ModelProfile
from vau_agent.errors import GenerationError, ParseError
from vau_agent.results import ModelCard
from vau_agent.schemas import Reasoning, Verification


class RulesBackend:
    """Reasons without a model. Equal conversations give equal completions."""

    @property
    def name(self) -> str:
        """The policy string."""
        return "rules"

    @property
    def card(self) -> ModelCard:
        """No model, in this process."""
        return ModelCard(id=self.name)

    @property
    def profile(self) -> ModelProfile:
        """The usual one."""
        return DEFAULT_PROFILE

    def generate(self, conversation: Conversation, settings: GenerationSettings) -> Completion:
        """Answer the stage that the conversation asks for.

        Raises:
            GenerationError: The conversation holds no evidence, or no reasoning to go on from.
        """
        if not conversation.evidence:
            raise GenerationError("the rules policy reasons from evidence, and none was given")
        return Completion(text=_complete(conversation))


def _complete(conversation: Conversation) -> str:
    match conversation.stage:
        case "initial_reason":
            return render_reasoning(reason(view_conversation(conversation)))
        case "self_reflect":
            reasoning = _reasoning(conversation)
            view = view_conversation(conversation)
            may_search = SEARCH in offered_looks(conversation.messages[-1].text)
            return render_reflection(reflect(reasoning, view, may_search=may_search))
        case "verify":
            return render_verification(verify(view_of((), later=conversation.evidence)))
        case "revise":
            return render_reasoning(revise(_reasoning(conversation), _brought(conversation)))
        case "answer":
            question = conversation.messages[-1].parts[-1]
            text = question.text if isinstance(question, TextPart) else ""
            view = view_conversation(conversation)
            return render_answer(answer(text, _reasoning(conversation), view))


def _reasoning(conversation: Conversation) -> Reasoning:
    reasoning = last_reasoning(conversation)
    if reasoning is None:
        raise GenerationError(
            f"stage {conversation.stage!r} goes on from earlier reasoning, and there is none"
        )
    return reasoning


def _brought(conversation: Conversation) -> Brought:
    evidence = evidence_since_reasoning(conversation)
    return Brought(
        looks=looks_of(evidence),
        view=view_conversation(conversation),
        verification=_verification(conversation),
    )


def _verification(conversation: Conversation) -> Verification | None:
    """Read the opinion that came with the task; a repair's turn has none, the task's does."""
    for message in reversed(conversation.messages):
        if message.role == "assistant" and message.stage != "revise":
            return None
        for part in message.parts:
            opinion = _as_verification(part.text) if isinstance(part, TextPart) else None
            if opinion is not None:
                return opinion
    return None


def _as_verification(text: str) -> Verification | None:
    try:
        return parse_verification(text)
    except ParseError:  # another part of the task
        return None
