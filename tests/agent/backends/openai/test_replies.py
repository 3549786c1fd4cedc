import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from vau_agent.agent.backends.base import Usage
from vau_agent.agent.backends.openai.refusals import quote, read_complaint
from vau_agent.agent.backends.openai.replies import read_reply
from vau_agent.errors import GenerationError

PLACE = "gpu-box:8000"


def body(message: dict[str, Any], *, usage: object = None, **choice: object) -> bytes:
    return json.dumps({"choices": [{"message": message, **choice}], "usage": usage}).encode()


def tokens(*texts: str, logprob: float = -0.5) -> dict[str, Any]:
    return {"content": [{"token": text, "logprob": logprob} for text in texts]}


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
def test_thinking_is_kept_apart(field: str) -> None:
    completion = read_reply(body({"content": "x", field: "I wonder"}), place=PLACE)

    assert (completion.text, completion.reasoning) == ("x", "I wonder")


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"content": None}, ""),
        ({}, ""),
        ({"content": None, "refusal": "I cannot."}, "I cannot."),
        ({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}, "ab"),
        ({"content": "x" * 100_000}, "x" * 100_000),
        ({"content": "Überfall \u0000 🚗"}, "Überfall \u0000 🚗"),
    ],
)
def test_the_text_is_found_where_servers_put_it(message: dict[str, Any], text: str) -> None:
    assert read_reply(body(message), place=PLACE).text == text


@pytest.mark.parametrize(
    ("told", "finish"), [("stop", "stop"), ("length", "length"), (None, "stop"), ("eos", "stop")]
)
def test_the_end_is_told(told: str | None, finish: str) -> None:
    assert read_reply(body({}, finish_reason=told), place=PLACE).finish_reason == finish


@pytest.mark.parametrize("told", ["content_filter", "error", "abort"])
def test_an_answer_that_was_broken_off_is_none(told: str) -> None:
    with pytest.raises(GenerationError, match=f"{PLACE} gave no answer"):
        read_reply(body({"content": "half"}, finish_reason=told), place=PLACE)


@pytest.mark.parametrize(
    ("usage", "read"),
    [
        (None, Usage()),
        ({}, Usage()),
        ({"prompt_tokens": 7, "completion_tokens": None}, Usage(prompt_tokens=7)),
        ({"prompt_tokens": -7, "completion_tokens": 2}, Usage(completion_tokens=2)),
        ({"prompt_tokens": 7, "prompt_tokens_details": None}, Usage(prompt_tokens=7)),
        (
            {"prompt_tokens": 7, "prompt_tokens_details": {"cached_tokens": 5}},
            Usage(prompt_tokens=7, cached_tokens=5),
        ),
        ("many", Usage()),
        ({"prompt_tokens": "x"}, Usage()),
    ],
)
def test_usage_is_what_can_be_read_of_it(usage: object, read: Usage) -> None:
    assert read_reply(body({}, usage=usage), place=PLACE).usage == read


def test_the_verdict_is_looked_for_in_the_text_and_not_in_the_thinking() -> None:
    thought = ("<answer>", "fire", "</answer>", "?")
    written = ("<answer>", "normal", "</answer>")

    completion = read_reply(
        body({"content": "".join(written)}, logprobs=tokens(*thought, *written, "<|end|>")),
        place=PLACE,
    )

    assert completion.verdict_token is not None
    assert completion.verdict_token.token == "normal"


def test_a_token_is_always_among_its_alternatives_and_never_above_certain() -> None:
    logprobs = {
        "content": [
            {"token": "<answer>", "logprob": 0.0},
            {
                "token": "fire",
                "logprob": 1e-7,
                "top_logprobs": [{"token": "normal", "logprob": float("-inf")}],
            },
        ]
    }
    completion = read_reply(body({"content": "<answer>fire"}, logprobs=logprobs), place=PLACE)

    assert completion.verdict_token is not None
    assert completion.verdict_token.logprob == 0
    assert completion.verdict_token.alternatives == {"fire": 0.0, "normal": -9999.0}
    assert completion.logprobs == (0.0, 0.0)


@pytest.mark.parametrize(
    "logprobs",
    [
        None,
        {},
        [],
        "x",
        {"content": None},
        {"content": [{"token": "a"}]},
        tokens("a", logprob=1e999),
    ],
)
def test_probabilities_that_cannot_be_read_are_none(logprobs: object) -> None:
    completion = read_reply(body({"content": "a"}, logprobs=logprobs), place=PLACE)

    assert completion.verdict_token is None
    assert completion.logprobs in ((), (0.0,))


def test_a_probability_that_is_no_number_discards_all() -> None:
    logprobs = tokens("<answer>", "fire")
    logprobs["content"][0]["logprob"] = float("nan")

    completion = read_reply(body({"content": "<answer>fire"}, logprobs=logprobs), place=PLACE)

    assert (completion.logprobs, completion.verdict_token) == ((), None)


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        (b"", "an empty body"),
        (b"  \n", "an empty body"),
        (b"<html>login</html>", "not JSON"),
        (b'{"choices": [{"mess', "not JSON"),
        (b'data: {"choices": []}\n\n', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"choices": [{"message": {"content": "\\ud800"}}]}', "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"{}", "choices: field required"),
        (b"null", "without a completion"),
        (b'{"choices": []}', "choices"),
        (b'{"choices": [{}]}', "message: field required"),
        (b'{"choices": [{"message": {"content": 5}}]}', "content"),
        (b'{"choices": [{"message": {"content": [5]}}]}', "content"),
        (b'{"error": {"message": "engine gone"}}', "engine gone"),
    ],
)
def test_what_is_no_completion_says_what_it_is(raw: bytes, complaint: str) -> None:
    with pytest.raises(GenerationError, match=complaint) as refusal:
        read_reply(raw, place=PLACE)

    assert str(refusal.value).startswith(PLACE)
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 400


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "message", "content", "logprobs", "token", "logprob", "usage", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(value=JSON, choice=JSON, message=JSON)
def test_every_value_is_a_completion_or_our_error(
    value: object, choice: object, message: object
) -> None:
    shaped = {"choices": [{"message": message, "logprobs": choice}], "usage": value}
    for reply in (value, {"choices": [choice]}, shaped):
        try:
            read_reply(json.dumps(reply).encode("utf-8", "replace"), place=PLACE)
        except GenerationError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b'{"error": {"message": "no\\nway"}}', "no way"),
        (b'{"error": "no way"}', "no way"),
        (b'{"message": "no way"}', "no way"),
        (b'{"detail": [{"msg": "no way"}]}', '[{"msg": "no way"}]'),
        (b'{"object": "error", "message": "no way", "code": 400}', "no way"),
        (b"no\x1b[31m way\r\n", "no [31m way"),
        (b"<html><body>Bad gateway</body></html>", ""),
        (b"", ""),
        (b"{}", ""),
        (b'{"error": {"message": "key hunter2 is wrong"}}', "key *** is wrong"),
        (b"[" * 100_000, "[" * 4_000),
    ],
)
def test_a_complaint_is_one_line_without_the_key(raw: bytes, said: str) -> None:
    assert read_complaint(raw, key=SecretStr("hunter2")) == said


def test_a_long_complaint_is_quoted_short() -> None:
    assert quote("x" * 200) == ": " + "x" * 200
    assert quote("x" * 201) == ": " + "x" * 199 + "…"
    assert quote("") == ""
