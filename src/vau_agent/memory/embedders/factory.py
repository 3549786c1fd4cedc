"""From an embedder string to the embedder."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from vau_agent.errors import ModelError, SettingsError
from vau_agent.memory.embedders.base import Embedder, Precision
from vau_agent.memory.embedders.conse import KIND, PACKAGES, VERSION, ConseEmbedder
from vau_agent.memory.embedders.folder import PartsFolder
from vau_agent.memory.embedders.open_clip import OpenClipEmbedder

OFF: Final = "off"
AUTO: Final = "auto"
FORMS: Final = (KIND, "open_clip:ARCH/PRETRAINED", OFF, AUTO)


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    models: Path
    precision: Precision
    batch: int
    offline: bool


def open_embedder(
    spec: str, *, models: Path, precision: Precision = "fp32", batch: int, offline: bool = False
) -> Embedder:
    """Open the embedder that a string names: `conse` or `open_clip:ARCH/PRETRAINED`.

    Raises:
        SettingsError: No embedder has that name, it cannot be opened with what follows the colon,
            or it does not run at that precision. `auto` and `off` are for `resolve_embedder`.
        ModelError: Its weights are absent or altered.
    """
    name, _, model = spec.partition(":")
    opener = _OPENERS.get(name)
    if opener is None:
        raise SettingsError(f"unknown embedder {spec!r}; choose one of {', '.join(FORMS)}")
    return opener(model, _Wanted(models=models, precision=precision, batch=batch, offline=offline))


def resolve_embedder(spec: str, models: Path) -> str:
    """Turn `auto` into `conse` where its parts and packages are here, else into `off`.

    Cheap: nothing heavy is imported and no weights are read.

    Raises:
        SettingsError: No embedder has that name.
    """
    if spec != AUTO:
        if spec != OFF and spec.partition(":")[0] not in _OPENERS:
            raise SettingsError(f"unknown embedder {spec!r}; choose one of {', '.join(FORMS)}")
        return spec
    if not all(find_spec(package) for package in (*PACKAGES, "faiss")):
        return OFF
    try:
        PartsFolder.open(models / KIND, kind=KIND, version=VERSION)
    except ModelError:
        return OFF
    return KIND


def _conse(model: str, wanted: _Wanted) -> Embedder:
    if model:
        raise SettingsError(f"embedder 'conse' takes nothing after a colon, got {model!r}")
    if wanted.precision != "fp32":
        # scripts/bench B6: slower at 8 bits, and a fifth of the same nearest frames is found
        raise SettingsError(
            f"embedder 'conse' runs at fp32, not {wanted.precision}, which finds other frames; "
            "set retrieval.precision to fp32"
        )
    return ConseEmbedder.open(wanted.models / KIND, batch=wanted.batch)


def _open_clip(model: str, wanted: _Wanted) -> Embedder:
    return OpenClipEmbedder.open(
        model,
        models=wanted.models,
        batch=wanted.batch,
        precision=wanted.precision,
        offline=wanted.offline,
    )


_OPENERS: Final[Mapping[str, Callable[[str, _Wanted], Embedder]]] = {
    "conse": _conse,
    "open_clip": _open_clip,
}
