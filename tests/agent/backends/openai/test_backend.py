import base64
import json
import os
import subprocess
import sys

import pytest

from tests.agent.backends.chat_server import ChatServer, answer, imagine, raw, reply, status
from tests.agent.backends.openai.conftest import OpenBackend
from vau_agent.agent.backends.base import BackendContext, GenerationSettings
from vau_agent.agent.backends.factory import open_backend
from vau_agent.agent.backends.openai.backend import OpenAIBackend
from vau_agent.agent.conversation import Conversation, FramePart, Message, TextPart
from vau_agent.errors import ContextOverflowError, GenerationError
from vau_agent.settings import EndpointSettings

SCHEMA = {"type": "object", "properties": {"answer": {"type": "string"}}}


def test_a_whole_completion_comes_with_all_that_the_server_tells(
    server: ChatServer, open_at: OpenBackend, conversation: Conversation
) -> None:
    completion = open_at().generate(conversation, GenerationSettings())

    assert completion.text.startswith("<think>Nothing unusual happens, seen as ")
    assert completion.finish_reason == "stop"
    assert completion.usage.completion_tokens == len(completion.token_ids)
    assert completion.usage.prompt_tokens == 2 * completion.usage.cached_tokens + (
        completion.usage.prompt_tokens % 2
    )
    assert set(completion.logprobs) == {-0.25}
    assert completion.verdict_token is not None
    assert "normal".startswith(completion.verdict_token.token)


def test_pictures_travel_as_bytes_and_settings_as_asked(
    server: ChatServer, open_at: OpenBackend, conversation: Conversation
) -> None:
    settings = GenerationSettings(
        max_new_tokens=77, temperature=0.5, seed=9, response_schema=SCHEMA
    )

    completion = open_at(extra_body={"cache_salt": "s"}).generate(conversation, settings)

    body = server.requests[0].body
    urls = [p["image_url"]["url"] for p in body["messages"][1]["content"] if "image_url" in p]
    assert urls == [
        "data:image/jpeg;base64," + base64.b64encode(b"picture of " + name).decode()
        for name in (b"f1", b"f2")
    ]
    assert {
        "model": "imagined",
        "max_tokens": 77,
        "temperature": 0.5,
        "seed": 9,
        "top_logprobs": 20,
        "return_token_ids": True,
        "cache_salt": "s",
    }.items() <= body.items()
    assert body["response_format"]["json_schema"]["schema"] == SCHEMA
    assert completion.text == '{"answer": "normal"}'
    assert completion.verdict_token is not None


def test_without_a_schema_none_is_asked_for(
    server: ChatServer, open_at: OpenBackend, conversation: Conversation
) -> None:
    open_at().generate(conversation, GenerationSettings())

    assert "response_format" not in server.requests[0].body


def test_the_same_conversation_is_the_same_bytes_and_a_longer_one_begins_with_them(
    server: ChatServer, open_at: OpenBackend, conversation: Conversation
) -> None:
    backend = open_at()
    longer = conversation.with_message(
        Message(role="assistant", parts=(TextPart(text="ok"),))
    ).with_message(Message(role="user", parts=(TextPart(text="Again."),), stage="revise"))

    for asked in (conversation, conversation, longer):
        backend.generate(asked, GenerationSettings())
    open_at().generate(conversation, GenerationSettings())

    first, again, more, elsewhere = (request.raw for request in server.requests)
    assert first == again == elsewhere
    assert json.dumps(json.loads(more)["messages"]).startswith(
        json.dumps(json.loads(first)["messages"]).removesuffix("]")
    )


def test_a_completion_stops_at_its_length(
    server: ChatServer, open_at: OpenBackend, conversation: Conversation
) -> None:
    completion = open_at().generate(conversation, GenerationSettings(max_new_tokens=3))

    assert (completion.text, completion.finish_reason) == ("<think>Nothi", "length")


def test_too_many_pictures_are_refused_before_anything_is_sent(
    server: ChatServer, open_at: OpenBackend, conversation: Conversation
) -> None:
    assert len(conversation.frames) == 2
    open_at(max_frames=2).generate(conversation, GenerationSettings())

    with pytest.raises(ContextOverflowError, match=r"2 pictures .* at most 1 .*max_frames"):
        open_at(max_frames=1).generate(conversation, GenerationSettings())
    assert len(server.requests) == 1


def test_a_conversation_beyond_the_context_says_so_in_one_line(
    server: ChatServer, open_at: OpenBackend, conversation: Conversation
) -> None:
    server.context_tokens = 200

    with pytest.raises(ContextOverflowError, match=r"maximum context length is 200") as overflow:
        open_at(retries=3).generate(conversation, GenerationSettings(max_new_tokens=100))

    assert "\n" not in str(overflow.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (400, "The decoder prompt (length 9) is longer than the maximum model length of 8."),
        (400, "request (9 tokens) exceeds the available context size (8 tokens)"),
        (500, "prompt is too long: 9 tokens"),
    ],
)
def test_overflow_is_known_in_the_words_of_each_server(
    server: ChatServer,
    open_at: OpenBackend,
    conversation: Conversation,
    code: int,
    message: str,
) -> None:
    server.next(status(code, message))

    with pytest.raises(ContextOverflowError):
        open_at(retries=2).generate(conversation, GenerationSettings())


def test_an_unknown_model_is_answered_with_those_there_are(
    server: ChatServer, conversation: Conversation
) -> None:
    server.models = ("qwen", "smol")
    backend = open_backend(f"openai:other@{server.url}", BackendContext(pictures=lambda _: b""))

    with pytest.raises(GenerationError, match=r"has no model 'other'; it offers qwen, smol$"):
        backend.generate(conversation, GenerationSettings())


@pytest.mark.parametrize(
    ("models", "complaint"),
    [(("imagined",), "lists model 'imagined' and yet"), ((), "it offers no model at all")],
)
def test_a_model_that_is_listed_is_not_called_unknown(
    server: ChatServer,
    open_at: OpenBackend,
    conversation: Conversation,
    models: tuple[str, ...],
    complaint: str,
) -> None:
    backend = open_at()
    server.models = models
    server.next(raw(b"", code=404))

    with pytest.raises(GenerationError, match=complaint):
        backend.generate(conversation, GenerationSettings())


def test_a_server_of_another_kind_is_told_by_its_address(
    server: ChatServer, open_at: OpenBackend, conversation: Conversation
) -> None:
    server.next(raw(b"<html>not here</html>", code=404))
    server.lists_models = False

    with pytest.raises(GenerationError, match=r"check the address .* usually ends in /v1$"):
        open_at().generate(conversation, GenerationSettings())


def test_the_key_is_sent_and_never_said(
    server: ChatServer, open_at: OpenBackend, conversation: Conversation
) -> None:
    server.next(imagine, status(401, "no: k-secret"), status(400, "bad key k-secret"))
    backend = open_at(api_key="k-secret")

    backend.generate(conversation, GenerationSettings())
    for wanted in ("VAU_ENDPOINT__API_KEY", r"bad key \*\*\*"):
        with pytest.raises(GenerationError, match=wanted) as refusal:
            backend.generate(conversation, GenerationSettings())
        assert "k-secret" not in str(refusal.value)

    assert server.requests[0].headers["authorization"] == "Bearer k-secret"
    assert "k-secret" not in repr(backend.card) + backend.name


def test_models_are_listed(server: ChatServer, open_at: OpenBackend) -> None:
    server.models = ("imagined", "qwen")

    assert open_at().served_models() == ("imagined", "qwen")


@pytest.mark.parametrize(
    ("lists_models", "models", "complaint"),
    [(False, ("x",), r"refused the request \(404\)"), (True, (None,), "a way of its own")],
)
def test_a_list_of_models_that_is_none_is_said(
    server: ChatServer,
    open_at: OpenBackend,
    lists_models: bool,
    models: tuple[str, ...],
    complaint: str,
) -> None:
    backend = open_at()
    server.lists_models = lists_models
    server.models = models

    with pytest.raises(GenerationError, match=complaint):
        backend.served_models()


def test_a_server_that_is_gone_lists_nothing() -> None:
    with ChatServer() as server:
        backend = open_backend(server.policy)
    assert isinstance(backend, OpenAIBackend)

    with pytest.raises(GenerationError, match="does not tell its models: Connection refused"):
        backend.served_models()


def test_nothing_of_the_environment_travels_along(
    server: ChatServer, conversation: Conversation
) -> None:
    """In a process of its own, since the client reads its environment."""
    code = (
        "import sys\n"
        "from vau_agent.agent.backends.factory import open_backend\n"
        "from vau_agent.agent.backends.base import GenerationSettings\n"
        "from vau_agent.agent.conversation import Conversation\n"
        "conversation = Conversation.model_validate_json(sys.argv[2])\n"
        "from vau_agent.agent.backends.base import BackendContext\n"
        "context = BackendContext(pictures=lambda frame: b'x')\n"
        "backend = open_backend(sys.argv[1], context)\n"
        "assert 'openai' not in sys.modules and 'httpx2' not in sys.modules\n"
        "print(backend.generate(conversation, GenerationSettings()).finish_reason)\n"
    )
    environment = os.environ | {
        "OPENAI_API_KEY": "k-canary",
        "OPENAI_ORG_ID": "canary-org",
        "OPENAI_PROJECT_ID": "canary-project",
        "OPENAI_CUSTOM_HEADERS": "X-Canary: canary",
        "OPENAI_BASE_URL": "http://127.0.0.1:9/canary",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "ALL_PROXY": "http://127.0.0.1:9",
    }
    asked = [sys.executable, "-c", code, server.policy, conversation.model_dump_json()]

    result = subprocess.run(asked, env=environment, capture_output=True, text=True, check=False)

    assert result.stdout.strip() == "stop", result.stderr
    assert "canary" not in repr(server.requests[0].headers).lower()
    assert {name.lower() for name in server.requests[0].headers} == {
        "host",
        "content-type",
        "content-length",
        "accept",
        "accept-encoding",
        "connection",
    }


def test_a_proxy_is_used_only_when_asked_for_and_never_for_this_machine(
    server: ChatServer, open_at: OpenBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server stands in for the proxy: it sees the address that it should pass on."""
    for name in ("http_proxy", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", f"http://{server.place}")
    turn = Message(role="user", parts=(TextPart(text="?"),), stage="answer")
    server.next(answer("by proxy"), answer("direct"))

    texts = {}
    for host in ("model-box.invalid", server.place):
        backend = open_backend(
            f"openai:imagined@http://{host}/v1",
            BackendContext(endpoint=EndpointSettings(use_proxy=True, retries=0)),
        )
        asked = Conversation(messages=(turn,))
        texts[host] = backend.generate(asked, GenerationSettings()).text

    assert texts == {"model-box.invalid": "by proxy", server.place: "direct"}
    assert [request.path for request in server.requests] == [
        "http://model-box.invalid/v1/chat/completions",
        "/v1/chat/completions",
    ]
    direct = open_backend(
        "openai:imagined@http://model-box.invalid/v1",
        BackendContext(endpoint=EndpointSettings(retries=0)),
    )
    with pytest.raises(GenerationError, match=r"model-box\.invalid:80 gave no answer"):
        direct.generate(Conversation(messages=(turn,)), GenerationSettings())


def test_pictures_make_a_difference_to_the_imagined_model(
    server: ChatServer, open_at: OpenBackend, conversation: Conversation
) -> None:
    """So that whoever builds on it may tell a backend that sends none."""
    last = conversation.messages[-1]
    fewer = Message(
        role="user",
        parts=tuple(part for part in last.parts if not isinstance(part, FramePart)),
        stage=last.stage,
    )
    backend = open_at()

    seen = backend.generate(conversation, GenerationSettings()).text
    unseen = backend.generate(Conversation(messages=(fewer,)), GenerationSettings()).text

    assert seen != unseen


def test_an_error_inside_a_good_status_is_said(
    server: ChatServer, open_at: OpenBackend, conversation: Conversation
) -> None:
    server.next(reply({"error": {"message": "engine gone"}}))

    with pytest.raises(GenerationError, match="engine gone"):
        open_at().generate(conversation, GenerationSettings())
