"""Single values of an annotation: numbers, texts, spans. Each is right or is refused by name."""

import math
from collections.abc import Iterable, Mapping
from typing import Final

from pydantic import JsonValue

from vau_agent.evals.samples import FrameSpan, GapKind
from vau_agent.schemas import Segment

SHOWN: Final = 60
"""Most characters of a value in a message."""


class UnusableItemError(Exception):
    """One item cannot be used; it becomes a gap, and never leaves this folder."""

    def __init__(self, kind: GapKind, detail: str) -> None:
        super().__init__(detail)
        self.kind: GapKind = kind
        self.detail = detail


def kind_of(value: JsonValue) -> str:
    """Name the kind of a JSON value, for an error."""
    if value is None:
        return "null"
    names = {bool: "a truth value", str: "a text", list: "a list", dict: "an object"}
    return names.get(type(value), "a number")


def shown(value: object) -> str:
    """Write a value for a message: on one line, and not at length."""
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def field(entry: Mapping[str, JsonValue], name: str) -> JsonValue:
    """Return a field.

    Raises:
        UnusableItemError: It is absent.
    """
    if name not in entry:
        found = ", ".join(shown(name) for name in sorted(entry)[:12]) or "none"
        raise UnusableItemError("missing-field", f"no field {name!r}; fields found: {found}")
    return entry[name]


def text_of(entry: Mapping[str, JsonValue], name: str) -> str:
    """Return a field that holds a text, which is not empty.

    Raises:
        UnusableItemError: It is absent or something else.
    """
    value = field(entry, name)
    if not isinstance(value, str) or not value.strip():
        raise UnusableItemError("missing-field", f"{name} is {shown(value)}, not a text")
    return value.strip()


def list_of(value: JsonValue, what: str) -> list[JsonValue]:
    """Return a value that is a list.

    Raises:
        UnusableItemError: It is something else.
    """
    if not isinstance(value, list):
        raise UnusableItemError("unreadable", f"{what} is {kind_of(value)}, not a list")
    return value


def number_of(value: JsonValue, what: str) -> float:
    """Return a finite number, from a number or a text that spells one.

    Raises:
        UnusableItemError: It is something else.
    """
    try:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError
        number = float(value)
        if not math.isfinite(number):
            raise ValueError
    except (ValueError, OverflowError) as error:
        raise UnusableItemError("not-a-number", f"{what} is {shown(value)}") from error
    return number


def whole_of(value: JsonValue, what: str) -> int:
    """Return a whole number.

    Raises:
        UnusableItemError: It is something else.
    """
    number = number_of(value, what)
    if not number.is_integer():
        raise UnusableItemError("not-a-number", f"{what} is {number:g}, not a whole number")
    return int(number)


def positive(number: float, what: str) -> float:
    """Return a finite number above 0.

    Raises:
        UnusableItemError: It is not.
    """
    if not 0 < number < math.inf:
        raise UnusableItemError("wrong-length", f"{what} is {number:g}")
    return number


def segment_of(start: float, end: float, *, within: float | None = None) -> Segment:
    """Return a span of seconds, cut at the end of its video.

    Raises:
        UnusableItemError: It is reversed, or starts outside the video.
    """
    if start < 0 or not end > start:
        raise UnusableItemError("reversed-times", f"times {start:g}..{end:g} s")
    if within is not None and start >= within:
        raise UnusableItemError(
            "wrong-length", f"an event starts at {start:g} s of a video of {within:g} s"
        )
    return Segment(start=start, end=end if within is None else min(end, within))


def frame_span_of(start: int, end: int, *, within: int | None = None) -> FrameSpan:
    """Return a half-open span of frames, cut at the end of its video.

    Raises:
        UnusableItemError: It is reversed, or starts outside the video.
    """
    if start < 0 or end <= start:
        raise UnusableItemError("reversed-times", f"frames {start}..{end}")
    if within is not None and start >= within:
        raise UnusableItemError(
            "wrong-length", f"an event starts at frame {start} of a video of {within} frames"
        )
    return FrameSpan(start=start, end=end if within is None else min(end, within))


def seconds_of(spans: Iterable[FrameSpan], fps: float) -> tuple[Segment, ...]:
    """Return the same spans in seconds.

    Raises:
        UnusableItemError: The rate is so low that they have no end.
    """
    return tuple(
        segment_of(span.start / fps, positive(span.end / fps, "the end of an event"))
        for span in spans
    )
