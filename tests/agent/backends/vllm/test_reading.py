"""What can be checked without vLLM: opening, what it would be told, what its output says."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.agent.backends.vllm.support import Drawn, opened
from vau_agent.agent.backends.base import BackendContext, GenerationSettings, TokenChoice, Usage
from vau_agent.agent.backends.factory import open_backend
from vau_agent.agent.backends.openai.messages import ChatMessage
from vau_agent.agent.backends.vllm import VllmBackend, read_output
from vau_agent.agent.backends.vllm_engine import (
    EngineOptions,
    engine_arguments,
    one_line,
    without_control_tokens,
)
from vau_agent.errors import (
    ContextOverflowError,
    GenerationError,
    MissingDependencyError,
    SettingsError,
)
from vau_agent.results import ModelCard
from vau_agent.settings import EndpointSettings


@dataclass(frozen=True)
class Logprob:
    """As vLLM gives them."""

    logprob: float
    decoded_token: str | None


@dataclass(frozen=True)
class Written:
    text: str
    token_ids: list[int]
    logprobs: list[Mapping[int, Logprob]] | None
    finish_reason: str | None = "stop"


@dataclass(frozen=True)
class Output:
    outputs: list[Written]
    prompt_token_ids: list[int] = field(default_factory=lambda: list(range(40)))
    num_cached_tokens: int | None = 32


def sure(token_id: int, token: str | None) -> Mapping[int, Logprob]:
    return {token_id: Logprob(-0.01, token), 99: Logprob(-math.inf, "never")}


VERDICT = {
    7: Logprob(-0.25, "normal"),
    8: Logprob(-1.5, "fight"),
    9: Logprob(-math.inf, "never"),
}
RECORDED = Output(
    outputs=[
        Written(
            text="<answer>normal</answer>",
            token_ids=[3, 4, 7, 5, 2],
            logprobs=[
                sure(3, "<ans"),
                sure(4, "wer>"),
                VERDICT,
                sure(5, "</answer>"),
                sure(2, None),
            ],
        )
    ]
)


def test_a_model_has_to_be_named() -> None:
    with pytest.raises(SettingsError, match="vllm:PATH_OR_ID"):
        open_backend("vllm")


@pytest.mark.skipif(find_spec("vllm") is not None, reason="vLLM is installed here")
def test_without_vllm_one_is_told_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(MissingDependencyError, match=r"pip install 'vau-agent\[vllm\]'"):
        open_backend(f"vllm:{tmp_path}")


def test_more_pictures_than_allowed_are_refused_before_an_engine_is_started() -> None:
    context = BackendContext(pictures=Drawn(), endpoint=EndpointSettings(max_frames=8))
    backend = VllmBackend("x", Path("absent"), context)

    with pytest.raises(ContextOverflowError, match=r"9 pictures .* at most 8 .*max_frames"):
        backend.generate(opened(9), GenerationSettings())


def test_the_card_tells_one_folder_from_another(tmp_path: Path) -> None:
    def card(content: str) -> ModelCard:
        (tmp_path / "config.json").write_text(content)
        return VllmBackend("x", tmp_path, BackendContext()).card

    first, same, other = card("{}"), card("{}"), card('{"a": 1}')

    assert (first.id, first.endpoint) == ("x", "in this process")
    assert first.revision == same.revision != other.revision


def test_an_output_is_read_whole_but_for_the_token_that_ends_it() -> None:
    completion = read_output(RECORDED)

    assert completion.text == "<answer>normal</answer>"
    assert completion.finish_reason == "stop"
    assert completion.token_ids == (3, 4, 7, 5)
    assert completion.logprobs == (-0.01, -0.01, -0.25, -0.01)
    assert completion.usage == Usage(prompt_tokens=40, completion_tokens=5, cached_tokens=32)


def test_the_verdict_token_comes_with_what_was_possible_in_its_place() -> None:
    assert read_output(RECORDED).verdict_token == TokenChoice(
        token="normal", logprob=-0.25, alternatives={"normal": -0.25, "fight": -1.5}
    )


def test_a_completion_without_probabilities_is_still_one() -> None:
    completion = read_output(Output(outputs=[Written("hm", [1, 2], None, "length")]))

    assert completion.text == "hm"
    assert completion.finish_reason == "length"
    assert completion.logprobs == ()
    assert completion.verdict_token is None


@pytest.mark.parametrize("reason", ["abort", None])
def test_a_broken_off_completion_is_none(reason: str | None) -> None:
    with pytest.raises(GenerationError, match="ended a completion for the reason"):
        read_output(Output(outputs=[Written("hm", [1], None, reason)]))


def options(context_tokens: int | None = None) -> EngineOptions:
    return EngineOptions(
        folder=Path("model"),
        max_frames=64,
        context_tokens=context_tokens,
        memory_share=0.8,
        cpu_cache_mb=256,
    )


def test_without_a_gpu_the_engine_gets_a_cache_of_the_given_size_and_short_blocks() -> None:
    arguments = engine_arguments(options(), on_cpu=True)

    assert arguments["dtype"] == "float32"
    assert arguments["kv_cache_memory_bytes"] == 256 * 1024 * 1024
    assert arguments["block_size"] == 32
    assert "gpu_memory_utilization" not in arguments


def test_with_a_gpu_it_gets_a_share_of_its_memory_and_the_models_own_precision() -> None:
    arguments = engine_arguments(options(), on_cpu=False)

    assert arguments["gpu_memory_utilization"] == 0.8
    assert "dtype" not in arguments
    assert "kv_cache_memory_bytes" not in arguments


@pytest.mark.parametrize("on_cpu", [True, False])
def test_everywhere_prefixes_are_kept_and_no_code_of_a_model_is_run(on_cpu: bool) -> None:
    arguments = engine_arguments(options(4096), on_cpu=on_cpu)

    assert arguments["enable_prefix_caching"] is True
    assert arguments["trust_remote_code"] is False
    assert arguments["load_format"] == "safetensors"
    assert arguments["limit_mm_per_prompt"] == {"image": 64}
    assert arguments["max_model_len"] == 4096


def test_the_context_is_as_long_as_fits_when_none_is_set() -> None:
    assert engine_arguments(options(), on_cpu=True)["max_model_len"] == -1


def test_no_text_can_close_its_turn_and_no_picture_is_touched() -> None:
    address = "data:image/jpeg;base64,<end>"
    messages: list[ChatMessage] = [
        {"role": "assistant", "content": "a<end>"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "b<end><end>"},
                {"type": "image_url", "image_url": {"url": address}},
            ],
        },
    ]

    said, shown = without_control_tokens(messages, ("<end>",))

    assert "<end>" not in said["content"]
    content = shown["content"]
    assert isinstance(content, list)
    assert "<end>" not in content[0]["text"]
    assert content[1] == {"type": "image_url", "image_url": {"url": address}}


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("one\n  two ", "one two"),
        ("", "ValueError"),
        ("x" * 300, "x" * 300),
        ("x" * 301, "x" * 299 + "…"),
    ],
)
def test_what_a_library_says_becomes_one_bearable_line(said: str, line: str) -> None:
    assert one_line(ValueError(said)) == line
