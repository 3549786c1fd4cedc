"""The `openai` backend, and a whole analysis, against a real vLLM server on this machine."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.agent.backends.vllm.support import (
    ANSWER_SCHEMA,
    Drawn,
    Server,
    frame,
    grown,
    opened,
    serving,
)
from vau_agent.agent.backends.base import Backend, BackendContext, GenerationSettings
from vau_agent.agent.backends.factory import open_backend
from vau_agent.agent.conversation import TextPart
from vau_agent.cli.main import main
from vau_agent.errors import ContextOverflowError, GenerationError
from vau_agent.settings import EndpointSettings
from vau_agent.tools.video.encode import write_video
from vau_agent.tools.video.scenes.kinds import build_scene

pytestmark = [pytest.mark.vllm, pytest.mark.slow]

SHORT = GenerationSettings(max_new_tokens=24)
CONTEXT = 8192
BLOCK = 32


@pytest.fixture(scope="module")
def server(
    tiny_models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("server") / "log.txt"
    with serving(tiny_models["qwen2.5-vl"], log, context=CONTEXT) as started:
        yield started


def ask(server: Server, *, hue: int = 0, endless: bool = False) -> Backend:
    body = {"ignore_eos": True} if endless else {}
    endpoint = EndpointSettings(retries=0, extra_body=body)
    context = BackendContext(pictures=Drawn(hue), endpoint=endpoint, offline=True)
    return open_backend(server.policy, context)


def test_tokens_come_with_ids_and_probabilities(server: Server) -> None:
    completion = ask(server).generate(opened(4), SHORT)

    assert completion.finish_reason == "length"
    assert len(completion.token_ids) == len(completion.logprobs) == 24
    assert completion.usage.completion_tokens == 24


def test_other_pictures_get_another_answer(server: Server) -> None:
    shown = ask(server).generate(opened(4), SHORT)
    others = ask(server, hue=180).generate(opened(4), SHORT)

    assert others.usage.prompt_tokens == shown.usage.prompt_tokens
    assert others.logprobs != shown.logprobs


def test_appended_turns_read_only_what_is_new(server: Server) -> None:
    backend = ask(server)
    conversation = opened(12)
    first = backend.generate(conversation, SHORT)
    conversation = grown(
        conversation, "self_reflect", TextPart(text="Is that so?"), text=first.text
    )
    second = backend.generate(conversation, SHORT)
    more = (frame(20), frame(21), TextPart(text="Decide again."))
    conversation = grown(conversation, "revise", *more, text=second.text)
    third = backend.generate(conversation, SHORT)

    for before, after in ((first, second), (second, third)):
        assert after.usage.cached_tokens >= before.usage.prompt_tokens - BLOCK


def test_a_schema_holds_and_the_verdict_token_is_found(server: Server) -> None:
    settings = GenerationSettings(max_new_tokens=64, response_schema=ANSWER_SCHEMA)
    completion = ask(server).generate(opened(4), settings)

    answer = json.loads(completion.text)
    assert answer.keys() == {"answer", "seen"}
    assert completion.verdict_token is not None
    assert answer["answer"].startswith(completion.verdict_token.token)


def test_a_conversation_beyond_the_context_is_refused(server: Server) -> None:
    backend = ask(server)

    with pytest.raises(ContextOverflowError, match=r"does not fit the context of 'tiny'") as error:
        backend.generate(opened(4, words=4000), SHORT)
    assert "\n" not in str(error.value)
    assert backend.generate(opened(1), SHORT).token_ids


def test_an_unknown_model_is_told_which_there_are(server: Server) -> None:
    backend = open_backend(f"openai:large@{server.url}", BackendContext(pictures=Drawn()))

    with pytest.raises(GenerationError, match=r"large.*tiny"):
        backend.generate(opened(1), SHORT)


def test_a_policy_of_noise_breaks_nothing_and_is_not_passed_off_as_sound(
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("VAU_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("VAU_ANALYSIS__MAX_NEW_TOKENS", "64")
    video = tmp_path / "yard.mp4"
    scene = build_scene("fighting", seed=3, duration_s=8.0, size=(320, 240), fps=10.0)
    write_video(scene, video, gop=10)

    code = main(
        [
            *("analyze", str(video), "--policy", server.policy, "--json", "--quiet"),
            *("--home", str(tmp_path / "home"), "--out", str(tmp_path / "out")),
        ]
    )

    result = json.loads(capsys.readouterr().out)
    assert code == 0
    # Held to a schema, even noise ends in an object that can be read: then what it says is marked.
    is_marked = any("no claim of it that stands" in warning for warning in result["warnings"])
    assert result["verdict"]["label"] == "inconclusive" or is_marked
    assert result["models"]["reasoner"]["endpoint"] == f"127.0.0.1:{server.port}"
    assert result["usage"]["calls"] >= 2
    assert result["usage"]["prompt_tokens"] > 1000


def test_a_server_that_dies_amid_an_answer_is_an_error_of_one_line(
    tiny_models: dict[str, Path], tmp_path: Path
) -> None:
    long = GenerationSettings(max_new_tokens=7000)
    with (
        serving(tiny_models["fastvlm"], tmp_path / "log.txt") as doomed,
        ThreadPoolExecutor(max_workers=1) as pool,
    ):
        answer = pool.submit(ask(doomed, endless=True).generate, opened(1), long)
        doomed.wait_for_running_request()
        doomed.kill()

        with pytest.raises(GenerationError, match=rf"127\.0\.0\.1:{doomed.port}") as error:
            answer.result(timeout=60)
        assert "\n" not in str(error.value)
