"""Reading a reply that is one JSON object with known fields, or nothing.

Lenient reading would let quoted text smuggle values into the reply, so there is none.
"""

import json
from typing import NoReturn, TypeVar

from pydantic import ValidationError

from vau_agent.errors import ParseError
from vau_agent.schemas import Value

_Reply = TypeVar("_Reply", bound=Value)


def parse_reply(text: str, model: type[_Reply]) -> _Reply:
    """Read a reply that is exactly one JSON object.

    Raises:
        ParseError: It is something else, repeats or lacks a field, or a value is out of range.
    """
    try:
        json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ParseError(f"not one JSON object: {str(error)[:120]}", completion=text) from error
    try:
        return model.model_validate_json(text, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "reply"
        raise ParseError(f"{place}: {first['msg']}", completion=text) from error


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a field is written twice")
    return fields


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")
