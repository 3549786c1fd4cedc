"""What a server is asked, and what is left out once it has refused it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from vau_agent.agent.backends.base import GenerationSettings
from vau_agent.agent.backends.openai.messages import ChatMessage

TOP_LOGPROBS: Final = (20, 5, 0)
"""Likeliest tokens asked for in each place: the most that servers give, what the strictest of them
allow, and none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Abilities:
    """What one server has not refused so far."""

    top_logprobs: int = TOP_LOGPROBS[0]
    constrains: bool = True
    """Takes a JSON Schema for what it writes."""
    gives_token_ids: bool = True
    takes_sampling: bool = True
    """Takes a temperature and a seed."""
    length_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"


PLAIN: Final = Abilities(top_logprobs=0, constrains=False, gives_token_ids=False)
"""What every server can do."""

_PROBABILITIES: Final = re.compile(r"logprob", re.IGNORECASE)
_SCHEMA: Final = re.compile(
    r"response_format|json.?schema|grammar|guided|structured", re.IGNORECASE
)
_TOKEN_IDS: Final = re.compile(r"return_token_ids", re.IGNORECASE)
_LENGTH: Final = re.compile(r"max_completion_tokens", re.IGNORECASE)
_SAMPLING: Final = re.compile(r"temperature|\bseed\b", re.IGNORECASE)


def build_body(
    model: str,
    messages: Sequence[ChatMessage],
    settings: GenerationSettings,
    abilities: Abilities,
) -> dict[str, Any]:
    """Build the body of one request for a completion."""
    body: dict[str, Any] = {"model": model, "messages": list(messages)}
    body[abilities.length_field] = settings.max_new_tokens
    if abilities.takes_sampling:
        body |= {"temperature": settings.temperature, "seed": settings.seed}
    if abilities.top_logprobs:
        body |= {"logprobs": True, "top_logprobs": abilities.top_logprobs}
    if abilities.gives_token_ids:
        body["return_token_ids"] = True
    if abilities.constrains and settings.response_schema is not None:
        schema = {"name": "answer", "schema": settings.response_schema}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    return body


def without_refused(
    abilities: Abilities, complaint: str, settings: GenerationSettings
) -> Abilities | None:
    """Leave out what a complaint names, one thing at a time; `None` when it names nothing asked."""
    if abilities.top_logprobs and _PROBABILITIES.search(complaint):
        fewer = TOP_LOGPROBS[TOP_LOGPROBS.index(abilities.top_logprobs) + 1]
        return replace(abilities, top_logprobs=fewer)
    has_schema = abilities.constrains and settings.response_schema is not None
    if has_schema and _SCHEMA.search(complaint):
        return replace(abilities, constrains=False)
    if abilities.gives_token_ids and _TOKEN_IDS.search(complaint):
        return replace(abilities, gives_token_ids=False)
    if abilities.length_field == "max_tokens" and _LENGTH.search(complaint):
        return replace(abilities, length_field="max_completion_tokens")
    if abilities.takes_sampling and _SAMPLING.search(complaint):
        return replace(abilities, takes_sampling=False)
    return None


def without_extras(abilities: Abilities, settings: GenerationSettings) -> Abilities | None:
    """Leave out all that not every server knows; `None` when nothing of it was asked."""
    asked_schema = abilities.constrains and settings.response_schema is not None
    if not (abilities.top_logprobs or abilities.gives_token_ids or asked_schema):
        return None
    return replace(
        abilities,
        top_logprobs=0,
        gives_token_ids=False,
        constrains=abilities.constrains and not asked_schema,
    )
