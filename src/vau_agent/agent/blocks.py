"""The wire: blocks between tags, and segments as `[start, end]`. What they mean is in `parsing`."""

import json
import math
import re
from typing import Final, NamedTuple

from vau_agent.errors import ParseError
from vau_agent.schemas import Segment

MAX_COMPLETION_CHARS: Final = 32_768
"""Longer completions are refused: 1,024 new tokens are about 4,000 characters, and a state that
holds what was read from one must fit a checkpoint of 64 KiB."""
MOMENT_S: Final = 0.01
"""The wire's resolution: an interval whose ends are equal becomes a segment this long."""
SLACK_S: Final = 0.06
"""Times may pass the limits by this much before they are cut to them: prompts round the limits that
they tell, to a tenth of a second at the coarsest."""
NO_SEGMENT: Final = (-1.0, -1.0)
"""How "no segment" is written on the wire."""

_TAG: Final = re.compile(
    r"<(?P<close>/?)"
    r"(?P<name>think|answer|confidence|glue|reflection|request|verification)>"
)
_NUMBER: Final = re.compile(r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*")
_INTERVAL: Final = re.compile(r"\[([^\[\],]{1,40}),([^\[\],]{1,40})\]")


class Block(NamedTuple):
    """One tag and what stands in it."""

    name: str
    body: str


def read_blocks(
    completion: str, *, required: tuple[str, ...], optional: tuple[str, ...] = ()
) -> dict[str, str]:
    """Give the bodies of exactly these blocks, in this order; the optional ones come last.

    Raises:
        ParseError: Other blocks stand there, or text outside them.
    """
    blocks = split_blocks(completion)
    names = [block.name for block in blocks]
    expected = [name for name in (*required, *optional) if name in required or name in names]
    if names != expected:
        wanted = " ".join((*required, *(f"[{name}]" for name in optional)))
        found = shorten(" ".join(names), 120) or "no tags"
        raise ParseError(f"wanted the tags {wanted}, found {found}", completion=completion)
    return {block.name: block.body for block in blocks}


def split_blocks(completion: str) -> list[Block]:
    """Cut a completion into its blocks.

    Raises:
        ParseError: It is too long, a tag is unbalanced, nested or empty, or text stands outside.
    """
    if len(completion) > MAX_COMPLETION_CHARS:
        raise ParseError(
            f"{len(completion)} characters, at most {MAX_COMPLETION_CHARS} are read; "
            "answer in fewer words",
            completion=completion,
        )
    blocks: list[Block] = []
    opened: re.Match[str] | None = None
    position = 0
    for tag in _TAG.finditer(completion):
        if opened is None:
            _refuse_stray(completion, position, tag.start())
            if tag["close"]:
                raise ParseError(f"{tag[0]} closes nothing", completion=completion)
            opened = tag
        else:
            blocks.append(_close(completion, opened, tag))
            opened = None
        position = tag.end()
    if opened is not None:
        raise ParseError(f"{opened[0]} is never closed", completion=completion)
    _refuse_stray(completion, position, len(completion))
    return blocks


def _close(completion: str, opened: re.Match[str], tag: re.Match[str]) -> Block:
    if not tag["close"] or tag["name"] != opened["name"]:
        raise ParseError(f"{opened[0]} is followed by {tag[0]}", completion=completion)
    body = completion[opened.end() : tag.start()].strip()
    if not body:
        raise ParseError(f"{opened[0]} is empty", completion=completion)
    return Block(opened["name"], body)


def _refuse_stray(completion: str, start: int, end: int) -> None:
    stray = completion[start:end].strip()
    if stray:
        raise ParseError(f"text outside the tags: {shorten(stray)!r}", completion=completion)


def shorten(text: str, limit: int = 60) -> str:
    """Cut `text` for a message."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def parse_segment(completion: str, body: str, limits: Segment | None) -> Segment | None:
    """Read `[start, end]`; `None` is what `[-1.0, -1.0]` stands for.

    Raises:
        ParseError: It is no pair of seconds in order, or lies outside `limits`.
    """
    match = _INTERVAL.fullmatch(body)
    if match is None:
        message = f"<glue> holds {shorten(body)!r}, not [start, end] in seconds"
        raise ParseError(message, completion=completion)
    start, end = (_seconds(completion, text) for text in match.groups())
    if (start, end) == NO_SEGMENT:
        return None
    if start < 0 or start > end:
        where = "before the video" if start < 0 else "after it ends"
        raise ParseError(f"<glue> {body} starts {where}", completion=completion)
    if limits is not None:
        if start < limits.start - SLACK_S or end > limits.end + SLACK_S:
            message = f"<glue> {body} lies outside {render_segment(limits)}"
            raise ParseError(message, completion=completion)
        start, end = max(start, limits.start), min(end, limits.end)
    if end <= start:
        start = max(0.0, end - MOMENT_S)
        end = start + MOMENT_S
    return Segment(start=start, end=end)


def _seconds(completion: str, text: str) -> float:
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(value):
        message = f"{text.strip()!r} in <glue> is no time in seconds"
        raise ParseError(message, completion=completion)
    return value


def render_segment(segment: Segment | None) -> str:
    """Write a segment as on the wire, to the millisecond."""
    start, end = NO_SEGMENT if segment is None else (segment.start, segment.end)
    return json.dumps([round(start, 3), round(end, 3)])


def render_block(name: str, body: str) -> str:
    """Write one block; the caller has escaped what may hold a tag."""
    return f"<{name}>{body}</{name}>"
