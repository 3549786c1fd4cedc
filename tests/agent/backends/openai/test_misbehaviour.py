"""Servers that are late, busy, broken or gone: each ends in a completion or in one line."""

import json
import random
import socket
import time
from collections.abc import Callable
from email.utils import formatdate

import pytest

from tests.agent.backends import chat_server as acts
from tests.agent.backends.chat_server import Act, ChatServer
from tests.agent.backends.openai.conftest import OpenBackend
from vau_agent.agent.backends.base import BackendContext, Completion, GenerationSettings
from vau_agent.agent.backends.openai.backend import OpenAIBackend
from vau_agent.agent.conversation import Conversation
from vau_agent.errors import BackendError, GenerationError
from vau_agent.settings import EndpointSettings

GOOD = json.dumps({"choices": [{"message": {"content": "fine"}, "finish_reason": "stop"}]}).encode()
SETTINGS = GenerationSettings(max_new_tokens=64)

TEMPORARY: dict[str, Act] = {
    "busy": acts.status(429, "slow down", headers={"Retry-After": "0"}),
    "busy without a time": acts.status(429),
    "busy with a nonsense time": acts.status(429, headers={"Retry-After": "soon"}),
    "busy with a negative time": acts.status(503, headers={"Retry-After": "-5"}),
    "busy until a date that is past": acts.status(
        503, headers={"Retry-After": formatdate(0, usegmt=True)}
    ),
    "failing": acts.status(500, "oops"),
    "gateway": acts.raw(
        b"<html>Bad gateway</html>", code=502, headers={"Content-Type": "text/html"}
    ),
    "overloaded": acts.status(529),
    "late request": acts.status(408),
    "reset": acts.reset(),
    "hung up": lambda exchange: None,
    "cut": acts.cut(GOOD[:20]),
    "cut before its first byte": acts.cut(b""),
    "cut between chunks": acts.cut_chunks(GOOD[:9], GOOD[9:20]),
    "not HTTP": lambda exchange: exchange.write(b"SSH-2.0-OpenSSH_9.9\r\n"),
    "a status line only": lambda exchange: exchange.write(b"HTTP/1.1 200"),
    "huge headers": lambda exchange: exchange.write(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000),
}
FINAL: dict[str, Act] = {
    "an empty body": acts.raw(b""),
    "a page": acts.raw(b"<html>Welcome</html>", headers={"Content-Type": "text/html"}),
    "half an object": acts.raw(GOOD[:25]),
    "nested without end": acts.raw(b"[" * 100_000),
    "no choices": acts.reply({"choices": []}),
    "null": acts.reply(None),
    "a filtered answer": acts.reply(
        {"choices": [{"message": {"content": ""}, "finish_reason": "content_filter"}]}
    ),
    "events": acts.raw(b"data: " + GOOD + b"\n\n", headers={"Content-Type": "text/event-stream"}),
    "no key": acts.status(401, "who are you?"),
    "a forbidden key": acts.status(403),
    "too large": acts.status(413),
    "a redirect": acts.status(307, headers={"Location": "http://127.0.0.1:9/v1"}),
    "a redirect to nowhere": acts.status(302),
    "not implemented": acts.status(501, "no chat here"),
    "a refusal": acts.status(418, "I am a teapot"),
    "an endless body": acts.endless(),
    "an endless refusal": acts.endless(code=400),
    "a packed body": acts.raw(GOOD, headers={"Content-Encoding": "gzip"}),
    "nothing new": acts.status(304),
}
FINE: dict[str, Act] = {
    "well": acts.imagine,
    "plain": acts.answer("<answer>normal</answer>"),
    "long": acts.answer("x" * 100_000),
    "another language": acts.answer("Es ist nichts zu sehen. 没有异常。"),
    "no content": acts.answer(None, reasoning="hm"),
    "the wrong type": acts.raw(GOOD, headers={"Content-Type": "text/html"}),
    "another good status": acts.raw(GOOD, code=201),
    "numbers that are none": acts.raw(GOOD[:-3] + b', "logprobs": {"content": NaN}}]}'),
    "chunks": lambda exchange: exchange.write(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n"
        % (len(GOOD), GOOD)
    ),
}


def ask(backend: OpenAIBackend, conversation: Conversation) -> Completion | BackendError:
    try:
        return backend.generate(conversation, SETTINGS)
    except BackendError as error:
        assert "\n" not in str(error)
        assert "127.0.0.1:" in str(error)
        assert len(str(error)) < 600
        return error


@pytest.mark.parametrize("name", TEMPORARY)
def test_what_may_pass_is_asked_again_and_then_given_up(
    server: ChatServer, open_at: OpenBackend, conversation: Conversation, name: str
) -> None:
    server.next(TEMPORARY[name], acts.answer("at last"), TEMPORARY[name], TEMPORARY[name])
    backend = open_at(retries=1)

    better = ask(backend, conversation)
    worse = ask(backend, conversation)

    assert isinstance(better, Completion)
    assert better.text == "at last"
    assert isinstance(worse, GenerationError)
    assert "gave no answer in 2 attempts" in str(worse)
    assert len(server.requests) == 4


@pytest.mark.parametrize("name", FINAL)
def test_what_will_not_pass_is_not_asked_again(
    server: ChatServer, open_at: OpenBackend, conversation: Conversation, name: str
) -> None:
    server.next(FINAL[name])

    outcome = ask(open_at(retries=3, max_answer_bytes=200_000), conversation)

    assert isinstance(outcome, GenerationError)
    assert len(server.requests) == 1


@pytest.mark.parametrize("name", FINE)
def test_odd_but_readable_answers_are_read(
    server: ChatServer, open_at: OpenBackend, conversation: Conversation, name: str
) -> None:
    server.next(FINE[name])

    assert isinstance(ask(open_at(), conversation), Completion)


@pytest.mark.parametrize(
    ("code", "next_step"),
    [
        (401, "VAU_ENDPOINT__API_KEY"),
        (403, "VAU_ENDPOINT__API_KEY"),
        (413, "frames_per_window"),
        (307, "name that address in the policy"),
    ],
)
def test_a_refusal_says_what_to_do(
    server: ChatServer, open_at: OpenBackend, conversation: Conversation, code: int, next_step: str
) -> None:
    server.next(acts.status(code))

    assert next_step in str(ask(open_at(), conversation))


@pytest.mark.parametrize(
    ("message", "next_step"),
    [
        ("At most 8 image(s) may be provided in one prompt.", "--limit-mm-per-prompt"),
        ("smol is not a multimodal model", "does not look at pictures"),
        ("image input is not supported - hint: provide the mmproj", "does not look at pictures"),
    ],
)
def test_a_server_without_eyes_is_told_by_its_words(
    server: ChatServer,
    open_at: OpenBackend,
    conversation: Conversation,
    message: str,
    next_step: str,
) -> None:
    server.next(acts.status(400, message))

    assert next_step in str(ask(open_at(), conversation))


def test_a_redirect_is_never_followed(
    server: ChatServer, open_at: OpenBackend, conversation: Conversation
) -> None:
    with ChatServer() as other:
        server.next(acts.status(308, headers={"Location": other.url + "/chat/completions"}))

        outcome = ask(open_at(api_key="k"), conversation)

        assert f"to {other.url}" in str(outcome)
        assert other.requests == []


@pytest.mark.parametrize(
    ("late", "reason"),
    [
        (acts.silence(), "no answer in time"),
        (acts.drip(), "no answer in time"),
        (acts.drip(in_headers=True), "no answer in time"),
    ],
)
def test_an_answer_is_given_up_in_time_even_if_it_never_quite_stops(
    server: ChatServer, open_at: OpenBackend, conversation: Conversation, late: Act, reason: str
) -> None:
    server.next(acts.imagine, late)
    ask(open_at(), conversation)  # loads the client, which takes a second
    started = time.monotonic()

    outcome = ask(open_at(retries=3, timeout_seconds=0.3), conversation)

    assert isinstance(outcome, GenerationError)
    assert "within 0.3 s" in str(outcome)
    assert reason in str(outcome)
    assert 0.3 <= time.monotonic() - started < 5
    assert len(server.requests) == 2


def test_an_answer_may_take_as_long_as_it_is_given(
    server: ChatServer, open_at: OpenBackend, conversation: Conversation
) -> None:
    def late(exchange: acts.Exchange) -> None:
        exchange.wait(0.25)
        acts.imagine(exchange)

    server.next(acts.imagine, late)
    backend = open_at(timeout_seconds=5)
    ask(backend, conversation)

    assert isinstance(ask(backend, conversation), Completion)


def test_an_answer_may_be_as_large_as_its_limit_and_no_larger(
    server: ChatServer, open_at: OpenBackend, conversation: Conversation
) -> None:
    padded = GOOD + b" " * (2048 - len(GOOD))
    server.next(acts.raw(padded), acts.raw(padded + b" "))
    backend = open_at(max_answer_bytes=2048)

    assert isinstance(ask(backend, conversation), Completion)
    assert "more than 2048 bytes" in str(ask(backend, conversation))


def test_a_wait_that_is_asked_for_is_kept(
    server: ChatServer, open_at: OpenBackend, conversation: Conversation
) -> None:
    server.next(acts.imagine, acts.status(429, headers={"Retry-After": "0.2"}))
    backend = open_at(retries=1)
    ask(backend, conversation)
    started = time.monotonic()

    assert isinstance(ask(backend, conversation), Completion)
    assert time.monotonic() - started >= 0.2


def test_waits_grow(server: ChatServer, open_at: OpenBackend, conversation: Conversation) -> None:
    server.next(acts.imagine, acts.status(503), acts.status(503))
    backend = open_at(retries=2, backoff_seconds=0.05)
    ask(backend, conversation)
    started = time.monotonic()

    assert isinstance(ask(backend, conversation), Completion)
    assert time.monotonic() - started >= 0.15


@pytest.mark.parametrize(
    "when", ["3600", formatdate(time.time() + 3600, usegmt=True), "1e400", "99999999999"]
)
def test_a_wait_beyond_the_time_that_is_left_is_not_begun(
    server: ChatServer, open_at: OpenBackend, conversation: Conversation, when: str
) -> None:
    server.next(acts.status(429, "later", headers={"Retry-After": when}))
    started = time.monotonic()

    outcome = ask(open_at(retries=3, backoff_seconds=3600), conversation)

    assert "later" in str(outcome)
    assert "the next would wait" in str(outcome)
    assert time.monotonic() - started < 10
    assert len(server.requests) == 1


def test_a_server_that_is_not_there_is_named(conversation: Conversation) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        endpoint = EndpointSettings(retries=2, backoff_seconds=0)
        context = BackendContext(pictures=lambda frame: b"x", endpoint=endpoint)
        backend = OpenAIBackend.open(f"m@http://127.0.0.1:{port}/v1", context)

        outcome = ask(backend, conversation)

    assert f"127.0.0.1:{port} gave no answer in 3 attempts: Connection refused" in str(outcome)


def test_a_plain_server_behind_https_is_told(
    server: ChatServer, conversation: Conversation
) -> None:
    context = BackendContext(
        pictures=lambda frame: b"x", endpoint=EndpointSettings(retries=0, timeout_seconds=5)
    )
    backend = OpenAIBackend.open(f"m@https://{server.place}/v1", context)

    assert "SSL" in str(ask(backend, conversation)).upper()


def _made_up(seed: int) -> Act:
    """Make up an answer: a good one with damage, or a status with headers drawn at random."""
    draw = random.Random(seed)
    kind = draw.randrange(4)
    if kind == 0:
        damaged = bytearray(GOOD)
        for _ in range(draw.randint(1, 6)):
            damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        return acts.raw(bytes(damaged))
    if kind == 1:
        return acts.cut(GOOD[: draw.randrange(len(GOOD))], promised=draw.randint(1, 10_000))
    if kind == 2:
        headers = {"Retry-After": draw.choice(["0", "-1", "nan", "inf", "x", "0.01", ""])}
        code = draw.choice([200, 204, 300, 400, 402, 404, 409, 422, 425, 429, 451, 500, 503, 599])
        words = ["logprobs", "response_format", "context length", "model not found", "seed", "no"]
        return acts.status(code, draw.choice([None, *words]), headers=headers)
    noise = bytes(draw.randrange(256) for _ in range(draw.randrange(60)))
    return lambda exchange: exchange.write(b"HTTP/1.1 200 OK\r\n"[: draw.randrange(18)] + noise)


def _act(seed: int) -> Act:
    known: list[Callable[[], Act]] = [
        lambda: random.Random(seed).choice(list(TEMPORARY.values())),
        lambda: random.Random(seed).choice(list(FINAL.values())),
        lambda: random.Random(seed).choice(list(FINE.values())),
        lambda: _made_up(seed),
        lambda: _made_up(seed),
    ]
    return known[seed % len(known)]()


@pytest.mark.slow
def test_of_200_misbehaviours_each_ends_in_a_completion_or_one_line(
    server: ChatServer, open_at: OpenBackend, conversation: Conversation
) -> None:
    """R17: never another error, never more requests than attempts and what may be left out."""
    retries, left_out = 2, 6
    completions = errors = 0
    for seed in range(200):
        draw = random.Random(seed)
        backend = open_at(retries=retries, timeout_seconds=5, max_answer_bytes=100_000)
        before = len(server.requests)
        server.next(*(_act(draw.randrange(10_000)) for _ in range(retries + 1 + left_out)))

        outcome = ask(backend, conversation)

        asked = len(server.requests) - before
        assert 1 <= asked <= retries + 1 + left_out, seed
        completions += isinstance(outcome, Completion)
        errors += isinstance(outcome, BackendError)
        server.forget()
    assert completions + errors == 200
    assert completions >= 10
    assert errors >= 100
