from itertools import pairwise

import pytest

from tests.agent.backends.chat_server import ChatServer, imagine, status, without
from tests.agent.backends.openai.conftest import OpenBackend
from vau_agent.agent.backends.base import GenerationSettings
from vau_agent.agent.backends.openai.requests import Abilities, without_extras, without_refused
from vau_agent.agent.conversation import Conversation
from vau_agent.errors import GenerationError

CONSTRAINED = GenerationSettings(response_schema={"type": "object"})


@pytest.mark.parametrize(
    "refused", ["response_format", "logprobs", "return_token_ids", "temperature", "seed"]
)
def test_what_a_server_refuses_is_left_out_and_remembered(
    server: ChatServer, open_at: OpenBackend, conversation: Conversation, refused: str
) -> None:
    server.next(without(refused))
    backend = open_at()

    first = backend.generate(conversation, CONSTRAINED)
    asked = len(server.requests)
    second = backend.generate(conversation, CONSTRAINED)

    assert first == second
    assert asked == (3 if refused == "logprobs" else 2)  # 20, then 5, then none
    assert [refused in request.body for request in server.requests] == [
        *[True] * (asked - 1),
        False,
        False,
    ]


def test_all_of_it_may_be_refused(
    server: ChatServer, open_at: OpenBackend, conversation: Conversation
) -> None:
    server.next(
        without("seed", "temperature", "logprobs", "top_logprobs", "return_token_ids", "max_tokens")
    )
    backend = open_at()

    with pytest.raises(GenerationError, match="max_tokens"):
        backend.generate(conversation, CONSTRAINED)
    assert len(server.requests) == 5
    assert set(server.requests[-1].body) == {"model", "messages", "max_tokens", "response_format"}


def test_fewer_probabilities_are_asked_for_before_none(
    server: ChatServer, open_at: OpenBackend, conversation: Conversation
) -> None:
    server.next(status(400, "Requested sample logprobs of 20, greater than max allowed: 10"))

    completion = open_at().generate(conversation, GenerationSettings())

    assert [request.body["top_logprobs"] for request in server.requests] == [20, 5]
    assert completion.verdict_token is not None


def test_a_server_may_know_the_length_by_its_other_name(
    server: ChatServer, open_at: OpenBackend, conversation: Conversation
) -> None:
    server.next(status(400, "'max_tokens' is not supported. Use 'max_completion_tokens' instead."))

    completion = open_at().generate(conversation, GenerationSettings(max_new_tokens=2))

    assert completion.finish_reason == "length"
    assert server.requests[1].body["max_completion_tokens"] == 2
    assert "max_tokens" not in server.requests[1].body


@pytest.mark.parametrize("code", [400, 422])
def test_a_refusal_without_a_word_is_met_with_a_plain_request(
    server: ChatServer, open_at: OpenBackend, conversation: Conversation, code: int
) -> None:
    server.next(status(code))

    open_at().generate(conversation, CONSTRAINED)

    assert set(server.requests[1].body) == {
        "model",
        "messages",
        "max_tokens",
        "temperature",
        "seed",
    }


def test_what_did_not_help_is_not_remembered(
    server: ChatServer, open_at: OpenBackend, conversation: Conversation
) -> None:
    server.next(status(400), status(400), imagine)
    backend = open_at()

    with pytest.raises(GenerationError, match=r"refused the request \(400\)"):
        backend.generate(conversation, GenerationSettings())
    backend.generate(conversation, GenerationSettings())

    assert [request.body.get("top_logprobs") for request in server.requests] == [20, None, 20]


def test_a_grammar_that_the_server_cannot_build_is_done_without(
    server: ChatServer, open_at: OpenBackend, conversation: Conversation
) -> None:
    server.next(status(500, "failed to parse grammar"))

    completion = open_at().generate(conversation, CONSTRAINED)

    assert completion.text.startswith("<think>")
    assert len(server.requests) == 2


def test_leaving_out_comes_to_an_end() -> None:
    complaint = "logprobs response_format return_token_ids max_completion_tokens temperature"
    steps: list[Abilities] = [Abilities()]
    while (less := without_refused(steps[-1], complaint, CONSTRAINED)) is not None:
        steps.append(less)

    assert len(steps) == 7
    assert all(one != two for one, two in pairwise(steps))
    assert without_extras(steps[-1], CONSTRAINED) is None
