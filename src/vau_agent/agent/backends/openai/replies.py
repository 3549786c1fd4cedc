"""From the body of a server's reply to a completion."""

import math
from collections.abc import Sequence
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, BeforeValidator, Field, SecretStr, TypeAdapter, ValidationError

from vau_agent.agent.backends.base import Completion, FinishReason, TokenChoice, Usage
from vau_agent.agent.backends.openai.refusals import quote, read_complaint
from vau_agent.agent.backends.verdict_token import find_verdict_token
from vau_agent.errors import GenerationError

_BROKEN_OFF: Final = {
    "content_filter": "its filter withheld the answer; another server or model may be needed",
    "error": "it broke the answer off; see the server's log",
    "abort": "it broke the answer off; see the server's log",
}


class _TextPiece(BaseModel):
    text: str = ""


def _joined(content: object) -> object:
    """Some servers give the text as a list of pieces."""
    if isinstance(content, list):
        pieces = TypeAdapter(list[_TextPiece]).validate_python(content)
        return "".join(piece.text for piece in pieces)
    return content


class _Message(BaseModel):
    content: Annotated[str | None, BeforeValidator(_joined)] = None
    refusal: str | None = None
    reasoning: Any = None
    reasoning_content: Any = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None
    logprobs: Any = None
    token_ids: Any = None


class _Reply(BaseModel):
    choices: list[_Choice] = Field(min_length=1)
    usage: Any = None


class _Candidate(BaseModel):
    token: str
    logprob: float


class _Token(_Candidate):
    top_logprobs: list[_Candidate] = []


class _Logprobs(BaseModel):
    content: list[_Token]


class _PromptDetails(BaseModel):
    cached_tokens: int | None = None


class _Usage(BaseModel):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _PromptDetails | None = None


_Parsed = TypeVar("_Parsed")
_LOGPROBS: Final = TypeAdapter(_Logprobs | None)
_USAGE: Final = TypeAdapter(_Usage | None)
_TOKEN_IDS: Final[TypeAdapter[list[int] | None]] = TypeAdapter(list[int] | None)
_TEXT: Final = TypeAdapter(str | None)


def read_reply(body: bytes, *, place: str, key: SecretStr | None = None) -> Completion:
    """Read the body of a successful reply; of what is optional, only what can be read is kept.

    Raises:
        GenerationError: It holds no answer, or one that was broken off.
    """
    try:
        reply = _Reply.model_validate_json(body)
    except ValidationError as error:
        raise GenerationError(_unreadable(body, error, place, key)) from error
    choice = reply.choices[0]
    message = choice.message
    if choice.finish_reason in _BROKEN_OFF:
        raise GenerationError(f"{place} gave no answer: {_BROKEN_OFF[choice.finish_reason]}")
    text = message.content if message.content is not None else (message.refusal or "")
    finish: FinishReason = "length" if choice.finish_reason == "length" else "stop"
    tokens = _read_tokens(choice.logprobs)
    token_ids = _optional(_TOKEN_IDS, choice.token_ids)
    return Completion(
        text=text,
        finish_reason=finish,
        usage=_read_usage(reply.usage),
        reasoning=_first(_TEXT, (message.reasoning, message.reasoning_content)),
        token_ids=tuple(token_ids or ()),
        logprobs=tuple(token.logprob for token in tokens),
        verdict_token=find_verdict_token(_tokens_of_text(tokens, text)),
    )


def _unreadable(body: bytes, error: ValidationError, place: str, key: SecretStr | None) -> str:
    problem = error.errors(include_url=False, include_input=False)[0]
    if problem["type"] == "json_invalid":
        found = "an empty body" if not body.strip() else "something that is not JSON"
        return (
            f"{place} answered with {found}; is its address that of an OpenAI-style server "
            "(usually ending in /v1)?"
        )
    said = quote(read_complaint(body, key=key)) if b'"error"' in body else ""
    where = ".".join(str(part) for part in problem["loc"]) or "the reply"
    return (
        f"{place} answered without a completion ({where}: {problem['msg'].lower()}){said}; "
        "see the server's log"
    )


def _optional(adapter: TypeAdapter[_Parsed | None], value: object) -> _Parsed | None:
    try:
        return adapter.validate_python(value)
    except ValidationError:
        return None


def _first(adapter: TypeAdapter[str | None], values: Sequence[object]) -> str | None:
    return next((text for value in values if (text := _optional(adapter, value))), None)


def _read_usage(value: object) -> Usage:
    usage = _optional(_USAGE, value) or _Usage()
    details = usage.prompt_tokens_details or _PromptDetails()
    return Usage(
        prompt_tokens=max(0, usage.prompt_tokens or 0),
        completion_tokens=max(0, usage.completion_tokens or 0),
        cached_tokens=max(0, details.cached_tokens or 0),
    )


def _read_tokens(value: object) -> tuple[TokenChoice, ...]:
    """Give all tokens, or none when a single one cannot be what a probability is."""
    logprobs = _optional(_LOGPROBS, value)
    if logprobs is None or any(math.isnan(token.logprob) for token in logprobs.content):
        return ()
    return tuple(
        TokenChoice(
            token=token.token,
            logprob=_finite(token.logprob),
            alternatives={
                one.token: _finite(one.logprob)
                for one in (token, *token.top_logprobs)
                if not math.isnan(one.logprob)
            },
        )
        for token in logprobs.content
    )


def _finite(logprob: float) -> float:
    """Rounding may lift a certain token above 0, and an impossible one may be -inf."""
    return max(-9999.0, min(0.0, logprob))


def _tokens_of_text(tokens: Sequence[TokenChoice], text: str) -> Sequence[TokenChoice]:
    """Leave out the tokens of thinking that was taken off the text."""
    written = "".join(token.token for token in tokens)
    start = max(0, written.rfind(text))
    position = 0
    for place, token in enumerate(tokens):
        if position >= start:
            return tokens[place:]
        position += len(token.token)
    return ()
