"""A verdict about a video as one JSON object: what the agent and any other model are asked for."""

import json
import re
from typing import Annotated, Final

from pydantic import Field, ValidationError

from vau_agent.agent.prompting import Prompt, read_prompt
from vau_agent.errors import ParseError
from vau_agent.evals.records import Opinion
from vau_agent.evals.replies import parse_reply
from vau_agent.schemas import Label, Score, Segment, Value

_FENCED: Final = re.compile(r"\s*```(?:json)?\s*(?P<body>.*?)\s*```\s*", re.DOTALL)


_Seconds = Annotated[float, Field(allow_inf_nan=False)]


class _Verdict(Value):
    label: Label
    category: str | None = None
    segments: tuple[tuple[_Seconds, _Seconds], ...] = ()
    confidence: Score | None = None


def verdict_prompt() -> Prompt:
    """Give the question to which a verdict is the answer."""
    return read_prompt("vau_agent.evals.adapters.prompts", "verdict")


def write_verdict(opinion: Opinion) -> str:
    """Write what was held in the end."""
    told = {
        "label": opinion.label,
        "category": opinion.category,
        "segments": [[event.start, event.end] for event in opinion.events],
        "confidence": opinion.confidence,
    }
    return json.dumps(told)


def read_verdict(text: str) -> Opinion:
    """Read a verdict; a code fence around it is taken off, since models like to add one.

    Raises:
        ParseError: It is something else than one such object.
    """
    fenced = _FENCED.fullmatch(text)
    said = parse_reply(fenced["body"] if fenced else text, _Verdict)
    try:
        return Opinion(
            label=said.label,
            category=said.category,
            events=tuple(Segment(start=start, end=end) for start, end in said.segments),
            confidence=said.confidence,
        )
    except ValidationError as error:
        raise ParseError(str(error.errors()[0]["msg"]), completion=text) from error
