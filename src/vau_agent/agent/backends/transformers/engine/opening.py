"""Which engine computes a model: the one in its folder, one that is made now, or torch."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vau_agent.agent.backends.transformers.check import find_reader
from vau_agent.agent.backends.transformers.engine.card import EngineCard, load_card
from vau_agent.agent.backends.transformers.engine.exporting import export_engine
from vau_agent.agent.backends.transformers.engine.runner import OnnxRunner
from vau_agent.agent.backends.transformers.folder import digest_folder
from vau_agent.agent.backends.transformers.loading import (
    LoadedProcessor,
    load_model,
    load_processor,
)
from vau_agent.agent.backends.transformers.reading import Reader
from vau_agent.errors import GenerationError, ModelError
from vau_agent.memory.embedders.base import Precision
from vau_agent.memory.embedders.onnx import default_threads
from vau_agent.settings import LocalSettings

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenedModel:
    """A model that can be asked."""

    loaded: LoadedProcessor
    """A `LoadedModel` where torch computes it."""
    reader: Reader | None
    """`None` for a model that has to read every prompt anew."""


def open_model(
    folder: Path, name: str, resolve: Callable[[str], Path], settings: LocalSettings
) -> OpenedModel:
    """Open a model with the engine that the settings ask for.

    `auto` takes the engine in the model's folder, or torch where there is none or a GPU is; `onnx`
    makes it if need be, which takes half a minute once.

    Raises:
        GenerationError: The folder is no model that can be loaded, or it fits no engine and one
            was asked for.
        MissingDependencyError: An adapter needs `peft`, an engine a package of `local`.
    """
    if settings.engine == "torch" or (settings.engine == "auto" and _has_gpu()):
        return _open_with_torch(folder, name, resolve, settings.threads)
    card = find_engine(folder, settings.precision)
    if card is None and settings.engine == "auto":
        return _open_with_torch(folder, name, resolve, settings.threads)
    if card is None:
        card = make_engine(folder, name, resolve, settings.precision)
    loaded = load_processor(folder, name)
    threads = settings.threads or default_threads()
    runner = OnnxRunner(engine_folder(folder, settings.precision), card, threads=threads)
    return OpenedModel(loaded=loaded, reader=Reader(loaded, runner))


def engine_folder(folder: Path, precision: Precision) -> Path:
    """Give the place of a model's engine."""
    return folder / f"engine-{precision}"


def find_engine(folder: Path, precision: Precision) -> EngineCard | None:
    """Give the card of a folder's engine, if it has one that was made of the model it holds now."""
    card = load_card(engine_folder(folder, precision))
    if card is None or card.model != digest_folder(folder):
        return None
    return card


def make_engine(
    folder: Path, name: str, resolve: Callable[[str], Path], precision: Precision
) -> EngineCard:
    """Load a model with torch and make its engine.

    Raises:
        GenerationError: The folder is no model that can be loaded, or fits no engine.
        MissingDependencyError: A package of `local` is not installed.
    """
    logger.info("making the engine of %s, once", name)
    loaded = load_model(folder, name, resolve, device="cpu")
    reader = find_reader(loaded)
    if reader is None:
        raise GenerationError(f"{name!r} has to read whole prompts; set local.engine to 'torch'")
    place = engine_folder(folder, precision)
    try:
        return export_engine(
            loaded, reader, place, precision=precision, model=digest_folder(folder)
        )
    except ModelError as error:
        raise GenerationError(str(error)) from error
    except OSError as error:
        raise GenerationError(
            f"engine {str(place)!r} cannot be written: {error.strerror}; make room there, or set "
            "local.engine to 'torch'"
        ) from error


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def _open_with_torch(
    folder: Path, name: str, resolve: Callable[[str], Path], threads: int | None
) -> OpenedModel:
    loaded = load_model(folder, name, resolve)
    if threads is not None:
        import torch

        torch.set_num_threads(threads)
    return OpenedModel(loaded=loaded, reader=find_reader(loaded))
