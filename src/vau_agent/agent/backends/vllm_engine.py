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
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from vau_agent.errors import GenerationError
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
_CPU_BLOCK_TOKENS: Final = 32
"""What was read is reused in whole blocks; vLLM's own 128 would forget up to 127 tokens a call."""
_MIB: Final = 1 << 20
_MAX_REASON_CHARS: Final = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineOptions:
    """What an engine is started with; equal options share one engine."""

    folder: Path
    max_frames: int
    """Pictures of one request."""
    context_tokens: int | None
    memory_share: float
    cpu_cache_mb: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Engine:
    """A started engine; answers one request at a time."""

    llm: "LLM"
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def chat(
        self, messages: Sequence[Mapping[str, Any]], sampling: "SamplingParams"
    ) -> "RequestOutput":
        """Complete one chat."""
        with self._turn, _quiet():
            return self.llm.chat(list(messages), sampling, use_tqdm=False)[0]


# One for the process: every video of a batch opens its policy anew, and a second engine would want
# the memory that the first one holds.
@functools.lru_cache(maxsize=1)
def start_engine(options: EngineOptions) -> Engine:
    """Start an engine, or give the one that was started with the same options.

    Raises:
        GenerationError: It does not start.
    """
    install_shim()
    with _quiet(), _environment(ENVIRONMENT):
        from safetensors import SafetensorError
        from vllm import LLM
        from vllm.exceptions import VLLMError

        failures = (VLLMError, SafetensorError, *_FAILURES)
        try:
            return Engine(llm=LLM(**engine_arguments(options, on_cpu=_on_cpu())))
        except failures as error:
            reason = one_line(error)
            raise GenerationError(
                f"vLLM does not start with {str(options.folder)!r}: {reason}; {_advice(reason)}"
            ) from error


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


def one_line(error: BaseException) -> str:
    """Write what a library said as one line of bearable length."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _MAX_REASON_CHARS else text[: _MAX_REASON_CHARS - 1] + "…"


# Model code of three libraries runs while an engine starts; this is what it was seen to raise for
# folders that are damaged or lack something, and for want of memory.
_FAILURES: Final = (
    *(OSError, RuntimeError, ValueError, TypeError, MemoryError),
    *(ImportError, LookupError, AttributeError, AssertionError),
)


def _on_cpu() -> bool:
    from vllm.platforms import current_platform

    return bool(current_platform.is_cpu())


def _advice(reason: str) -> str:
    if "memory" in reason.lower() or "kv cache" in reason.lower():
        return "set engine.context_tokens lower, or engine.memory_share or engine.cpu_cache_mb"
    return "it wants a folder with a whole model in safetensors and its processor"


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
