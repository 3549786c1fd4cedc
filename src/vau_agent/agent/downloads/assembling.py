"""Models that are made here out of what was fetched; all others are what was fetched."""

import hashlib
import logging
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vau_agent.errors import GenerationError
from vau_agent.memory.embedders.folder import replace_folder

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Assembly:
    """How one model's folder is made."""

    build: Callable[[Path, Path], None]
    """From the folder of its unpacked parts to its own folder, replacing what was there."""
    packages: tuple[str, ...]
    """Needed for making it, or for running what was made."""
    room: int
    """Bytes on disk that making it takes at most, beside its parts."""
    ingredients: Callable[[], tuple[str, ...]] = lambda: ()
    """Names, with version and digest, what of this package goes in; raises ModelError where that
    is absent."""


def _build_conse(stage: Path, folder: Path) -> None:
    from vau_agent.memory.embedders.conse_build import build_conse

    _quieten()
    (lite0,) = stage.glob("*.pth")
    build_conse(lite0, stage, folder)


def _build_nano_base(stage: Path, folder: Path) -> None:
    from vau_agent.agent.nano.build import build_base

    _quieten()
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".nano-base-") as temporary:
        made = Path(temporary) / "made"
        build_base(stage, made)
        replace_folder(made, folder, spare=Path(temporary) / "former")


def _build_nano(stage: Path, folder: Path) -> None:
    from vau_agent.agent.backends.transformers.engine.opening import make_engine
    from vau_agent.agent.nano.build import build_nano, shipped_adapter

    _quieten()
    with shipped_adapter() as adapter:
        build_nano(stage, adapter, folder)
    try:
        make_engine(folder, "nano", Path, "int8")
    except GenerationError as error:  # torch computes it as well, at a quarter of the speed
        logger.warning("nano goes without its fast engine: %s", error)


def _nano_ingredients() -> tuple[str, ...]:
    from vau_agent.agent.nano.build import shipped_adapter

    with shipped_adapter() as adapter, adapter.open("rb") as stream:
        return (f"adapter sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}",)


def _quieten() -> None:
    """Have the library show no bars about what has just been fetched."""
    from transformers.utils import logging as library_log

    quieten: Callable[[], None] = library_log.disable_progress_bar
    quieten()


_LOADING: Final = ("torch", "timm", "transformers")
_DEQUANTISING: Final = ("accelerate", "gguf", "safetensors")
_EXPORTING: Final = (*_LOADING, "onnx", "onnxscript", "onnxruntime")

ASSEMBLIES: Final[Mapping[str, Assembly]] = {
    "conse": Assembly(build=_build_conse, packages=_EXPORTING, room=120_000_000),
    "nano-base": Assembly(
        build=_build_nano_base, packages=(*_LOADING, *_DEQUANTISING), room=600_000_000
    ),
    "nano": Assembly(
        build=_build_nano,
        packages=(*_EXPORTING, *_DEQUANTISING),
        room=1_000_000_000,
        ingredients=_nano_ingredients,
    ),
}
