"""Tagged completion to value and back: the only place that knows the tags.

A completion is a row of blocks, with nothing but white space between them. What each stage writes:

    initial_reason, revise  <think>claims [f3]</think><answer>A</answer>
                            <confidence>0.62</confidence><glue>[s, e]</glue>
    self_reflect            <reflection>text</reflection><request>JSON</request>
    verify                  <verification>text</verification><answer>A or abstain</answer>
                            <confidence>…</confidence><glue>[s, e]</glue>
    answer                  <answer>text with citations</answer>

`A` is `normal`, a category, or `inconclusive: why`. Confidence is optional. `[-1.0, -1.0]` means no
segment. The three stages of one window, without confidence and request, are its `Trajectory`.
"""

import json
import math
import re
from collections.abc import Sequence
from typing import Final, NamedTuple, NoReturn

from pydantic import ValidationError

from vau_agent.agent.claims import escape, render_claims, split_claims, unescape
from vau_agent.errors import ParseError
from vau_agent.schemas import (
    CATEGORIES,
    Claim,
    Reasoning,
    Reflection,
    Segment,
    Value,
    Verdict,
    Verification,
)

MAX_COMPLETION_CHARS: Final = 32_768
"""Longer completions are refused: 1,024 new tokens are about 4,000 characters, and a state that
holds what was read from one must fit a checkpoint of 64 KiB."""
MOMENT_S: Final = 0.01
"""The wire's resolution: an interval whose ends are equal becomes a segment this long, and times
may pass the limits by this much before they are cut to them."""
NO_SEGMENT: Final = (-1.0, -1.0)
"""How "no segment" is written on the wire."""

_ALIASES: Final = {
    "car accident": "road accident",
    "falling": "fall",
    "fight": "fighting",
    "people falling": "fall",
    "person falling": "fall",
    "theft": "stealing",
    "traffic accident": "road accident",
    "vehicle accident": "road accident",
}
"""Class names of public sets that mean one of ours."""
_TAG: Final = re.compile(
    r"<(?P<close>/?)"
    r"(?P<name>think|answer|confidence|glue|reflection|request|verification)>"
)
_INTERVAL: Final = re.compile(r"\[([^\[\],]{1,40}),([^\[\],]{1,40})\]")
_CONFIDENCE: Final = re.compile(r"0(?:\.\d+)?|1(?:\.0+)?|\.\d+")
_STEP: Final = ("think", "answer")
_GROUNDED_STEP: Final = (*_STEP, "glue")


class Attempt(Value):
    """First or revised reasoning of a trajectory, as written; an answer may be an option."""

    think: str
    answer: str
    segment: Segment | None = None


class Trajectory(Value):
    """Initial reasoning, self-reflection and revised reasoning as one text (SRVAU-R1)."""

    first: Attempt
    reflection: str
    revised: Attempt
    is_grounded: bool = True
    """Whether both attempts give an interval; a question with options has none."""


class _Block(NamedTuple):
    name: str
    body: str


def parse_reasoning(completion: str, *, limits: Segment | None = None) -> Reasoning:
    """Read initial or revised reasoning.

    Args:
        completion: What the policy wrote.
        limits: The span that a segment must lie in.

    Raises:
        ParseError: The format is not followed, or the verdict contradicts itself.
    """
    blocks = _read(completion, required=("think", "answer"), optional=("confidence", "glue"))
    return Reasoning(
        claims=_claims(completion, blocks["think"]),
        verdict=_verdict(completion, blocks, limits),
    )


def parse_verification(completion: str, *, limits: Segment | None = None) -> Verification:
    """Read a blind second look; its verdict is `None` when the verifier abstains.

    Raises:
        ParseError: The format is not followed, or the verdict contradicts itself.
    """
    optional = ("confidence", "glue")
    blocks = _read(completion, required=("verification", "answer"), optional=optional)
    abstains = blocks["answer"].partition(":")[0].strip().lower() == "abstain"
    return Verification(
        text=unescape(blocks["verification"]),
        verdict=None if abstains else _verdict(completion, blocks, limits),
    )


def parse_reflection(completion: str) -> Reflection:
    """Read the policy's judgement of its own reasoning.

    Raises:
        ParseError: A block is missing or the request is not a valid one.
    """
    blocks = _read(completion, required=("reflection", "request"))
    try:
        request = json.loads(blocks["request"], parse_constant=_refuse_constant)
        if not isinstance(request, dict) or "text" in request:
            raise ValueError("a request is an object with accept, doubts, queries and calls")
        return Reflection.model_validate({**request, "text": unescape(blocks["reflection"])})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        message = f"bad <request>: {place}: {first['msg']}"
        raise ParseError(message, completion=completion) from error
    except (ValueError, RecursionError) as error:
        raise ParseError(f"bad <request>: {error}", completion=completion) from error


def parse_answer(completion: str) -> tuple[Claim, ...]:
    """Read the answer to an investigator's question.

    Raises:
        ParseError: There is no answer block, or it says nothing.
    """
    return _claims(completion, _read(completion, required=("answer",))["answer"])


def parse_trajectory(text: str) -> Trajectory:
    """Read a whole trajectory: two attempts around one reflection, with two intervals or none.

    Raises:
        ParseError: The order of the blocks is not the canonical one, or an interval is not one.
    """
    blocks = _split_blocks(text)
    names = tuple(block.name for block in blocks)
    is_grounded = names == (*_GROUNDED_STEP, "reflection", *_GROUNDED_STEP)
    if not is_grounded and names != (*_STEP, "reflection", *_STEP):
        found = " ".join(names) or "no tags"
        raise ParseError(
            "a trajectory is think answer [glue] reflection think answer [glue], "
            f"not {_shorten(found, 120)}",
            completion=text,
        )
    middle = names.index("reflection")
    return Trajectory(
        first=_attempt(text, blocks[:middle]),
        reflection=unescape(blocks[middle].body),
        revised=_attempt(text, blocks[middle + 1 :]),
        is_grounded=is_grounded,
    )


def parse_category(text: str) -> str | None:
    """Find the category that `text` names, however it is spelled; `None` when it names none."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    name = " ".join(re.sub(r"[^a-z]+", " ", spaced.lower()).split())
    for spelling in (name, name.removesuffix("s"), name.removesuffix(" event")):
        if spelling in CATEGORIES:
            return spelling
        if spelling in _ALIASES:
            return _ALIASES[spelling]
    return None


def render_reasoning(reasoning: Reasoning) -> str:
    """Write reasoning the way the policy does; struck claims are left out."""
    standing = tuple(claim for claim in reasoning.claims if claim.struck is None)
    return _block("think", render_claims(standing)) + _render_verdict(reasoning.verdict)


def render_verification(verification: Verification) -> str:
    """Write a verification the way the policy does."""
    text = _block("verification", escape(verification.text))
    if verification.verdict is None:
        return text + _block("answer", "abstain")
    return text + _render_verdict(verification.verdict)


def render_reflection(reflection: Reflection) -> str:
    """Write a reflection the way the policy does."""
    request = json.dumps(reflection.model_dump(exclude={"text"}), ensure_ascii=False)
    return _block("reflection", escape(reflection.text)) + _block(
        "request", request.replace("<", "\\u003c")
    )


def render_answer(claims: Sequence[Claim]) -> str:
    """Write an answer the way the policy does."""
    return _block("answer", render_claims(tuple(claims)))


def render_trajectory(trajectory: Trajectory) -> str:
    """Write a trajectory in its canonical form."""
    return "".join(
        (
            _render_attempt(trajectory.first, is_grounded=trajectory.is_grounded),
            _block("reflection", escape(trajectory.reflection)),
            _render_attempt(trajectory.revised, is_grounded=trajectory.is_grounded),
        )
    )


def build_trajectory(first: Reasoning, reflection: Reflection, revised: Reasoning) -> Trajectory:
    """Join the three stages of one window."""
    return Trajectory(
        first=_to_attempt(first), reflection=reflection.text, revised=_to_attempt(revised)
    )


def _read(
    completion: str, *, required: tuple[str, ...], optional: tuple[str, ...] = ()
) -> dict[str, str]:
    """Check that exactly these blocks stand in this order; the optional ones come last."""
    blocks = _split_blocks(completion)
    names = [block.name for block in blocks]
    expected = [name for name in (*required, *optional) if name in required or name in names]
    if names != expected:
        wanted = " ".join((*required, *(f"[{name}]" for name in optional)))
        found = _shorten(" ".join(names), 120) or "no tags"
        raise ParseError(f"wanted the tags {wanted}, found {found}", completion=completion)
    return {block.name: block.body for block in blocks}


def _split_blocks(completion: str) -> list[_Block]:
    if len(completion) > MAX_COMPLETION_CHARS:
        raise ParseError(
            f"{len(completion)} characters, at most {MAX_COMPLETION_CHARS} are read; "
            "answer in fewer words",
            completion=completion,
        )
    blocks: list[_Block] = []
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


def _close(completion: str, opened: re.Match[str], tag: re.Match[str]) -> _Block:
    if not tag["close"] or tag["name"] != opened["name"]:
        raise ParseError(f"{opened[0]} is followed by {tag[0]}", completion=completion)
    body = completion[opened.end() : tag.start()].strip()
    if not body:
        raise ParseError(f"{opened[0]} is empty", completion=completion)
    return _Block(opened["name"], body)


def _refuse_stray(completion: str, start: int, end: int) -> None:
    stray = completion[start:end].strip()
    if stray:
        raise ParseError(f"text outside the tags: {_shorten(stray)!r}", completion=completion)


def _shorten(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _claims(completion: str, body: str) -> tuple[Claim, ...]:
    claims = split_claims(body)
    if not claims:
        raise ParseError(f"no words in {_shorten(body)!r}", completion=completion)
    return claims


def _verdict(completion: str, blocks: dict[str, str], limits: Segment | None) -> Verdict:
    answer = unescape(blocks["answer"])
    segment = _segment(completion, blocks["glue"], limits) if "glue" in blocks else None
    confidence = _confidence(completion, blocks["confidence"]) if "confidence" in blocks else None
    word, _, rest = (part.strip() for part in answer.partition(":"))
    if word.lower() == "inconclusive":
        if not rest:
            raise ParseError("write 'inconclusive: why'", completion=completion)
        return Verdict(label="inconclusive", segment=segment, confidence=confidence, reason=rest)
    if answer.lower().rstrip(".") == "normal":
        if segment is not None:
            raise ParseError("a normal answer has <glue>[-1.0, -1.0]</glue>", completion=completion)
        return Verdict(label="normal", confidence=confidence)
    category = parse_category(rest if word.lower() in ("anomalous", "anomaly") else answer)
    if category is None:
        raise ParseError(
            f"unknown category {_shorten(answer)!r}; write normal, 'inconclusive: why' or one of "
            + ", ".join(CATEGORIES),
            completion=completion,
        )
    if segment is None:
        raise ParseError(f"{category!r} needs <glue>[start, end]</glue>", completion=completion)
    return Verdict(label="anomalous", category=category, segment=segment, confidence=confidence)


def _confidence(completion: str, body: str) -> float:
    if not _CONFIDENCE.fullmatch(body):
        message = f"<confidence> holds {_shorten(body)!r}, not a number from 0 to 1"
        raise ParseError(message, completion=completion)
    return float(body)


def _segment(completion: str, body: str, limits: Segment | None) -> Segment | None:
    match = _INTERVAL.fullmatch(body)
    if match is None:
        message = f"<glue> holds {_shorten(body)!r}, not [start, end] in seconds"
        raise ParseError(message, completion=completion)
    start, end = (_seconds(completion, text) for text in match.groups())
    if (start, end) == NO_SEGMENT:
        return None
    if start < 0 or start > end:
        where = "before the video" if start < 0 else "after it ends"
        raise ParseError(f"<glue> {body} starts {where}", completion=completion)
    if limits is not None:
        if start < limits.start - MOMENT_S or end > limits.end + MOMENT_S:
            message = f"<glue> {body} lies outside {render_segment(limits)}"
            raise ParseError(message, completion=completion)
        start, end = max(start, limits.start), min(end, limits.end)
    if end <= start:
        start, end = max(0.0, end - MOMENT_S), max(end, MOMENT_S)
    return Segment(start=start, end=end)


def _seconds(completion: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        message = f"{text.strip()!r} in <glue> is no time in seconds"
        raise ParseError(message, completion=completion)
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def _attempt(completion: str, blocks: Sequence[_Block]) -> Attempt:
    bodies = dict(blocks)
    return Attempt(
        think=unescape(bodies["think"]),
        answer=unescape(bodies["answer"]),
        segment=_segment(completion, bodies["glue"], None) if "glue" in bodies else None,
    )


def _to_attempt(reasoning: Reasoning) -> Attempt:
    standing = tuple(claim for claim in reasoning.claims if claim.struck is None)
    return Attempt(
        think=unescape(render_claims(standing)),
        answer=_answer_text(reasoning.verdict),
        segment=reasoning.verdict.segment,
    )


def _render_attempt(attempt: Attempt, *, is_grounded: bool) -> str:
    text = _block("think", escape(attempt.think)) + _block("answer", escape(attempt.answer))
    return text + _block("glue", render_segment(attempt.segment)) if is_grounded else text


def _render_verdict(verdict: Verdict) -> str:
    parts = [_block("answer", escape(_answer_text(verdict)))]
    if verdict.confidence is not None:
        parts.append(_block("confidence", f"{verdict.confidence:.2f}"))
    parts.append(_block("glue", render_segment(verdict.segment)))
    return "".join(parts)


def _answer_text(verdict: Verdict) -> str:
    if verdict.label == "inconclusive":
        return f"inconclusive: {verdict.reason}"
    return verdict.category or "normal"


def render_segment(segment: Segment | None) -> str:
    """Write a segment as on the wire, to the millisecond."""
    start, end = NO_SEGMENT if segment is None else (segment.start, segment.end)
    return json.dumps([round(start, 3), round(end, 3)])


def _block(name: str, body: str) -> str:
    return f"<{name}>{body}</{name}>"
