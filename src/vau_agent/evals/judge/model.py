"""Any policy as a judge: VAU-Eval's five scores, or a preference between two answers."""

import hashlib
import logging
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

from vau_agent.agent.backends.base import Backend, GenerationSettings
from vau_agent.agent.conversation import Conversation, Message, TextPart
from vau_agent.agent.evidence import quote_data
from vau_agent.agent.prompting import Prompt, read_prompt
from vau_agent.errors import ParseError
from vau_agent.evals.judge.base import (
    Candidate,
    JudgeCase,
    JudgeScores,
    PairCase,
    PairVote,
    Points,
    Reference,
    Vote,
)
from vau_agent.evals.replies import parse_reply
from vau_agent.schemas import Value

PromptName = Literal["system", "score", "compare", "repair"]
PROMPT_NAMES: Final[tuple[PromptName, ...]] = ("system", "score", "compare", "repair")
MAX_TEXT_CHARS: Final = 8000
"""Of each quoted text; what is beyond is cut off and said to be."""

_log = logging.getLogger(__name__)


class _ScoresReply(Value):
    classification: Points
    key_matching: Points
    fluency: Points
    informativeness: Points
    factual_consistency: Points


class _VoteReply(Value):
    better: Vote


_Reply = TypeVar("_Reply", _ScoresReply, _VoteReply)


@dataclass(frozen=True, kw_only=True)
class ModelJudge:
    """Asks a policy, once, and once more when its reply cannot be read."""

    backend: Backend
    max_new_tokens: int = 512

    @property
    def name(self) -> str:
        """The policy string."""
        return self.backend.name

    @property
    def digest(self) -> str:
        """Of the prompts and of what bounds a reply."""
        digests = [load_prompt(name).digest for name in PROMPT_NAMES]
        told = "\n".join([*digests, str(self.max_new_tokens), str(MAX_TEXT_CHARS)])
        return hashlib.sha256(told.encode()).hexdigest()

    def judge(self, case: JudgeCase) -> JudgeScores:
        """Grade one answer.

        Raises:
            BackendError: The policy could not be asked.
        """
        fence = _fence(case)
        task = load_prompt("score").render(
            reference=quote_data(_reference_text(case.reference), fence),
            answer=quote_data(_candidate_text(case.candidate), fence),
        )
        try:
            reply = self._ask(_opened(fence, task), _ScoresReply)
        except ParseError as error:
            return JudgeScores(malformed=str(error))
        return JudgeScores(**reply.model_dump())

    def vote(self, case: PairCase) -> PairVote:
        """Compare two answers in the order given.

        Raises:
            BackendError: The policy could not be asked.
        """
        fence = _fence(case)
        task = load_prompt("compare").render(
            reference=quote_data(_reference_text(case.reference), fence),
            first=quote_data(_candidate_text(case.first), fence),
            second=quote_data(_candidate_text(case.second), fence),
        )
        try:
            reply = self._ask(_opened(fence, task), _VoteReply)
        except ParseError as error:
            return PairVote(better="tie", malformed=str(error))
        return PairVote(better=reply.better)

    def _ask(self, conversation: Conversation, model: type[_Reply]) -> _Reply:
        settings = GenerationSettings(
            max_new_tokens=self.max_new_tokens, response_schema=model.model_json_schema()
        )
        text = self.backend.generate(conversation, settings).text
        try:
            return parse_reply(text, model)
        except ParseError as error:
            complaint = load_prompt("repair").render(complaint=str(error))
        repair = conversation.with_message(_said("assistant", text))
        repair = repair.with_message(_said("user", complaint))
        try:
            return parse_reply(self.backend.generate(repair, settings).text, model)
        except ParseError as error:
            _log.warning("judge %r: reply counts nothing: %s", self.name, error)
            raise


def load_prompt(name: PromptName) -> Prompt:
    """Read one prompt of the judges."""
    return read_prompt("vau_agent.evals.judge.prompts", name)


def _opened(fence: str, task: str) -> Conversation:
    system = Message(
        role="system", parts=(TextPart(text=load_prompt("system").render(fence=fence)),)
    )
    return Conversation(messages=(system, _said("user", task)))


def _said(role: Literal["user", "assistant"], text: str) -> Message:
    return Message(role=role, parts=(TextPart(text=text),), stage="answer")


def _fence(case: JudgeCase | PairCase) -> str:
    """Give the word that fences this case's texts: no text can hold the digest of itself."""
    return "data-" + hashlib.sha256(case.model_dump_json().encode()).hexdigest()[:12]


def _reference_text(reference: Reference) -> str:
    return "\n".join(
        (
            f"category: {reference.category or 'normal, nothing anomalous happens'}",
            f"key objects: {', '.join(reference.key_objects) or 'none given'}",
            f"description: {_cut(reference.description)}",
            f"reasoning: {_cut(reference.reasoning)}",
        )
    )


def _candidate_text(candidate: Candidate) -> str:
    return f"description: {_cut(candidate.description)}\nanalysis: {_cut(candidate.analysis)}"


def _cut(text: str) -> str:
    if len(text) <= MAX_TEXT_CHARS:
        return text or "(nothing)"
    return f"{text[:MAX_TEXT_CHARS]} (cut off after {MAX_TEXT_CHARS} characters)"
