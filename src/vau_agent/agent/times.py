"""Times in people's words: which part of a video does a question speak of."""

import re
from typing import Final

from vau_agent.schemas import Segment

AROUND_SECONDS: Final = 2.0
"""'At 02:10' means this much before and after it."""

_MOMENT: Final = (
    r"(?:(?P<{0}h>\d+):)?(?P<{0}m>\d{{1,3}}):(?P<{0}s>\d{{2}}(?:\.\d+)?)"
    r"|(?P<{0}n>\d+(?:\.\d+)?)\s*(?:s|sec|secs|seconds?)\b"
)
_TO: Final = r"\s*(?:and|to|until|-|\u2013)\s*"
_RANGE: Final = re.compile(
    rf"(?:between|from)?\s*(?:{_MOMENT.format('a')}){_TO}(?:{_MOMENT.format('b')})"
)
_POINT: Final = re.compile(rf"(?P<side>before|after|until|since)?\s*\b(?:{_MOMENT.format('a')})")
_EDGE: Final = re.compile(
    r"\b(?P<edge>first|last)\s+(?:(?P<count>\d+(?:\.\d+)?|few|half)\s*)?"
    r"(?P<unit>s|seconds?|minutes?|half|hours?)\b"
)
_UNITS: Final = {"s": 1.0, "second": 1.0, "minute": 60.0, "hour": 3600.0}
_COUNTS: Final = {"few": 5.0, "half": 0.5}
_ENDS: Final = re.compile(r"\bat the (?P<edge>beginning|start|end)\b")
_END_SHARE: Final = 0.1
"""'At the end' means this share of the video."""


def asked_segment(question: str, duration_s: float) -> Segment | None:
    """Give the part of the video that a question names, or `None` when it names none.

    A part that lies wholly outside the video is `None` too: there is nothing to look at.
    """
    text = question.lower()
    span = _range(text) or _edge(text, duration_s) or _point(text, duration_s)
    if span is None:
        return None
    start, end = max(0.0, span[0]), min(duration_s, span[1])
    return Segment(start=start, end=end) if end > start else None


def named_times(text: str) -> tuple[float, ...]:
    """Give every moment that a text names, in seconds, in order."""
    return tuple(_seconds(found, "a") for found in _POINT.finditer(text.lower()))


def _range(text: str) -> tuple[float, float] | None:
    found = _RANGE.search(text)
    return (_seconds(found, "a"), _seconds(found, "b")) if found else None


def _point(text: str, duration_s: float) -> tuple[float, float] | None:
    found = _POINT.search(text)
    if found is None:
        return None
    moment = _seconds(found, "a")
    match found["side"]:
        case "before" | "until":
            return (0.0, moment)
        case "after" | "since":
            return (moment, duration_s)
        case _:
            return (moment - AROUND_SECONDS, moment + AROUND_SECONDS)


def _edge(text: str, duration_s: float) -> tuple[float, float] | None:
    found = _EDGE.search(text)
    if found is not None:
        edge, length = found["edge"], _length(found, duration_s)
    elif (found := _ENDS.search(text)) is not None:
        edge = "last" if found["edge"] == "end" else "first"
        length = duration_s * _END_SHARE
    else:
        return None
    return (duration_s - length, duration_s) if edge == "last" else (0.0, length)


def _length(found: re.Match[str], duration_s: float) -> float:
    if found["unit"] == "half":
        return duration_s / 2
    count = found["count"]
    number = _COUNTS.get(count) or float(count) if count else 1.0
    unit = found["unit"] if found["unit"] == "s" else found["unit"].rstrip("s")
    return number * _UNITS[unit]


def _seconds(found: re.Match[str], name: str) -> float:
    if found[f"{name}n"] is not None:
        return float(found[f"{name}n"])
    hours = int(found[f"{name}h"] or 0)
    return hours * 3600 + int(found[f"{name}m"]) * 60 + float(found[f"{name}s"])
