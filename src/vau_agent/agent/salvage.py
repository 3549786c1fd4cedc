"""Lenient reading of what a policy wrote twice without following the format.

A completion is taken apart, its pieces are mended into the bodies that the format asks for, and
`parsing` says what they mean. Nothing is made up: a category, a time or a number is one that the
text holds. An anomaly without times that can be read is inconclusive; two different answers are
none. What cannot be read even so raises `ParseError`, and nothing else is ever raised.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from vau_agent.agent.blocks import Block, render_segment, shorten
from vau_agent.agent.claims import escape, split_claims, unescape
from vau_agent.agent.fragments import (
    Fragments,
    find_objects,
    last_line,
    object_sections,
    take_apart,
)
from vau_agent.agent.mending import (
    UNTOLD,
    exact_answer,
    find_interval,
    mend_answer,
    mend_confidence,
    mend_times,
)
from vau_agent.agent.objects import load_json
from vau_agent.agent.parsing import to_answer, to_reasoning, to_reflection, to_verification
from vau_agent.errors import ParseError
from vau_agent.schemas import Claim, Reasoning, Reflection, Segment, Verification

T = TypeVar("T")

MAX_LOOKS: Final = 64
"""Doubts, queries or calls of one request that are read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Salvage(Generic[T]):
    """A value that was read leniently."""

    value: T
    completion: str
    """The one it was read from."""
    remarks: tuple[str, ...]
    """What was mended or lost, each one sentence."""


@dataclass(kw_only=True, slots=True)
class _Mended:
    """Bodies in the making."""

    completion: str
    blocks: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    is_undecided: bool = False
    """Whether an answer was given up for want of times."""


def salvage_reasoning(completions: Sequence[str], *, limits: Segment) -> Salvage[Reasoning]:
    """Read initial or revised reasoning from the better of `completions`, latest first.

    Raises:
        ParseError: None names one answer.
    """

    def read(mended: _Mended, parts: Fragments) -> Reasoning:
        _mend_verdict(mended, parts, limits, text="think")
        return to_reasoning(mended.completion, mended.blocks, limits)

    return _best(completions, read)


def salvage_verification(completions: Sequence[str], *, limits: Segment) -> Salvage[Verification]:
    """Read a second look from the better of `completions`, latest first.

    Raises:
        ParseError: None names one answer, or abstains.
    """

    def read(mended: _Mended, parts: Fragments) -> Verification:
        _mend_verdict(mended, parts, limits, text="verification")
        mended.blocks.setdefault("verification", "It gives no grounds.")
        return to_verification(mended.completion, mended.blocks, limits)

    return _best(completions, read)


def salvage_reflection(completions: Sequence[str]) -> Salvage[Reflection]:
    """Read a reflection from the better of `completions`, latest first.

    Raises:
        ParseError: None holds a request that can be read.
    """
    return _best(completions, _reflection)


def salvage_answer(completions: Sequence[str]) -> Salvage[tuple[Claim, ...]]:
    """Read the answer to a question from the better of `completions`, latest first.

    Raises:
        ParseError: None says anything.
    """
    return _best(completions, _answer)


def _best(completions: Sequence[str], read: Callable[[_Mended, Fragments], T]) -> Salvage[T]:
    """Read each; keep the one that was mended least, the latest of equals."""
    found: list[tuple[_Mended, T]] = []
    refusal: ParseError | None = None
    for completion in completions:
        mended = _Mended(completion=completion)
        try:
            parts = _apart(completion, mended)
            found.append((mended, read(mended, parts)))
        except ParseError as error:
            refusal = refusal or error
    if not found:
        assert refusal is not None, "there is a completion to read"
        raise refusal
    mended, value = min(found, key=lambda one: (one[0].is_undecided, len(one[0].remarks)))
    return Salvage(value=value, completion=mended.completion, remarks=tuple(mended.remarks))


def _apart(completion: str, mended: _Mended) -> Fragments:
    parts = take_apart(completion)
    if not parts.is_whole:
        mended.remarks.append("Only the beginning of a very long answer was read.")
    if not parts.is_closed:
        mended.remarks.append("A section was never closed.")
    return parts


def _mend_verdict(mended: _Mended, parts: Fragments, limits: Segment, *, text: str) -> None:
    sections, stray = parts.sections, parts.stray
    if not parts.bodies("answer"):
        objects = [block for found in _objects(stray) for block in object_sections(found)]
        if any(block.name == "answer" for block in objects):
            mended.remarks.append("The answer was taken from an object in the text.")
            sections, stray = (*sections, *objects), ()
    answer, stray = _one_answer(mended, sections, stray)
    grounds = list(dict.fromkeys(block.body for block in sections if block.name == text))
    if not grounds and stray:
        mended.remarks.append("The grounds stand outside the format.")
        grounds = list(stray)
    body = "\n".join(grounds)
    if split_claims(body):
        mended.blocks[text] = body
    else:
        mended.remarks.append("No grounds were given.")
    mended.blocks["answer"] = escape(answer)
    _mend_confidence(mended, sections)
    _mend_segment(mended, sections, limits, answer)


def _objects(texts: Sequence[str]) -> list[dict[str, object]]:
    return [found for text in texts for found in find_objects(text)]


def _one_answer(
    mended: _Mended, sections: Sequence[Block], stray: tuple[str, ...]
) -> tuple[str, tuple[str, ...]]:
    """Give the one answer, and what is left of the text outside sections.

    Raises:
        ParseError: There is none, or there are several.
    """
    bodies = [unescape(block.body) for block in sections if block.name == "answer"]
    if not bodies and stray:
        before, line = last_line(stray[-1])
        answer = exact_answer(line)
        if answer is not None:
            mended.remarks.append("The answer was taken from the last line.")
            mended.remarks.extend(_untold(answer))
            return answer, (*stray[:-1], before) if before else stray[:-1]
    answers = {mend_answer(body) for body in bodies}
    if len(answers) > 1:
        named = " and ".join(sorted(repr(shorten(body, 40)) for body in dict.fromkeys(bodies))[:3])
        raise ParseError(f"several answers: {named}", completion=mended.completion)
    answer = next(iter(answers), None)
    if answer is None:
        shown = shorten(bodies[0]) if bodies else shorten(mended.completion.strip())
        raise ParseError(f"no answer can be read from {shown!r}", completion=mended.completion)
    if answer not in (body.strip() for body in bodies):
        mended.remarks.append(f"The answer {shorten(bodies[0])!r} was read as {answer!r}.")
    mended.remarks.extend(_untold(answer))
    return answer, stray


def _untold(answer: str) -> tuple[str, ...]:
    return ("No reason was given.",) if answer.endswith(UNTOLD) else ()


def _mend_confidence(mended: _Mended, sections: Sequence[Block]) -> None:
    bodies = {unescape(block.body) for block in sections if block.name == "confidence"}
    if not bodies:
        return
    confidence = mend_confidence(next(iter(bodies))) if len(bodies) == 1 else None
    if confidence is None:
        mended.remarks.append("The confidence could not be read.")
    else:
        mended.blocks["confidence"] = f"{confidence:.6f}"


def _mend_segment(mended: _Mended, sections: Sequence[Block], limits: Segment, answer: str) -> None:
    bodies = {unescape(block.body) for block in sections if block.name == "glue"}
    if not bodies:
        found = find_interval(mended.completion)
        bodies = {found} if found else set()
    times = mend_times(next(iter(bodies)), limits) if len(bodies) == 1 else None
    word = answer.partition(":")[0]
    if word in ("normal", "abstain"):
        if times is not None and times.segment is not None:
            mended.remarks.append("Times were given with an answer that has none.")
        return
    segment = times.segment if times is not None else None
    if times is not None:
        mended.remarks.extend(times.remarks)
    if segment is not None:
        mended.blocks["glue"] = render_segment(segment)
    elif word != "inconclusive":
        mended.is_undecided = True
        mended.remarks.append(f"{answer!r} was named without times that can be read.")
        reason = f"the policy named {answer!r} without times that can be read"
        mended.blocks["answer"] = f"inconclusive: {reason}"


def _reflection(mended: _Mended, parts: Fragments) -> Reflection:
    texts, requests = parts.bodies("reflection"), parts.bodies("request")
    found = _objects(requests or parts.stray)
    if len(found) != 1:
        message = f"{len(found)} requests can be read, and one is wanted"
        raise ParseError(message, completion=mended.completion)
    (request,) = found
    if not requests:
        mended.remarks.append("The request stands outside the format.")
        texts = texts or tuple(
            block.body for block in object_sections(request) if block.name == "reflection"
        )
    outside = [text.partition("{")[0].strip() for text in parts.stray]
    body = "\n".join(texts) or "\n".join(filter(None, outside))
    if not body:
        mended.remarks.append("The reflection says nothing.")
    wanted = _mend_request(mended, request)
    blocks = {"reflection": body or "It gives no grounds.", "request": json.dumps(wanted)}
    return to_reflection(mended.completion, blocks)


def _mend_request(mended: _Mended, request: dict[str, object]) -> dict[str, object]:
    """Keep what can be read of a request.

    Raises:
        ParseError: It neither says whether it accepts nor asks for anything.
    """
    wanted: dict[str, object] = {
        "doubts": _texts(mended, request, "doubts"),
        "queries": _texts(mended, request, "queries"),
        "calls": _kept(mended, "calls", request.get("calls"), _is_call),
    }
    accept = request.get("accept")
    if isinstance(accept, str):
        accept = {"true": True, "yes": True, "false": False, "no": False}.get(accept.lower())
    if not isinstance(accept, bool):
        if not any(wanted.values()):
            message = "the request neither accepts nor asks for anything"
            raise ParseError(message, completion=mended.completion)
        mended.remarks.append("It does not say whether it accepts; it asks for looks.")
        accept = False
    return {"accept": accept, **wanted}


def _texts(mended: _Mended, request: dict[str, object], name: str) -> list[object]:
    given = request.get(name)
    if isinstance(given, str):
        given = [given] if given.strip() else []
    return _kept(mended, name, given, lambda one: isinstance(one, str) and bool(one.strip()))


def _kept(
    mended: _Mended, name: str, given: object, is_good: Callable[[object], bool]
) -> list[object]:
    if given is None:
        return []
    listed = given if isinstance(given, list) else [given]
    kept = [one for one in listed[:MAX_LOOKS] if is_good(one) and _is_writable(one)]
    if len(kept) < len(listed):
        lost = len(listed) - len(kept)
        mended.remarks.append(f"{lost} of {len(listed)} {name} could not be read.")
    return kept


def _is_call(one: object) -> bool:
    return (
        isinstance(one, dict)
        and isinstance(one.get("tool"), str)
        and isinstance(one.get("arguments", {}), dict)
        and one.keys() <= {"tool", "arguments"}
    )


def _is_writable(one: object) -> bool:
    try:
        load_json(json.dumps(one))
    except (ValueError, RecursionError):
        return False
    return True


def _answer(mended: _Mended, parts: Fragments) -> tuple[Claim, ...]:
    bodies = parts.bodies("answer")
    if not bodies:
        found = [block for one in _objects(parts.stray) for block in object_sections(one)]
        bodies = tuple(dict.fromkeys(block.body for block in found if block.name == "answer"))
    if not bodies and not parts.sections and any(_cites(text) for text in parts.stray):
        mended.remarks.append("The answer stands outside the format.")
        bodies = parts.stray
    if not bodies:
        raise ParseError("there is no answer", completion=mended.completion)
    return to_answer(mended.completion, {"answer": "\n\n".join(bodies)})


def _cites(text: str) -> bool:
    """Tell whether a text names frames: one that does not may be a refusal as well."""
    return any(claim.frames for claim in split_claims(text))
