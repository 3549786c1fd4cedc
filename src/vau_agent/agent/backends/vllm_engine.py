"""vLLM's engine, started in this process and kept to its end.

In this process, not in children of its own as vLLM would by default: nothing is left behind however
the program ends, and a script needs no `if __name__ == "__main__"` around what it does. For a model
that needs several GPUs, or several users at once, run vLLM's server and the `openai` backend.
"""

import functools
import os
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from vau_agent.agent.backends.openai.messages import ChatMessage, ContentPart
from vau_agent.agent.backends.transformers.folder import check_folder
from vau_agent.agent.backends.transformers.rendering import break_tokens
from vau_agent.torchvision_shim import install_shim

if TYPE_CHECKING:
    from vllm import LLM, RequestOutput, SamplingParams

ENVIRONMENT: Final[Mapping[str, str]] = {
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_DO_NOT_TRACK": "1",
    "VLLM_LOGGING_LEVEL": "ERROR",
    "VLLM_LOGGING_STREAM": "ext://sys.stderr",  # by default it writes where our results go
    "HF_HUB_OFFLINE": "1",
}
"""What vLLM is told by variables, having no arguments for it."""
TOP_LOGPROBS: Final = 20
FAILURES: Final = (
    *(OSError, RuntimeError, ValueError, TypeError, MemoryError),
    *(ImportError, LookupError, AttributeError, AssertionError),
)
"""What the model code of three libraries raises when a folder is damaged, something is lacking, or
memory runs out."""
_CPU_BLOCK_TOKENS: Final = 32
"""What was read is reused in whole blocks; vLLM's own 128 would forget up to 127 tokens a call."""
_MIB: Final = 1 << 20
_MAX_REASON_CHARS: Final = 300


class EngineError(Exception):
    """The engine failed; why, in one line."""


class EngineStartError(EngineError):
    """It did not start."""


class RequestError(EngineError):
    """It refused a request, and goes on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineOptions:
    """What an engine is started with; a request with others gets another engine."""

    folder: Path
    max_frames: int
    """Pictures of one request."""
    context_tokens: int | None
    memory_share: float
    cpu_cache_mb: int


class EngineRoom:
    """Holds the one engine that a process can have; one with other options takes its place."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._llm: LLM | None = None
        self._options: EngineOptions | None = None

    def chat(
        self,
        options: EngineOptions,
        messages: Sequence[ChatMessage],
        sampling: "SamplingParams",
    ) -> "RequestOutput":
        """Complete one chat, in an engine that is started when it is not running yet.

        Control tokens in its texts are broken up: no text can close its turn or open another.

        Raises:
            GenerationError: The folder holds no whole model.
            EngineStartError: The engine does not start.
            RequestError: It refuses the request.
            EngineError: It failed; the next request starts it anew.
        """
        with self._turn, _quiet():
            if self._options != options:
                self._clear()
                self._llm = _start(options)
                self._options = options
            assert self._llm is not None
            return self._complete(self._llm, messages, sampling)

    def _complete(
        self, llm: "LLM", messages: Sequence[ChatMessage], sampling: "SamplingParams"
    ) -> "RequestOutput":
        from vllm.exceptions import VLLMClientError

        try:
            harmless = without_control_tokens(messages, _control_tokens(llm))
            return llm.chat(harmless, sampling, use_tqdm=False)[0]
        except VLLMClientError as error:
            raise RequestError(one_line(error)) from error
        except FAILURES as error:  # its scheduler may still hold half a request
            self._clear()
            raise EngineError(one_line(error)) from error

    def _clear(self) -> None:
        llm, self._llm, self._options = self._llm, None, None
        if llm is not None:
            llm.llm_engine.engine_core.shutdown()
            del llm
            _leave_groups()


# One for the process, since that is what vLLM allows: every video of a batch opens its policy anew.
@functools.cache
def engine_room() -> EngineRoom:
    """Give this process's place for an engine."""
    return EngineRoom()


def _start(options: EngineOptions) -> "LLM":
    check_folder(options.folder)
    install_shim()
    with _environment(ENVIRONMENT):
        from safetensors import SafetensorError
        from vllm import LLM
        from vllm.exceptions import VLLMError

        try:
            return LLM(**engine_arguments(options, on_cpu=_on_cpu()))
        except (VLLMError, SafetensorError, *FAILURES) as error:
            _leave_groups()
            raise EngineStartError(one_line(error)) from error


def _leave_groups() -> None:
    """Give back what an engine holds of the process: its groups and, on a GPU, cached memory."""
    from vllm.distributed.parallel_state import cleanup_dist_env_and_memory

    cleanup_dist_env_and_memory()


def engine_arguments(options: EngineOptions, *, on_cpu: bool) -> dict[str, Any]:
    """Put together what vLLM is started with."""
    arguments: dict[str, Any] = {
        "model": str(options.folder),
        "load_format": "safetensors",
        "trust_remote_code": False,
        "enable_prefix_caching": True,
        "limit_mm_per_prompt": {"image": options.max_frames},
        "max_model_len": options.context_tokens or -1,  # -1: as much as fits
        "max_logprobs": TOP_LOGPROBS,
        "max_num_seqs": 1,
        "seed": 0,
        # Without it a small model may fill its answer with the blanks that JSON allows anywhere.
        "structured_outputs_config": {"backend": "xgrammar", "disable_any_whitespace": True},
        "use_tqdm_on_load": False,
    }
    if on_cpu:
        return arguments | {
            "dtype": "float32",
            "enforce_eager": True,
            "block_size": _CPU_BLOCK_TOKENS,
            "kv_cache_memory_bytes": options.cpu_cache_mb * _MIB,
        }
    return arguments | {"gpu_memory_utilization": options.memory_share}


def without_control_tokens(
    messages: Sequence[ChatMessage], tokens: Sequence[str]
) -> list[ChatMessage]:
    """Break up, in every text of a chat, what its template's own tokens are written like."""
    harmless: list[ChatMessage] = []
    for message in messages:
        content = message["content"]
        if isinstance(content, str):
            harmless.append({"role": message["role"], "content": break_tokens(content, tokens)})
            continue
        parts: list[ContentPart] = [
            {"type": "text", "text": break_tokens(part["text"], tokens)} if "text" in part else part
            for part in content
        ]
        harmless.append({"role": message["role"], "content": parts})
    return harmless


def one_line(error: BaseException) -> str:
    """Write what a library said as one line of bearable length."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _MAX_REASON_CHARS else text[: _MAX_REASON_CHARS - 1] + "…"


def _control_tokens(llm: "LLM") -> tuple[str, ...]:
    tokenizer = llm.get_tokenizer()
    added = tokenizer.added_tokens_decoder.values()
    special = {str(token) for token in added if token.special}
    return tuple(sorted(special, key=lambda text: (-len(text), text)))


def _on_cpu() -> bool:
    from vllm.platforms import current_platform

    return bool(current_platform.is_cpu())


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables for a while; whatever else was changed meanwhile is put back too.

    vLLM sets some of its own, LD_PRELOAD among them, that our child processes shall not inherit.
    """
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep to ourselves what libraries below warn their own developers of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
