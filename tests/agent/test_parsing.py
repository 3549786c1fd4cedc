import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vau_agent.agent.blocks import MAX_COMPLETION_CHARS, MOMENT_S, SLACK_S
from vau_agent.agent.parsing import (
    Attempt,
    Trajectory,
    build_trajectory,
    parse_answer,
    parse_category,
    parse_reasoning,
    parse_reflection,
    parse_trajectory,
    parse_verification,
    render_answer,
    render_reasoning,
    render_reflection,
    render_trajectory,
    render_verification,
)
from vau_agent.errors import ParseError
from vau_agent.schemas import (
    CATEGORIES,
    Claim,
    Reasoning,
    Reflection,
    Segment,
    ToolCall,
    Verdict,
    Verification,
)

LIMITS = Segment(start=0, end=40)
STEP = "<think>One man hits another. [f3]</think><answer>fighting</answer><glue>[16.0, 28.0]</glue>"
REVISED = "<think>It starts earlier. [f9]</think><answer>fighting</answer><glue>[14.5, 28.0]</glue>"
REFLECTION = "<reflection>The start looks late, frame f8 already shows it.</reflection>"
TRAJECTORY = STEP + REFLECTION + REVISED


def reasoning(answer: str, *, glue: str = "[16, 28]", confidence: str | None = "0.62") -> str:
    given_confidence = f"<confidence>{confidence}</confidence>" if confidence else ""
    return (
        f"<think>Two people push each other. [f3 f7]</think><answer>{answer}</answer>"
        f"{given_confidence}<glue>{glue}</glue>"
    )


# --- whole trajectories


def test_the_canonical_trajectory_is_read_whole() -> None:
    read = parse_trajectory(TRAJECTORY)

    assert read.first == Attempt(
        think="One man hits another. [f3]",
        answer="fighting",
        segment=Segment(start=16, end=28),
    )
    assert read.revised.segment == Segment(start=14.5, end=28)
    assert read.reflection.startswith("The start looks late")
    assert read.is_grounded


def test_white_space_between_blocks_and_at_the_end_is_no_text() -> None:
    spaced = TRAJECTORY.replace("><", ">\n  <") + "\n"

    assert parse_trajectory(spaced) == parse_trajectory(TRAJECTORY)


def test_a_question_with_options_has_no_intervals() -> None:
    first = "<think>t</think><answer>B</answer>"
    read = parse_trajectory(f"{first}<reflection>r</reflection>{first}")

    assert not read.is_grounded
    assert read.first == Attempt(think="t", answer="B")


def test_minus_one_means_no_segment() -> None:
    read = parse_trajectory(TRAJECTORY.replace("[16.0, 28.0]", "[-1.0, -1.0]"))

    assert read.first.segment is None
    assert "[-1.0, -1.0]" in render_trajectory(read)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param(STEP + REVISED, "not think answer glue think", id="no reflection"),
        pytest.param(TRAJECTORY + "<think>third</think>", "trajectory is", id="three thinks"),
        pytest.param(
            TRAJECTORY.replace("One man hits another. [f3]", " "), "<think> is empty", id="empty"
        ),
        pytest.param(TRAJECTORY + "Good luck!", "'Good luck!'", id="text after the last tag"),
        pytest.param("Well: " + TRAJECTORY, "'Well:'", id="text before the first tag"),
        pytest.param(
            TRAJECTORY.replace("[14.5, 28.0]", "[28.0, 14.5]"), "after it ends", id="reversed"
        ),
        pytest.param(
            TRAJECTORY.replace("<glue>[16.0, 28.0]</glue>", ""), "trajectory is", id="one glue"
        ),
        pytest.param(STEP + REFLECTION, "trajectory is", id="no revision"),
        pytest.param(REFLECTION + STEP + REVISED, "trajectory is", id="reflection first"),
        pytest.param(TRAJECTORY.replace("</reflection>", ""), "is followed by", id="unclosed"),
        pytest.param(TRAJECTORY[: -len("</glue>")], "never closed", id="cut off"),
        pytest.param("</think>" + TRAJECTORY, "closes nothing", id="closes nothing"),
        pytest.param("<think><think>a</think></think>", "is followed by <think>", id="nested"),
        pytest.param("", "no tags", id="nothing"),
        pytest.param("I cannot help with that.", "outside the tags", id="no tags"),
        pytest.param(
            TRAJECTORY.replace(
                "</glue><reflection>", "</glue><confidence>1</confidence><reflection>"
            ),
            "trajectory is",
            id="confidence is no part of it",
        ),
    ],
)
def test_anything_but_the_canonical_order_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ParseError, match=complaint.replace("<", r"\<")) as refused:
        parse_trajectory(text)

    assert refused.value.completion == text


def test_the_three_stages_of_a_window_make_one_trajectory() -> None:
    first = parse_reasoning(reasoning("fighting"))
    reflection = parse_reflection(
        '<reflection>Late.</reflection><request>{"accept": true}</request>'
    )

    built = build_trajectory(first, reflection, first)

    assert parse_trajectory(render_trajectory(built)) == built
    assert built.first.answer == "fighting"
    assert "confidence" not in render_trajectory(built)


# --- reasoning


def test_reasoning_gives_claims_and_a_verdict() -> None:
    read = parse_reasoning(reasoning("fighting"), limits=LIMITS)

    assert read.claims == (Claim(text="Two people push each other.", frames=("f3", "f7")),)
    assert read.verdict == Verdict(
        label="anomalous",
        category="fighting",
        segment=Segment(start=16, end=28),
        confidence=0.62,
    )


def test_confidence_may_be_left_out() -> None:
    assert parse_reasoning(reasoning("fighting", confidence=None)).verdict.confidence is None


@pytest.mark.parametrize("glue", ["<glue>[-1.0, -1.0]</glue>", "<glue>[-1, -1]</glue>", ""])
def test_normal_has_no_segment(glue: str) -> None:
    text = f"<think>Quiet. [f1]</think><answer>Normal</answer>{glue}"

    assert parse_reasoning(text).verdict == Verdict(label="normal")


def test_inconclusive_keeps_its_reason() -> None:
    verdict = parse_reasoning(reasoning("inconclusive: a bus hides it")).verdict

    assert verdict.label == "inconclusive"
    assert verdict.reason == "a bus hides it"


@pytest.mark.parametrize(
    ("spelling", "category"),
    [
        *((name, name) for name in CATEGORIES),
        ("RoadAccidents", "road accident"),
        ("Road_Accident", "road accident"),
        ("ROAD ACCIDENT", "road accident"),
        ("traffic-accident", "road accident"),
        (" Fighting. ", "fighting"),
        ("People_falling", "fall"),
        ("abandonedObject", "abandoned object"),
        ("Theft", "stealing"),
    ],
)
def test_a_category_is_found_however_it_is_spelled(spelling: str, category: str) -> None:
    assert parse_category(spelling) == category


@pytest.mark.parametrize("prefix", ["anomalous: ", "Anomaly: "])
def test_the_label_may_stand_before_the_category(prefix: str) -> None:
    assert parse_reasoning(reasoning(prefix + "Fighting")).verdict.category == "fighting"


@pytest.mark.parametrize("answer", ["dragon", "anomalous", "fighting and fire", "正常", "???"])
def test_an_unknown_category_is_refused_with_the_list(answer: str) -> None:
    with pytest.raises(ParseError, match="unknown category") as refused:
        parse_reasoning(reasoning(answer))

    assert all(category in str(refused.value) for category in CATEGORIES)


@pytest.mark.parametrize(
    "glue",
    [
        "[nan, 3]",
        "[1, NaN]",
        "[1, inf]",
        "[-inf, 3]",
        "[1e999, 1e999]",
        "[5, 3]",
        "[-2, 3]",
        "[-1, 3]",
        "[1, 2, 3]",
        "[1]",
        "1, 2",
        "[a, b]",
        "[1_0, 2_0]",
        "00:16-00:28",
        "[30, 41]",
        "[50, 60]",
    ],
)
def test_an_impossible_segment_is_refused(glue: str) -> None:
    with pytest.raises(ParseError, match="<glue>"):
        parse_reasoning(reasoning("fighting", glue=glue), limits=LIMITS)


@pytest.mark.parametrize(
    ("end", "is_read"), [(40.0, True), (40.0 + SLACK_S / 2, True), (40.0 + 2 * SLACK_S, False)]
)
def test_limits_hold_up_to_rounding(end: float, is_read: bool) -> None:
    text = reasoning("fighting", glue=f"[30, {end}]")
    if is_read:
        assert parse_reasoning(text, limits=LIMITS).verdict.segment == Segment(start=30, end=40)
    else:
        with pytest.raises(ParseError, match="outside"):
            parse_reasoning(text, limits=LIMITS)


@pytest.mark.parametrize("moment", [0.0, 7.0, 40.0])
def test_a_moment_becomes_a_very_short_segment_within_the_limits(moment: float) -> None:
    text = reasoning("fighting", glue=f"[{moment}, {moment}]")
    segment = parse_reasoning(text, limits=LIMITS).verdict.segment

    assert segment is not None
    assert segment.duration == pytest.approx(MOMENT_S)
    assert LIMITS.start <= segment.start
    assert segment.end <= LIMITS.end + 1e-9


@pytest.mark.parametrize("confidence", ["1.01", "-0.1", "nan", "high", "62%", "1e-3", "0,6"])
def test_confidence_is_a_number_from_zero_to_one(confidence: str) -> None:
    with pytest.raises(ParseError, match="confidence"):
        parse_reasoning(reasoning("fighting", confidence=confidence))


@pytest.mark.parametrize(
    ("answer", "glue", "complaint"),
    [
        ("normal", "[16, 28]", "normal answer has"),
        ("fighting", "[-1, -1]", "needs <glue>"),
        ("inconclusive", "[-1, -1]", "inconclusive: why"),
        ("inconclusive: ", "[-1, -1]", "inconclusive: why"),
    ],
)
def test_a_verdict_that_contradicts_itself_is_refused(
    answer: str, glue: str, complaint: str
) -> None:
    with pytest.raises(ParseError, match=complaint):
        parse_reasoning(reasoning(answer, glue=glue))


@pytest.mark.parametrize(
    "text",
    [
        "<answer>normal</answer><think>Quiet.</think>",
        "<think>Quiet.</think>",
        "<think>Quiet.</think><answer>normal</answer><answer>fire</answer>",
        "<think>...</think><answer>normal</answer>",
        "<think>Quiet.</think><answer>normal</answer><reflection>x</reflection>",
        "<Think>Quiet.</Think><Answer>normal</Answer>",
        "```<think>Quiet.</think><answer>normal</answer>```",
    ],
)
def test_other_blocks_than_the_task_asks_for_are_refused(text: str) -> None:
    with pytest.raises(ParseError):
        parse_reasoning(text)


# --- size


def filled(length: int) -> str:
    text = reasoning("fighting")
    return text.replace("Two", "a" * (length - len(text) + len("Two")))


def test_the_longest_completion_is_read_and_one_more_character_is_not() -> None:
    assert parse_reasoning(filled(MAX_COMPLETION_CHARS)).verdict.category == "fighting"
    with pytest.raises(ParseError, match="fewer words"):
        parse_reasoning(filled(MAX_COMPLETION_CHARS + 1))


@pytest.mark.parametrize(
    "unit", [".", "[f1 ", "a. ", "\n", "<", "<think>", "</", "[", "… ", "f1 f1", "1.\n", " - \n"]
)
def test_a_flood_of_any_character_is_answered_at_once(unit: str) -> None:
    flood = (unit * 100_000)[: MAX_COMPLETION_CHARS - 60]
    started = time.perf_counter()
    for text in (f"<think>{flood}</think><answer>normal</answer>", flood, unit * 100_000):
        try:
            parse_reasoning(text)
        except ParseError as error:
            assert len(str(error)) < 1000
    assert time.perf_counter() - started < 2.0


# --- reflection


def test_a_reflection_carries_doubts_and_looks() -> None:
    read = parse_reflection(
        "<reflection>The start is late.</reflection>"
        '<request>{"accept": false, "doubts": ["start"], "queries": ["two people"], '
        '"calls": [{"tool": "zoom", "arguments": {"start_s": 1.0, "end_s": 4.0}}]}</request>'
    )

    assert read == Reflection(
        text="The start is late.",
        accept=False,
        doubts=("start",),
        queries=("two people",),
        calls=(ToolCall(tool="zoom", arguments={"start_s": 1.0, "end_s": 4.0}),),
    )


@pytest.mark.parametrize(
    "request_body",
    [
        "yes",
        "{}",
        "[]",
        "null",
        '{"accept": "perhaps"}',
        '{"accept": true, "calls": [{"arguments": {}}]}',
        '{"accept": true, "calls": [{"tool": "zoom", "arguments": {"start_s": NaN}}]}',
        '{"accept": true, "calls": [{"tool": "zoom", "arguments": {"start_s": Infinity}}]}',
        '{"accept": true, "reward": 1}',
        '{"accept": true, "text": "another"}',
        '{"accept": true',
        "[" * 20_000,
        '{"a":' * 5_000,
    ],
)
def test_a_request_that_is_no_request_is_refused(request_body: str) -> None:
    with pytest.raises(ParseError, match="request"):
        parse_reflection(f"<reflection>r</reflection><request>{request_body}</request>")


def test_a_reflection_without_a_request_is_refused() -> None:
    with pytest.raises(ParseError, match="found reflection"):
        parse_reflection("<reflection>All fine.</reflection>")


# --- verification and answer


@pytest.mark.parametrize("word", ["abstain", "Abstain", "abstain: too dark"])
def test_a_verifier_may_abstain(word: str) -> None:
    text = f"<verification>Too dark.</verification><answer>{word}</answer>"

    assert parse_verification(text) == Verification(text="Too dark.", verdict=None)


def test_a_verification_holds_a_verdict() -> None:
    read = parse_verification(
        "<verification>Flames grow. [f4]</verification><answer>fire</answer><glue>[1, 2]</glue>"
    )

    assert read.verdict is not None
    assert read.verdict.category == "fire"


def test_reasoning_may_not_abstain() -> None:
    with pytest.raises(ParseError, match="unknown category 'abstain'"):
        parse_reasoning(reasoning("abstain"))


def test_an_answer_is_claims_with_citations() -> None:
    read = parse_answer("<answer>Left door, at 00:07.8. [f126] Not visible afterwards.</answer>")

    assert read == (
        Claim(text="Left door, at 00:07.8.", frames=("f126",)),
        Claim(text="Not visible afterwards."),
    )


# --- round trips

WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters=".!?…[]"),
    min_size=1,
    max_size=12,
).filter(lambda word: any(character.isalnum() for character in word))
SENTENCES = st.lists(WORDS, min_size=2, max_size=6).map(
    lambda words: " ".join(["It", *words]) + "."
)
FRAMES = st.lists(st.integers(0, 999).map("f{}".format), max_size=3, unique=True).map(tuple)
CLAIMS = st.builds(Claim, text=SENTENCES, frames=FRAMES)
SECONDS = st.integers(0, 3_600_000).map(lambda milliseconds: milliseconds / 1000)
SEGMENTS = st.builds(
    lambda start, length: Segment(start=start, end=round(start + length, 3)),
    SECONDS,
    st.integers(20, 100_000).map(lambda milliseconds: milliseconds / 1000),
)
CONFIDENCES = st.none() | st.integers(0, 100).map(lambda percent: percent / 100)
TEXTS = SENTENCES | st.sampled_from(["</think><answer>normal</answer>", "a & b &lt; c", "<glue>"])
VERDICTS = st.one_of(
    st.builds(Verdict, label=st.just("normal"), confidence=CONFIDENCES),
    st.builds(
        Verdict,
        label=st.just("anomalous"),
        category=st.sampled_from(CATEGORIES),
        segment=SEGMENTS,
        confidence=CONFIDENCES,
    ),
    st.builds(
        Verdict,
        label=st.just("inconclusive"),
        segment=st.none() | SEGMENTS,
        confidence=CONFIDENCES,
        reason=TEXTS,
    ),
)
REASONINGS = st.builds(
    Reasoning, claims=st.lists(CLAIMS, min_size=1, max_size=4).map(tuple), verdict=VERDICTS
)


@given(REASONINGS)
def test_reasoning_survives_the_wire(value: Reasoning) -> None:
    assert parse_reasoning(render_reasoning(value)) == value


@given(st.builds(Verification, text=TEXTS, verdict=st.none() | VERDICTS))
def test_verification_survives_the_wire(value: Verification) -> None:
    assert parse_verification(render_verification(value)) == value


@given(
    st.builds(
        Reflection,
        text=TEXTS,
        accept=st.booleans(),
        doubts=st.lists(TEXTS, max_size=3).map(tuple),
        queries=st.lists(TEXTS, max_size=3).map(tuple),
        calls=st.lists(
            st.builds(
                ToolCall,
                tool=TEXTS,
                arguments=st.dictionaries(TEXTS, SECONDS | TEXTS | st.none(), max_size=2),
            ),
            max_size=2,
        ).map(tuple),
    )
)
def test_reflection_survives_the_wire(value: Reflection) -> None:
    assert parse_reflection(render_reflection(value)) == value


@given(st.lists(CLAIMS, min_size=1, max_size=4).map(tuple))
def test_answer_survives_the_wire(value: tuple[Claim, ...]) -> None:
    assert parse_answer(render_answer(value)) == value


@given(
    st.booleans().flatmap(
        lambda is_grounded: st.builds(
            Trajectory,
            first=attempts(is_grounded=is_grounded),
            reflection=TEXTS,
            revised=attempts(is_grounded=is_grounded),
            is_grounded=st.just(is_grounded),
        )
    )
)
def test_trajectory_survives_the_wire(value: Trajectory) -> None:
    assert parse_trajectory(render_trajectory(value)) == value


def attempts(*, is_grounded: bool) -> st.SearchStrategy[Attempt]:
    segments = st.none() | SEGMENTS if is_grounded else st.none()
    return st.builds(Attempt, think=TEXTS, answer=TEXTS, segment=segments)


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (parse_reasoning, parse_reflection, parse_verification, parse_answer):
        try:
            parse(text)
        except ParseError as error:
            assert error.completion == text


def test_a_struck_claim_is_not_written() -> None:
    struck = Claim(text="A gun is seen.", struck="cites no frame")
    kept = Claim(text="A door opens.", frames=("f1",))
    value = Reasoning(claims=(struck, kept), verdict=Verdict(label="normal"))

    assert parse_reasoning(render_reasoning(value)).claims == (kept,)


@pytest.mark.parametrize(
    ("request_text", "accepts", "looks"),
    [
        ('{"accept": true}', True, 0),
        ('{"accept": false, "doubts": ["another time"]}', False, 0),
        (
            '{"accept": false, "calls": [{"tool": "zoom", "arguments": {"start_s": 2.0, '
            '"end_s": 8.0}}]}',
            False,
            1,
        ),
    ],
)
def test_a_short_request_leaves_out_what_is_empty(
    request_text: str, accepts: bool, looks: int
) -> None:
    text = f"<reflection>It fits.</reflection><request>{request_text}</request>"
    reflection = parse_reflection(text)

    assert (reflection.accept, len(reflection.calls)) == (accepts, looks)
    assert render_reflection(reflection, brief=True) == text


def test_a_short_answer_needs_no_confidence() -> None:
    text = "<think>A person falls [f3 f5].</think><answer>fall</answer><glue>[3.0, 7.5]</glue>"
    found = parse_reasoning(text, limits=LIMITS)

    assert found.claims == (Claim(text="A person falls.", frames=("f3", "f5")),)
    assert found.verdict.confidence is None
    assert found.verdict.segment == Segment(start=3.0, end=7.5)
