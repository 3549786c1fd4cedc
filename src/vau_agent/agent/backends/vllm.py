"""`vllm:PATH_OR_ID`: a policy's weights, run by vLLM's engine in this process."""

import functools
import math
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vau_agent.agent.backends.base import (
    BackendContext,
    Completion,
    FinishReason,
    GenerationSettings,
    TokenChoice,
    Usage,
)
from vau_agent.agent.backends.openai.messages import to_messages
from vau_agent.agent.backends.openai.refusals import is_overflow
from vau_agent.agent.backends.pictures import shown_pictures
from vau_agent.agent.backends.transformers.folder import digest_folder
from vau_agent.agent.backends.verdict_token import find_verdict_token
from vau_agent.agent.backends.vllm_engine import (
    TOP_LOGPROBS,
    EngineError,
    EngineOptions,
    EngineStartError,
    engine_room,
)
from vau_agent.agent.catalogue import resolve_model
from vau_agent.agent.conversation import Conversation
from vau_agent.agent.profile import ModelProfile, load_profile
from vau_agent.errors import (
    ContextOverflowError,
    GenerationError,
    MissingDependencyError,
    SettingsError,
)
from vau_agent.results import ModelCard

if TYPE_CHECKING:
    from vllm import RequestOutput, SamplingParams


class VllmBackend:
    """Speaks to an engine that is started when the first completion is asked for."""

    def __init__(self, model: str, folder: Path, context: BackendContext) -> None:
        self._model = model
        self._name = f"vllm:{model}"
        self._pictures = context.pictures
        self._options = EngineOptions(
            folder=folder,
            max_frames=context.endpoint.max_frames,
            context_tokens=context.engine.context_tokens,
            memory_share=context.engine.memory_share,
            cpu_cache_mb=context.engine.cpu_cache_mb,
        )

    @property
    def name(self) -> str:
        """The policy string it was opened with."""
        return self._name

    @functools.cached_property
    def card(self) -> ModelCard:
        """The model in this process; its revision is the hub's, or a digest of the folder."""
        folder = self._options.folder
        from_hub = folder.parent.name == "snapshots"
        return ModelCard(
            id=self._model, revision=folder.name if from_hub else digest_folder(folder)
        )

    @functools.cached_property
    def profile(self) -> ModelProfile:
        """The one in the model's folder; the usual one where it has none.

        Raises:
            ModelError: It is damaged.
        """
        return load_profile(self._options.folder)

    def generate(self, conversation: Conversation, settings: GenerationSettings) -> Completion:
        """Complete the conversation.

        An answer that the context leaves too little room for ends where the context does.

        Raises:
            GenerationError: The engine does not start, or gives no completion.
            ContextOverflowError: The conversation is longer than the context.
        """
        shown, most = len(conversation.frames), self._options.max_frames
        if shown > most:
            raise ContextOverflowError(
                f"{shown} pictures for {self._name}, at most {most} are shown; raise "
                "'endpoint.max_frames', or lower 'analysis.frames_per_window'"
            )
        pictures = shown_pictures(self._pictures, self.profile.pictures)
        messages = to_messages(conversation, pictures)
        sampling = sampling_parameters(settings)
        try:
            return read_output(engine_room().chat(self._options, messages, sampling))
        except EngineError as error:
            raise self._failure(error) from error

    def _failure(self, error: EngineError) -> GenerationError | ContextOverflowError:
        reason = str(error)
        if isinstance(error, EngineStartError):
            return GenerationError(
                f"{self._name}: vLLM does not start: {reason}; {_advice(reason)}"
            )
        if is_overflow(reason):
            return ContextOverflowError(
                f"the conversation does not fit the context of {self._name}: {reason}; raise "
                "'engine.context_tokens', or lower 'analysis.frames_per_window'"
            )
        return GenerationError(f"{self._name} gave no completion: {reason}")


def open_vllm(model: str, context: BackendContext) -> VllmBackend:
    """Open the backend for a folder or a model of the catalogue; nothing is loaded yet.

    Raises:
        SettingsError: No model is named.
        MissingDependencyError: vLLM is not installed.
        ModelError: The model is not here.
    """
    if not model:
        raise SettingsError("policy 'vllm' needs a model: vllm:PATH_OR_ID")
    if find_spec("vllm") is None:
        raise MissingDependencyError(
            "the vllm backend needs 'vllm': pip install 'vau-agent[vllm]', or ask a vLLM server "
            "with policy openai:MODEL@URL"
        )
    return VllmBackend(model, resolve_model(model, context.models), context)


def sampling_parameters(settings: GenerationSettings) -> "SamplingParams":
    """Say in vLLM's terms how to sample."""
    from vllm import SamplingParams
    from vllm.sampling_params import StructuredOutputsParams

    schema = settings.response_schema
    return SamplingParams(
        max_tokens=settings.max_new_tokens,
        temperature=settings.temperature,
        seed=settings.seed,
        logprobs=TOP_LOGPROBS,
        structured_outputs=None if schema is None else StructuredOutputsParams(json=schema),
    )


def read_output(output: "RequestOutput") -> Completion:
    """Read what vLLM gives for one request."""
    written = output.outputs[0]
    finish = _finish_reason(written.finish_reason)
    # The token that ends a turn is counted, but it is none of the text.
    token_ids = tuple(written.token_ids[:-1] if finish == "stop" else written.token_ids)
    tokens = read_tokens(token_ids, written.logprobs or ())
    return Completion(
        text=written.text,
        finish_reason=finish,
        usage=Usage(
            prompt_tokens=len(output.prompt_token_ids or ()),
            completion_tokens=len(written.token_ids),
            cached_tokens=output.num_cached_tokens or 0,
        ),
        token_ids=token_ids,
        logprobs=tuple(token.logprob for token in tokens),
        verdict_token=find_verdict_token(tokens),
    )


def read_tokens(
    token_ids: Sequence[int], positions: Sequence[Mapping[int, Any]]
) -> list[TokenChoice]:
    """Read each written token with what else might have stood there."""
    return [
        TokenChoice(
            token=position[chosen].decoded_token or "",
            logprob=min(0.0, position[chosen].logprob),
            # What a schema rules out has a probability of 0, and its logarithm is no number.
            alternatives={
                one.decoded_token or "": min(0.0, one.logprob)
                for one in position.values()
                if math.isfinite(one.logprob)
            },
        )
        for chosen, position in zip(token_ids, positions, strict=False)
    ]


def _advice(reason: str) -> str:
    if "memory" in reason.lower() or "max_model_len" in reason:
        return (
            "set 'engine.context_tokens' lower, or 'engine.memory_share' or 'engine.cpu_cache_mb'"
        )
    return "it wants a folder with a whole model in safetensors and its processor"


def _finish_reason(reason: str | None) -> FinishReason:
    if reason in ("stop", "length"):
        return "stop" if reason == "stop" else "length"
    raise GenerationError(f"vLLM ended a completion for the reason {reason!r}; ask again")
