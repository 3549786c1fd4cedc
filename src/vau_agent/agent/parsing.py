"""Tagged completion to value and back: with `blocks`, the only place that knows the tags.

A completion is a row of blocks, with nothing but white space between them. What each stage writes:

    initial_reason, revise  <think>claims [f3]</think><answer>A</answer>
                            <confidence>0.62</confidence><glue>[s, e]</glue>
    self_reflect            <reflection>text</reflection><request>JSON</request>
    verify                  <verification>text</verification><answer>A or abstain</answer>
                            <confidence>…</confidence><glue>[s, e]</glue>
    answer                  <answer>text with citations</answer>

A completion may also be exactly one JSON object that says the same (see `objects`): it is read into
the bodies of these blocks first. `to_*` is what blocks mean, however they were written.

`A` is `normal`, a category, or `inconclusive: why`. Confidence is optional. `[-1.0, -1.0]` means no
segment. The three stages of one window, without confidence and request, are its `Trajectory`.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import ValidationError

from vau_agent.agent.blocks import (
    Block,
    parse_segment,
    read_blocks,
    render_block,
    render_segment,
    shorten,
    split_blocks,
)
from vau_agent.agent.claims import escape, render_claims, split_claims, unescape
from vau_agent.agent.objects import (
    AnswerObject,
    ReasoningObject,
    ReflectionObject,
    VerificationObject,
    WireObject,
    explain,
    is_object,
    load_json,
    read_object,
)
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

ALIASES: Final = {
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


def parse_reasoning(completion: str, *, limits: Segment | None = None) -> Reasoning:
    """Read initial or revised reasoning.

    Args:
        completion: What the policy wrote.
        limits: The span that a segment must lie in.

    Raises:
        ParseError: The format is not followed, or the verdict contradicts itself.
    """
    required, optional = ("think", "answer"), ("confidence", "glue")
    blocks = _blocks(completion, ReasoningObject, required=required, optional=optional)
    return to_reasoning(completion, blocks, limits)


def parse_verification(completion: str, *, limits: Segment | None = None) -> Verification:
    """Read a blind second look; its verdict is `None` when the verifier abstains.

    Raises:
        ParseError: The format is not followed, or the verdict contradicts itself.
    """
    required, optional = ("verification", "answer"), ("confidence", "glue")
    blocks = _blocks(completion, VerificationObject, required=required, optional=optional)
    return to_verification(completion, blocks, limits)


def parse_reflection(completion: str) -> Reflection:
    """Read the policy's judgement of its own reasoning.

    Raises:
        ParseError: A block is missing or the request is not a valid one.
    """
    blocks = _blocks(completion, ReflectionObject, required=("reflection", "request"))
    return to_reflection(completion, blocks)


def parse_answer(completion: str) -> tuple[Claim, ...]:
    """Read the answer to an investigator's question.

    Raises:
        ParseError: There is no answer block, or it says nothing.
    """
    return to_answer(completion, _blocks(completion, AnswerObject, required=("answer",)))


def to_reasoning(
    completion: str, blocks: Mapping[str, str], limits: Segment | None = None
) -> Reasoning:
    """Give the reasoning that blocks hold; without `think` it has no claims.

    Raises:
        ParseError: A body says nothing that can be read, or the verdict contradicts itself.
    """
    return Reasoning(
        claims=_claims(completion, blocks["think"]) if "think" in blocks else (),
        verdict=_verdict(completion, blocks, limits),
    )


def to_verification(
    completion: str, blocks: Mapping[str, str], limits: Segment | None = None
) -> Verification:
    """Give the second opinion that blocks hold.

    Raises:
        ParseError: The verdict cannot be read, or contradicts itself.
    """
    abstains = blocks["answer"].partition(":")[0].strip().lower() == "abstain"
    return Verification(
        text=unescape(blocks["verification"]),
        verdict=None if abstains else _verdict(completion, blocks, limits),
    )


def to_reflection(completion: str, blocks: Mapping[str, str]) -> Reflection:
    """Give the reflection that blocks hold.

    Raises:
        ParseError: The request is not a valid one.
    """
    try:
        request = load_json(blocks["request"])
        if not isinstance(request, dict) or "text" in request:
            raise ValueError("a request is an object with accept, doubts, queries and calls")
        return Reflection.model_validate({**request, "text": unescape(blocks["reflection"])})
    except ValidationError as error:
        raise ParseError(f"bad <request>: {explain(error)}", completion=completion) from error
    except ValueError as error:
        raise ParseError(f"bad <request>: {error}", completion=completion) from error


def to_answer(completion: str, blocks: Mapping[str, str]) -> tuple[Claim, ...]:
    """Give the claims that an answer makes.

    Raises:
        ParseError: It says nothing.
    """
    return _claims(completion, blocks["answer"])


def parse_trajectory(text: str) -> Trajectory:
    """Read a whole trajectory: two attempts around one reflection, with two intervals or none.

    Raises:
        ParseError: The order of the blocks is not the canonical one, or an interval is not one.
    """
    blocks = split_blocks(text)
    names = tuple(block.name for block in blocks)
    is_grounded = names == (*_GROUNDED_STEP, "reflection", *_GROUNDED_STEP)
    if not is_grounded and names != (*_STEP, "reflection", *_STEP):
        found = " ".join(names) or "no tags"
        raise ParseError(
            "a trajectory is think answer [glue] reflection think answer [glue], "
            f"not {shorten(found, 120)}",
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
        if spelling in ALIASES:
            return ALIASES[spelling]
    return None


def render_reasoning(reasoning: Reasoning) -> str:
    """Write reasoning the way the policy does; struck claims are left out."""
    standing = tuple(claim for claim in reasoning.claims if claim.struck is None)
    return render_block("think", render_claims(standing)) + _render_verdict(reasoning.verdict)


def render_verification(verification: Verification) -> str:
    """Write a verification the way the policy does."""
    text = render_block("verification", escape(verification.text))
    if verification.verdict is None:
        return text + render_block("answer", "abstain")
    return text + _render_verdict(verification.verdict)


def render_reflection(reflection: Reflection, *, brief: bool = False) -> str:
    """Write a reflection the way the policy does; `brief` leaves out what is empty."""
    fields = reflection.model_dump(exclude={"text"}, exclude_defaults=brief)
    request = json.dumps(fields, ensure_ascii=False)
    return render_block("reflection", escape(reflection.text)) + render_block(
        "request", request.replace("<", "\\u003c")
    )


def render_answer(claims: Sequence[Claim]) -> str:
    """Write an answer the way the policy does."""
    return render_block("answer", render_claims(tuple(claims)))


def render_trajectory(trajectory: Trajectory) -> str:
    """Write a trajectory in its canonical form."""
    return "".join(
        (
            _render_attempt(trajectory.first, is_grounded=trajectory.is_grounded),
            render_block("reflection", escape(trajectory.reflection)),
            _render_attempt(trajectory.revised, is_grounded=trajectory.is_grounded),
        )
    )


def build_trajectory(first: Reasoning, reflection: Reflection, revised: Reasoning) -> Trajectory:
    """Join the three stages of one window."""
    return Trajectory(
        first=_to_attempt(first), reflection=reflection.text, revised=_to_attempt(revised)
    )


def _blocks(
    completion: str,
    kind: type[WireObject],
    *,
    required: tuple[str, ...],
    optional: tuple[str, ...] = (),
) -> dict[str, str]:
    if is_object(completion):
        return read_object(completion, kind)
    return read_blocks(completion, required=required, optional=optional)


def _claims(completion: str, body: str) -> tuple[Claim, ...]:
    claims = split_claims(body)
    if not claims:
        raise ParseError(f"no words in {shorten(body)!r}", completion=completion)
    return claims


def _verdict(completion: str, blocks: Mapping[str, str], limits: Segment | None) -> Verdict:
    answer = unescape(blocks["answer"])
    segment = parse_segment(completion, blocks["glue"], limits) if "glue" in blocks else None
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
            f"unknown category {shorten(answer)!r}; write normal, 'inconclusive: why' or one of "
            + ", ".join(CATEGORIES),
            completion=completion,
        )
    if segment is None:
        raise ParseError(f"{category!r} needs <glue>[start, end]</glue>", completion=completion)
    return Verdict(label="anomalous", category=category, segment=segment, confidence=confidence)


def _confidence(completion: str, body: str) -> float:
    if not _CONFIDENCE.fullmatch(body):
        message = f"<confidence> holds {shorten(body)!r}, not a number from 0 to 1"
        raise ParseError(message, completion=completion)
    return float(body)


def _attempt(completion: str, blocks: Sequence[Block]) -> Attempt:
    bodies = dict(blocks)
    return Attempt(
        think=unescape(bodies["think"]),
        answer=unescape(bodies["answer"]),
        segment=parse_segment(completion, bodies["glue"], None) if "glue" in bodies else None,
    )


def _to_attempt(reasoning: Reasoning) -> Attempt:
    standing = tuple(claim for claim in reasoning.claims if claim.struck is None)
    return Attempt(
        think=unescape(render_claims(standing)),
        answer=_answer_text(reasoning.verdict),
        segment=reasoning.verdict.segment,
    )


def _render_attempt(attempt: Attempt, *, is_grounded: bool) -> str:
    text = render_block("think", escape(attempt.think)) + render_block(
        "answer", escape(attempt.answer)
    )
    return text + render_block("glue", render_segment(attempt.segment)) if is_grounded else text


def _render_verdict(verdict: Verdict) -> str:
    parts = [render_block("answer", escape(_answer_text(verdict)))]
    if verdict.confidence is not None:
        parts.append(render_block("confidence", f"{verdict.confidence:.2f}"))
    parts.append(render_block("glue", render_segment(verdict.segment)))
    return "".join(parts)


def _answer_text(verdict: Verdict) -> str:
    if verdict.label == "inconclusive":
        return f"inconclusive: {verdict.reason}"
    return verdict.category or "normal"
