"""What can be found in a completion that does not follow its format: sections, objects, lines.

Nothing here decides what a fragment means; that is `salvage`.
"""

import bisect
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from vau_agent.agent.blocks import MAX_COMPLETION_CHARS, Block
from vau_agent.agent.claims import escape
from vau_agent.agent.objects import refuse_repetition

MAX_OBJECTS: Final = 64
"""Places where an object may begin that are tried."""

_TAG: Final = re.compile(
    r"<\s{0,3}(?P<close>/?)\s{0,3}"
    r"(?P<name>think|answer|confidence|glue|reflection|request|verification)\s{0,3}>",
    re.IGNORECASE,
)
_FENCE: Final = re.compile(r"^[ \t]*```[a-zA-Z]*[ \t]*$", re.MULTILINE)
_SPACE: Final = re.compile(r"[\s,]*")
_COLON: Final = re.compile(r"\s*:\s*")
_CUT_STRING: Final = re.compile(r'"((?:[^"\\]|\\.)*)\\?$', re.DOTALL)
_TEXTS: Final = ("think", "verification", "reflection")
_REQUEST: Final = ("accept", "doubts", "queries", "calls")
FIELDS: Final = (*_TEXTS, *_REQUEST, "answer", "confidence", "start_s", "end_s")
"""By these an object is known as one of ours."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fragments:
    """A completion taken apart."""

    sections: tuple[Block, ...]
    """Between tags, in order; a tag inside a section is part of it."""
    stray: tuple[str, ...]
    """What stands outside them, in order, never blank."""
    is_closed: bool
    """Whether every section had its closing tag."""
    is_whole: bool
    """Whether all of it was looked at."""

    def bodies(self, name: str) -> tuple[str, ...]:
        """Give the distinct bodies of the sections of one name."""
        return tuple(dict.fromkeys(block.body for block in self.sections if block.name == name))


def take_apart(completion: str) -> Fragments:
    """Find sections by their tags, whatever stands around them."""
    text = _FENCE.sub("\n", completion[:MAX_COMPLETION_CHARS])
    is_whole = len(completion) <= MAX_COMPLETION_CHARS
    tags = list(_TAG.finditer(text))
    if _object_comes_first(text, tags):  # tags in its strings are quoted, not written
        return Fragments(sections=(), stray=(text,), is_closed=True, is_whole=is_whole)
    closings = _closings(tags)
    sections: list[Block] = []
    stray: list[str] = []
    is_closed = True
    position = number = 0
    while number < len(tags):
        tag = tags[number]
        between = text[position : tag.start()].strip()
        if tag["close"]:  # what was opened by the prompt ends here
            if between:
                sections.append(Block(tag["name"].lower(), between))
            number += 1
            is_closed, position = False, tag.end()
            continue
        if between:
            stray.append(between)
        end = _end_of(tags, number, closings)
        stop = tags[end].start() if end < len(tags) else len(text)
        body = text[tag.end() : stop].strip()
        if body:
            sections.append(Block(tag["name"].lower(), body))
        is_own = end < len(tags) and _is_closing(tags[end], tag)
        is_closed = is_closed and is_own
        number = end + 1 if is_own else end
        position = tags[end].end() if is_own else stop
    rest = text[position:].strip()
    return Fragments(
        sections=tuple(sections),
        stray=(*stray, rest) if rest else tuple(stray),
        is_closed=is_closed,
        is_whole=is_whole,
    )


def _object_comes_first(text: str, tags: list[re.Match[str]]) -> bool:
    start = text.find("{")
    if start < 0 or (tags and tags[0].start() < start):
        return False
    return any(name in found for found in find_objects(text) for name in FIELDS)


def _closings(tags: list[re.Match[str]]) -> Mapping[str, list[int]]:
    """Number the closing and, under `<name`, the opening tags of each name."""
    places: dict[str, list[int]] = {}
    for number, tag in enumerate(tags):
        key = tag["name"].lower() if tag["close"] else f"<{tag['name'].lower()}"
        places.setdefault(key, []).append(number)
    return places


def _end_of(tags: list[re.Match[str]], number: int, places: Mapping[str, list[int]]) -> int:
    """Give the tag that ends a section: its own closing one, else the next tag of any kind.

    Its own counts only if no other section of the name is opened before it.
    """
    name = tags[number]["name"].lower()
    own = _next_of(places.get(name, []), number)
    again = _next_of(places.get(f"<{name}", []), number)
    if own is not None and (again is None or own < again):
        return own
    return number + 1


def _next_of(places: list[int], number: int) -> int | None:
    place = bisect.bisect_right(places, number)
    return places[place] if place < len(places) else None


def _is_closing(tag: re.Match[str], opened: re.Match[str]) -> bool:
    return bool(tag["close"]) and tag["name"].lower() == opened["name"].lower()


def find_objects(text: str) -> Iterator[dict[str, object]]:
    """Give the JSON objects in a text, outermost only; the last may be cut off."""
    decoder = json.JSONDecoder(object_pairs_hook=refuse_repetition)
    position = 0
    for _ in range(MAX_OBJECTS):
        start = text.find("{", position)
        if start < 0:
            return
        try:
            found, position = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            found, position = _cut_object(text, start, decoder), start + 1
            if found:
                yield found
                return
            continue
        if isinstance(found, dict):
            yield found


def _cut_object(text: str, start: int, decoder: json.JSONDecoder) -> dict[str, object]:
    """Read an object that ends too early, field by field, as far as it goes."""
    fields: dict[str, object] = {}
    position = start + 1
    while True:
        position = _skip(_SPACE, text, position)
        try:
            key, position = decoder.raw_decode(text, position)
            colon = _COLON.match(text, position)
            if not isinstance(key, str) or key in fields:
                return {}
            if colon is None:
                return fields
            position = colon.end()
            fields[key], position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            cut = _CUT_STRING.match(text, position)
            if cut is not None and fields and key not in fields:
                fields[key] = cut[1]
            return fields


def _skip(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position


def object_sections(found: Mapping[str, object]) -> tuple[Block, ...]:
    """Give an object's fields as the sections that the tags would have made."""
    sections = [
        Block(name, _text(value))
        for name in _TEXTS
        if isinstance(value := found.get(name), str) and value.strip()
    ]
    answer = found.get("answer")
    if isinstance(answer, str) and answer.strip():
        reason = found.get("reason")
        with_reason = answer.strip().lower() == "inconclusive" and isinstance(reason, str)
        sections.append(Block("answer", _text(f"{answer}: {reason}" if with_reason else answer)))
    confidence = found.get("confidence")
    if isinstance(confidence, int | float | str):
        sections.append(Block("confidence", _text(str(confidence))))
    start, end = found.get("start_s"), found.get("end_s")
    if isinstance(start, int | float | str) and isinstance(end, int | float | str):
        sections.append(Block("glue", _text(f"[{start}, {end}]")))
    request = {name: found[name] for name in _REQUEST if name in found}
    if request:
        sections.append(Block("request", json.dumps(request)))
    return tuple(sections)


def _text(value: str) -> str:
    """Escape a field; half a character, which JSON can spell, becomes a question mark."""
    return escape(value.encode("utf-8", "replace").decode())


def last_line(text: str) -> tuple[str, str]:
    """Cut the last line that is not blank off a text; give both."""
    before, _, line = text.rstrip().rpartition("\n")
    return before.rstrip(), line.strip()
