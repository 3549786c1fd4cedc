"""Loading a model and its processor: this machine's files only, safetensors only, no code."""

import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass, fields
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from vau_agent.agent.backends.transformers.exhaustion import is_out_of_memory
from vau_agent.agent.backends.transformers.folder import ADAPTER_CONFIG, check_folder
from vau_agent.errors import GenerationError, MissingDependencyError
from vau_agent.torchvision_shim import install_shim

if TYPE_CHECKING:
    import torch

_FIRST: Final = 200
"""Characters of a library's complaint that are passed on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadedProcessor:
    """What goes into a model and comes out of it: all of it but its weights."""

    name: str
    processor: Any
    device: "torch.device"
    stop_ids: frozenset[int]
    control_tokens: tuple[str, ...]
    """Texts that the tokenizer reads as commands."""
    placeholder_id: int | None
    """The token that a picture's features are put in place of; `None` where it is not told."""
    max_tokens: int | None
    """Prompt and completion together; `None` where the model does not say."""

    @property
    def tokenizer(self) -> Any:  # noqa: ANN401 - transformers' own class
        """The processor's tokenizer."""
        return self.processor.tokenizer


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadedModel(LoadedProcessor):
    """A model in memory, with what is asked of it on every call."""

    model: Any
    """transformers' `PreTrainedModel` with a head that writes text."""


def load_model(
    folder: Path, name: str, resolve: Callable[[str], Path], *, device: str | None = None
) -> LoadedModel:
    """Load what a folder holds, on the GPU in bfloat16 if there is one, else in float32.

    Without bfloat16 instructions a processor takes 2 to 4 times as long in it (measured).

    Args:
        folder: Of a model, or of an adapter and with the name of its base model.
        name: For messages.
        resolve: Finds the folder of an adapter's base model.
        device: To load it on another than that.

    Raises:
        GenerationError: The folder is no model that can be loaded.
        MissingDependencyError: An adapter needs `peft`.
    """
    base = _base_folder(folder, resolve)
    check_folder(base)
    install_shim()
    import torch

    chosen = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    model = _guarded(base, lambda: _load_weights(base, chosen))
    if base != folder:
        model = _guarded(folder, lambda: _with_adapter(model, folder))
    rest = _guarded(
        base, lambda: _load_processor(base, name, model.config, model.generation_config, chosen)
    )
    return LoadedModel(**{one.name: getattr(rest, one.name) for one in fields(rest)}, model=model)


def load_processor(folder: Path, name: str) -> LoadedProcessor:
    """Load everything of a folder but its weights, for another engine than torch.

    Raises:
        GenerationError: The folder is no model that can be loaded.
    """
    check_folder(folder)
    install_shim()
    import torch

    def load() -> LoadedProcessor:
        from transformers import AutoConfig, GenerationConfig
        from transformers.utils import GENERATION_CONFIG_NAME

        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        generation = None
        if (folder / GENERATION_CONFIG_NAME).is_file():
            generation = GenerationConfig.from_pretrained(folder, local_files_only=True)
        return _load_processor(folder, name, config, generation, torch.device("cpu"))

    return cast("LoadedProcessor", _guarded(folder, load))


def _base_folder(folder: Path, resolve: Callable[[str], Path]) -> Path:
    adapter = folder / ADAPTER_CONFIG
    if not adapter.is_file() or (folder / "config.json").is_file():
        return folder
    if find_spec("peft") is None:
        raise MissingDependencyError(
            f"{str(folder)!r} is an adapter and needs 'peft'; pip install peft, or merge it into "
            "its base model"
        )
    try:
        base = json.loads(adapter.read_text(encoding="utf-8"))["base_model_name_or_path"]
    except (ValueError, KeyError, TypeError) as error:
        raise GenerationError(f"{str(adapter)!r} names no base model; export it again") from error
    return resolve(str(base))


def _load_weights(folder: Path, device: "torch.device") -> Any:  # noqa: ANN401 - transformers' own class
    import torch
    from transformers import AutoModelForImageTextToText
    from transformers.utils import logging

    library_log: Any = logging  # carries no annotations
    library_log.disable_progress_bar()
    load: Any = AutoModelForImageTextToText.from_pretrained
    model, told = load(
        folder,
        local_files_only=True,
        use_safetensors=True,
        trust_remote_code=False,
        dtype=torch.bfloat16 if device.type == "cuda" else torch.float32,
        output_loading_info=True,
    )
    if told["missing_keys"]:
        raise ValueError(
            f"{len(told['missing_keys'])} of its weights are missing, "
            f"such as {min(told['missing_keys'])}"
        )
    return model.eval().requires_grad_(False).to(device)


def _with_adapter(model: Any, folder: Path) -> Any:  # noqa: ANN401 - transformers' own class
    peft: Any = import_module("peft")  # of no extra: whoever has an adapter has it
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers by an older name
        adapted = peft.PeftModel.from_pretrained(model, str(folder), local_files_only=True)
    return adapted.merge_and_unload().eval()


def _load_processor(
    folder: Path,
    name: str,
    config: Any,  # noqa: ANN401 - transformers' own classes
    generation: Any,  # noqa: ANN401
    device: "torch.device",
) -> LoadedProcessor:
    from transformers import AutoProcessor

    load: Any = AutoProcessor.from_pretrained
    processor = load(folder, local_files_only=True, trust_remote_code=False)
    if not hasattr(processor, "tokenizer") or not hasattr(processor, "image_processor"):
        raise ValueError("its processor reads no pictures")
    if not getattr(processor, "chat_template", None):
        raise GenerationError(
            f"model folder {str(folder)!r} has no chat template; take an instruction-tuned model"
        )
    return LoadedProcessor(
        name=name,
        processor=processor,
        device=device,
        stop_ids=_stop_ids(generation, processor.tokenizer),
        control_tokens=_control_tokens(processor),
        placeholder_id=getattr(config, "image_token_id", None),
        max_tokens=getattr(config.get_text_config(), "max_position_embeddings", None),
    )


def _guarded(folder: Path, load: Callable[[], Any]) -> Any:  # noqa: ANN401 - what load gives
    """Run a loader; what a library says of a folder becomes one line.

    Raises:
        GenerationError: The folder cannot be loaded.
        MissingDependencyError: This kind of model needs a package of its own.
    """
    from huggingface_hub.errors import StrictDataclassError
    from safetensors import SafetensorError

    try:
        return load()
    except ImportError as error:
        raise MissingDependencyError(
            f"model folder {str(folder)!r} needs another package: {_first_line(error)}"
        ) from error
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RuntimeError,
        MemoryError,
        SafetensorError,
        StrictDataclassError,
    ) as error:
        if is_out_of_memory(error):
            raise GenerationError(
                f"model {str(folder)!r} does not fit into memory; take a smaller model, or run it "
                "on a server (openai:MODEL@URL)"
            ) from error
        raise GenerationError(
            f"model folder {str(folder)!r} cannot be loaded: {_first_line(error)}; "
            "pull the model again, or take one that this version of transformers knows"
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:_FIRST]


def _stop_ids(generation: Any, tokenizer: Any) -> frozenset[int]:  # noqa: ANN401 - transformers' own classes
    told = getattr(generation, "eos_token_id", None)
    listed = told if isinstance(told, list) else [told]
    return frozenset(one for one in (*listed, tokenizer.eos_token_id) if one is not None)


def _control_tokens(processor: Any) -> tuple[str, ...]:  # noqa: ANN401 - transformers' own class
    """Give the special tokens and those that stand for pictures, longest first."""
    added = processor.tokenizer.added_tokens_decoder.values()
    special = {str(token) for token in added if token.special}
    pictures = {getattr(processor, name, None) for name in ("image_token", "video_token")}
    texts = {*special, *processor.tokenizer.all_special_tokens, *pictures} - {None, ""}
    return tuple(sorted(map(str, texts), key=lambda text: (-len(text), text)))
