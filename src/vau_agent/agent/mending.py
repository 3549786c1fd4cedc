"""Lenient reading of the parts of a verdict: which answer, how sure, from when to when.

Each function gives what the text says, or `None`; none makes anything up.
"""

import math
import re
from typing import Final, NamedTuple

from vau_agent.agent.blocks import MOMENT_S, SLACK_S
from vau_agent.agent.parsing import ALIASES, parse_category
from vau_agent.schemas import CATEGORIES, Segment

UNTOLD: Final = "the policy gave no reason"
MAX_ANSWER_CHARS: Final = 400
"""A longer answer is an essay: which of its words is the answer is anybody's guess."""

_NAMES: Final = (*CATEGORIES, *ALIASES, "normal")
_NAMED: Final = re.compile(
    r"\b(?:" + "|".join(sorted(map(re.escape, _NAMES), key=len, reverse=True)) + r")s?\b"
)
_NEGATION: Final = re.compile(
    r"\b(?:no|not|never|without|nor|neither|cannot|can|isn|wasn|aren|doesn|don|didn|or|unless"
    r"|unclear|unlikely)\b"
)
"""Words beside which a name may mean its opposite, or one of several."""
_LEADING: Final = re.compile(
    r"(?:(?:an?|the|my|final|answer|verdict|category|label|is|anomalous|anomaly|event) )*"
)
_FOLLOWING: Final = re.compile(
    r" (?:event|incident|activity|behaviou?r|scene|between|among|in|on|at|near|of|by|with|from"
    r"|during|after|before|because|since|as|against|inside|outside)\b"
)
"""Words that may follow a name and leave it what it is; a fire truck is no fire."""
_PAUSE: Final = re.compile(r"[(\[:;,.!?\n]|\s[-\u2013\u2014]\s")
_LABEL: Final = re.compile(
    r"(?:(?:the |my )?(?:final )?(?:answer|verdict|category|label)\s*(?:is|:|=)\s*)?"
    r"(?:(?:anomalous|anomaly|abnormal)\s*:\s*)?",
    re.IGNORECASE,
)
_MARKS: Final = re.compile(r"[*_`\"']+")
_INTERVAL: Final = re.compile(r"\[\s*-?[\d:.]+\s*,\s*-?[\d:.]+\s*\]")
_TIME: Final = re.compile(
    r"(?<![\w.:])(?:(?:(?P<h>\d{1,3}):)?(?P<m>\d{1,4}):(?P<s>\d{2}(?:\.\d+)?)"
    r"|(?P<n>-?(?:\d{1,9}(?:\.\d*)?|\.\d+)))(?!\.?\d)(?=s\b|sec|[^\w:]|$)"
)
_NUMBER: Final = re.compile(
    r"(?<![\w.,])(-?(?:\d{1,6}(?:\.\d*)?|\.\d+))(?![.,]?\d)\s*(%|percent\b)?"
)


class Times(NamedTuple):
    """What a text says of a span."""

    segment: Segment | None
    """`None` when it says that there is none."""
    remarks: tuple[str, ...]


def mend_answer(body: str) -> str | None:
    """Give the one answer that a text begins with, in the words of the format."""
    text = _LABEL.sub("", _MARKS.sub("", body).strip(), count=1)
    if len(text) > MAX_ANSWER_CHARS:
        return None
    for word in ("inconclusive", "abstain"):
        if re.match(rf"{word}\b", text, re.IGNORECASE):
            reason = " ".join(text[len(word) :].strip(" \t\n:,;.-\u2013\u2014()").split())
            return f"{word}: {reason or UNTOLD}" if word == "inconclusive" else word
    words = _spaced(text)
    if _NEGATION.search(words):
        return None
    names = {_own_name(found[0]) for found in _NAMED.finditer(words)}
    return names.pop() if len(names) == 1 and _begins_with_name(text) else None


def _begins_with_name(text: str) -> bool:
    words = _LEADING.sub("", _spaced(_PAUSE.split(text, maxsplit=1)[0]), count=1)
    name = _NAMED.match(words)
    if name is None:
        return False
    is_alone = name.end() == len(words) or bool(_FOLLOWING.match(words, name.end()))
    return is_alone or name[0] == "normal"


def exact_answer(line: str) -> str | None:
    """Give the answer that a line is, perhaps with a label before and an interval behind it."""
    text = _LABEL.sub("", _MARKS.sub("", line).strip(), count=1)
    text = _INTERVAL.sub("", text).strip(" .,;")
    if text.lower() == "normal":
        return "normal"
    if re.match(r"(?:inconclusive\s*:|abstain$)", text, re.IGNORECASE):
        return mend_answer(text)
    return parse_category(text) if len(text) <= MAX_ANSWER_CHARS else None


def mend_confidence(body: str) -> float | None:
    """Give the one share or percentage that a text holds."""
    numbers = _NUMBER.findall(body)
    if len(numbers) != 1:
        return None
    digits, percent = numbers[0]
    value = float(digits) / 100 if percent else float(digits)
    return value if 0 <= value <= 1 else None


def find_interval(text: str) -> str | None:
    """Give the only `[start, end]` in a text."""
    found = set(_INTERVAL.findall(text[: 1 << 16]))
    return found.pop() if len(found) == 1 else None


def mend_times(body: str, limits: Segment) -> Times | None:
    """Give the span between the only two times in a text, cut to `limits`."""
    times = [_seconds(found) for found in _TIME.finditer(body)]
    if len(times) != 2 or not all(math.isfinite(time) for time in times):
        return None
    if times == [-1.0, -1.0]:
        return Times(None, ())
    start, end = times
    remarks = []
    if start > end:
        start, end = end, start
        remarks.append(f"The times {body!r} were given in reverse.")
    if start < 0 or end < limits.start or start > limits.end:
        return None
    if start < limits.start - SLACK_S or end > limits.end + SLACK_S:
        remarks.append(f"The times {body!r} were cut to what was shown.")
    start, end = max(start, limits.start), min(end, limits.end)
    if end - start < MOMENT_S:
        end = min(start + MOMENT_S, limits.end)
        start = max(limits.start, end - MOMENT_S)
    return Times(Segment(start=start, end=end), tuple(remarks))


def _spaced(text: str) -> str:
    split = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    return " ".join(re.sub(r"[^a-z]+", " ", split.lower()).split())


def _own_name(found: str) -> str:
    return "normal" if found.startswith("normal") else (parse_category(found) or found)


def _seconds(found: re.Match[str]) -> float:
    if found["n"] is not None:
        return float(found["n"])
    return int(found["h"] or 0) * 3600 + int(found["m"]) * 60 + float(found["s"])
