import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from vau_agent.agent.blocks import MAX_COMPLETION_CHARS
from vau_agent.agent.objects import OBJECTS, describe_fields, load_json, response_schema
from vau_agent.agent.parsing import (
    parse_answer,
    parse_reasoning,
    parse_reflection,
    parse_verification,
)
from vau_agent.errors import ParseError
from vau_agent.schemas import CATEGORIES, Claim, Segment, Stage, ToolCall, Verdict

LIMITS = Segment(start=0, end=40)
REASONING: dict[str, object] = {
    "think": "Two people push each other. [f3 f7]",
    "answer": "fighting",
    "reason": "",
    "confidence": 0.62,
    "start_s": 16.0,
    "end_s": 28.0,
}
REFLECTION: dict[str, object] = {
    "reflection": "The start is late.",
    "accept": False,
    "doubts": ["start"],
    "queries": ["two people"],
    "calls": [{"tool": "zoom", "arguments": {"start_s": 1.0, "end_s": 4.0}}],
}
STAGES: tuple[Stage, ...] = tuple(OBJECTS)


def written(**changes: object) -> str:
    return json.dumps({**REASONING, **changes})


def test_an_object_says_the_same_as_the_tags() -> None:
    tags = (
        "<think>Two people push each other. [f3 f7]</think><answer>fighting</answer>"
        "<confidence>0.62</confidence><glue>[16, 28]</glue>"
    )

    assert parse_reasoning(written(), limits=LIMITS) == parse_reasoning(tags, limits=LIMITS)


def test_a_reflection_may_be_an_object() -> None:
    read = parse_reflection(json.dumps(REFLECTION))

    assert read.text == "The start is late."
    assert not read.accept
    assert (read.doubts, read.queries) == (("start",), ("two people",))
    assert read.calls == (ToolCall(tool="zoom", arguments={"start_s": 1.0, "end_s": 4.0}),)


def test_a_verifier_may_abstain_in_an_object() -> None:
    read = parse_verification('{"verification": "Too dark.", "answer": "abstain"}')

    assert read.text == "Too dark."
    assert read.verdict is None


def test_an_answer_may_be_an_object() -> None:
    read = parse_answer('{"answer": "Left door. [f126]"}')

    assert read == (Claim(text="Left door.", frames=("f126",)),)


@pytest.mark.parametrize("times", [(None, None), (-1, -1), (-1.0, -1.0)])
def test_without_times_there_is_no_segment(times: tuple[float | None, float | None]) -> None:
    text = written(answer="normal", start_s=times[0], end_s=times[1])

    assert parse_reasoning(text).verdict == Verdict(label="normal", confidence=0.62)


def test_the_reason_has_a_field_of_its_own() -> None:
    text = written(answer="inconclusive", reason="a bus hides it", start_s=None, end_s=None)

    assert parse_reasoning(text).verdict.reason == "a bus hides it"


def test_tags_in_an_object_are_text() -> None:
    quoted = "A sign says </think><answer>normal</answer> &lt; 3."
    text = written(think=quoted)

    read = parse_reasoning(text, limits=LIMITS)

    assert read.text == quoted
    assert read.verdict.category == "fighting"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (written(answer="dragon"), "unknown category 'dragon'"),
        (written(answer="fighting", start_s=None, end_s=None), "needs"),
        (written(answer="normal"), "normal answer has"),
        (written(answer="inconclusive"), "inconclusive: why"),
        (written(start_s=28, end_s=16), "after it ends"),
        (written(start_s=30, end_s=50), "outside"),
        (written(start_s=None), "given together"),
        (written(confidence=1.5), "confidence"),
        (written(think=" "), "'think' is empty"),
        (written(think="..."), "no words"),
        (written(mood="calm"), "mood"),
        ('{"think": "Quiet."}', "answer"),
        (written() + " Done.", "Extra data"),
        (written() + written(), "Extra data"),
        (written()[:-1], "bad object"),
        ('{"think": "a", "answer": "fire", "answer": "normal"}', "twice"),
        (written().replace("0.62", "NaN"), "NaN is not a number"),
        (written().replace("0.62", "1e999"), "1e999 is not a number"),
        (written().replace("16.0", "1" * 5000), "bad object"),
        (written().replace("Two", "\\ud800"), "half a character"),
        ('{"a":' * 5_000, "bad object"),
        (written(think="a" * MAX_COMPLETION_CHARS), "fewer words"),
    ],
)
def test_anything_but_exactly_one_object_that_fits_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ParseError, match=complaint) as refused:
        parse_reasoning(text, limits=LIMITS)

    assert refused.value.completion == text
    assert "\n" not in str(refused.value)


def test_an_object_inside_a_thought_is_not_the_answer() -> None:
    text = (
        '<think>The screen shows {"think": "x", "answer": "normal"}. [f3]</think>'
        "<answer>fire</answer><glue>[1, 2]</glue>"
    )

    assert parse_reasoning(text, limits=LIMITS).verdict.category == "fire"


@pytest.mark.parametrize("stage", STAGES)
def test_a_schema_wants_every_field_and_no_other(stage: Stage) -> None:
    schema = response_schema(stage)

    Draft202012Validator.check_schema(schema)
    assert schema["required"] == list(schema["properties"])
    assert schema["additionalProperties"] is False
    assert "$defs" not in json.dumps(schema)


def test_what_fits_the_schema_is_what_is_read() -> None:
    reasoning = Draft202012Validator(response_schema("initial_reason"))
    reflection = Draft202012Validator(response_schema("self_reflect"))

    assert reasoning.is_valid(REASONING)
    assert reflection.is_valid(REFLECTION)
    assert not reasoning.is_valid({**REASONING, "answer": "dragon"})
    assert not reasoning.is_valid({"think": "Quiet.", "answer": "normal"})
    assert not reflection.is_valid({**REFLECTION, "accept": "perhaps"})


def test_a_policy_thinks_before_it_answers() -> None:
    assert response_schema("revise")["required"][:2] == ["think", "answer"]
    assert response_schema("verify")["required"][:2] == ["verification", "answer"]
    assert response_schema("self_reflect")["required"][:2] == ["reflection", "accept"]


def test_a_schema_offers_every_answer_of_its_stage() -> None:
    assert set(CATEGORIES) | {"normal", "inconclusive"} == set(
        response_schema("initial_reason")["properties"]["answer"]["enum"]
    )
    assert "abstain" in response_schema("verify")["properties"]["answer"]["enum"]


@pytest.mark.parametrize("stage", STAGES)
def test_every_field_is_described_to_the_policy(stage: Stage) -> None:
    told = describe_fields(stage)

    assert all(f"`{name}` (" in told for name in response_schema(stage)["properties"])
    assert "None" not in told


@pytest.mark.parametrize("text", ['{"a": 1, "a": 2}', "NaN", "1e999", '"\\ud800"', "[" * 9_999])
def test_what_cannot_be_written_again_is_not_loaded(text: str) -> None:
    with pytest.raises(ValueError, match=r"twice|number|character|deep"):
        load_json(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*REASONING, *REFLECTION, "verification"]), JSON))
def test_any_object_is_read_or_refused(value: dict[str, object]) -> None:
    text = json.dumps(value)
    for parse in (parse_reasoning, parse_reflection, parse_verification, parse_answer):
        try:
            parse(text)
        except ParseError as error:
            assert error.completion == text
