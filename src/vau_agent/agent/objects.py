"""The wire as one JSON object: what a stage writes where a server can hold it to a schema.

An object says the same as the tags, field for block, and is read into the same blocks: what they
mean is defined once, in `parsing`.
"""

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from vau_agent.agent.blocks import MAX_COMPLETION_CHARS, NO_SEGMENT, shorten
from vau_agent.agent.claims import escape
from vau_agent.errors import ParseError
from vau_agent.schemas import CATEGORIES, Stage, ToolCall

ANSWERS: Final = ("normal", *CATEGORIES, "inconclusive")
"""Words that a schema lets an answer be; its reason has a field of its own."""


class WireObject(BaseModel, ABC):
    """What one stage writes as JSON."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )

    @abstractmethod
    def to_blocks(self) -> dict[str, str]:
        """Give the bodies that the tags of the same stage would hold."""


class _VerdictObject(WireObject):
    reason: str = ""
    """why the answer is inconclusive; empty otherwise"""
    confidence: float | None = Field(default=None, ge=0, le=1)
    """a number from 0 to 1, or null"""
    start_s: float | None = None
    """where the segment starts in seconds, null without one"""
    end_s: float | None = None
    """where it ends"""

    @model_validator(mode="after")
    def _both_times_or_none(self) -> Self:
        if (self.start_s is None) != (self.end_s is None):
            raise ValueError("start_s and end_s are given together, or both are null")
        return self

    def _verdict_blocks(self, answer: str) -> dict[str, str]:
        start, end = self.start_s, self.end_s
        has_reason = self.reason.strip() and answer.strip().lower() == "inconclusive"
        blocks = {"answer": escape(f"{answer}: {self.reason}" if has_reason else answer)}
        if self.confidence is not None:
            blocks["confidence"] = f"{self.confidence:.6f}"
        times = NO_SEGMENT if start is None or end is None else (start, end)
        return {**blocks, "glue": f"[{times[0]!r}, {times[1]!r}]"}


class ReasoningObject(_VerdictObject):
    """Initial or revised reasoning."""

    think: str
    """sentences, each with the frames it rests on"""
    answer: str = Field(json_schema_extra={"enum": list(ANSWERS)})
    """normal, one of the categories, or inconclusive"""

    def to_blocks(self) -> dict[str, str]:
        """Give the bodies that the tags of the same stage would hold."""
        return {"think": escape(self.think), **self._verdict_blocks(self.answer)}


class VerificationObject(_VerdictObject):
    """A second look that has not seen the first answer."""

    verification: str
    """sentences with times and frames"""
    answer: str = Field(json_schema_extra={"enum": [*ANSWERS, "abstain"]})
    """normal, one of the categories, inconclusive, or abstain"""

    def to_blocks(self) -> dict[str, str]:
        """Give the bodies that the tags of the same stage would hold."""
        return {"verification": escape(self.verification), **self._verdict_blocks(self.answer)}


class ReflectionObject(WireObject):
    """A judgement of one's own reasoning."""

    reflection: str
    """what you checked, what holds, what is doubtful, with times"""
    accept: bool
    """whether the reasoning stands as it is"""
    doubts: tuple[str, ...] = ()
    """what is doubtful, one sentence each"""
    queries: tuple[str, ...] = ()
    """text searches over the frames, if they can be searched"""
    calls: tuple[ToolCall, ...] = ()
    """looks, each with tool and arguments"""

    def to_blocks(self) -> dict[str, str]:
        """Give the bodies that the tags of the same stage would hold."""
        request = self.model_dump(mode="json", exclude={"reflection"})
        return {"reflection": escape(self.reflection), "request": json.dumps(request)}


class AnswerObject(WireObject):
    """The answer to an investigator's question."""

    answer: str
    """sentences with times and frames"""

    def to_blocks(self) -> dict[str, str]:
        """Give the bodies that the tags of the same stage would hold."""
        return {"answer": escape(self.answer)}


OBJECTS: Final[Mapping[Stage, type[WireObject]]] = {
    "initial_reason": ReasoningObject,
    "self_reflect": ReflectionObject,
    "verify": VerificationObject,
    "revise": ReasoningObject,
    "answer": AnswerObject,
}
_ORDER: Final = ("think", "verification", "reflection", "accept", "answer")
"""Written first: a policy thinks before it answers."""


def response_schema(stage: Stage) -> dict[str, Any]:
    """Give the JSON Schema of a stage's object: every field required, none besides."""
    schema = OBJECTS[stage].model_json_schema()
    for one in (schema, *schema.pop("$defs", {}).values()):
        _require_all(one)
    if stage == "self_reflect":
        schema["properties"]["calls"]["items"] = _call_schema()
    schema["properties"] = {name: schema["properties"][name] for name in schema["required"]}
    return schema


def describe_fields(stage: Stage) -> str:
    """Name a stage's fields and what each holds, for a prompt."""
    fields = OBJECTS[stage].model_fields
    return "; ".join(f"`{name}` ({fields[name].description})" for name in _ordered(fields))


def is_object(completion: str) -> bool:
    """Tell whether a completion is written as an object: its first character says so."""
    return completion.lstrip()[:1] == "{"


def read_object(completion: str, kind: type[WireObject]) -> dict[str, str]:
    """Read a completion that is exactly one object; give the bodies its tags would hold.

    Raises:
        ParseError: It is no JSON object, has other fields, or a field is of another kind.
    """
    if len(completion) > MAX_COMPLETION_CHARS:
        raise ParseError(
            f"{len(completion)} characters, at most {MAX_COMPLETION_CHARS} are read; "
            "answer in fewer words",
            completion=completion,
        )
    try:
        blocks = kind.model_validate(load_json(completion)).to_blocks()
    except ValidationError as error:
        message = f"bad object: {explain(error)}"
        raise ParseError(message, completion=completion) from error
    except ValueError as error:
        raise ParseError(f"bad object: {error}", completion=completion) from error
    for name, body in blocks.items():
        if not body.strip():
            raise ParseError(f"bad object: {name!r} is empty", completion=completion)
    return blocks


def load_json(text: str) -> object:
    """Load JSON that says nothing twice and holds only numbers and text that can be written again.

    Raises:
        ValueError: It is no JSON, or not such.
    """
    try:
        value: object = json.loads(
            text,
            object_pairs_hook=refuse_repetition,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
        json.dumps(value, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except UnicodeEncodeError as error:
        raise ValueError("holds half a character") from error
    return value


def explain(error: ValidationError) -> str:
    """Give the first thing that is wrong, with its place."""
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return shorten(f"{place}: {first['msg']}" if place else first["msg"], 200)


def refuse_repetition(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    """Build an object from its fields, for a JSON reader.

    Raises:
        ValueError: A field stands there twice: what it says is anybody's guess.
    """
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a field stands there twice")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"{shorten(digits, 20)} is not a number")
    return value


def _ordered(fields: Mapping[str, object]) -> list[str]:
    first = [name for name in _ORDER if name in fields]
    return [*first, *(name for name in fields if name not in first)]


def _require_all(schema: dict[str, Any]) -> None:
    """Leave what grammar engines read: types, fields, and that there are no others."""
    for ignored in ("title", "description"):
        schema.pop(ignored, None)
    for field in schema["properties"].values():
        for ignored in ("title", "default", "description"):
            field.pop(ignored, None)
        for option in field.get("anyOf", [field]):
            option.pop("minimum", None)
            option.pop("maximum", None)
    schema["required"] = _ordered(schema["properties"])
    schema["additionalProperties"] = False


def _call_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "tool": {"type": "string"},
            "arguments": {"type": "object", "additionalProperties": True},
        },
        "required": ["tool", "arguments"],
        "additionalProperties": False,
    }
