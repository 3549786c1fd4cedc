"""Image towers as ONNX graphs: exported once, kept in the folder of models, checked when opened.

A kept tower is a folder of its own, named by the digest of what it was made from. What it was
measured at when it was made is kept with it; one that is damaged is made again.
"""

import contextlib
import logging
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from vau_agent.errors import ModelError
from vau_agent.memory.embedders.base import Precision, Vectors
from vau_agent.memory.embedders.exporting import Agreement, compare, export, quantise
from vau_agent.memory.embedders.folder import (
    PartsFolder,
    PartsManifest,
    describe,
    replace_folder,
    write_manifest,
)
from vau_agent.memory.embedders.onnx import OnnxGraph
from vau_agent.memory.embedders.probes import draw_probes
from vau_agent.memory.embedders.squares import to_unit

if TYPE_CHECKING:
    import torch

FOLDER: Final = "onnx"
"""In the folder of models."""
KIND: Final = "image-tower"
VERSION: Final = 1
"""Raised whenever the same tower would be exported or quantised in another way."""
IMAGE: Final = "image.onnx"
MAX_DIFFERENCE: Final = 1e-4
"""Between torch and ONNX Runtime, on any value of a vector of length 1."""
LEAST: Final = Agreement(cosine=0.995, recall=0.98)
"""Of vectors at 8 bits with those at fp32; below, a search finds other frames."""
PROBES: Final = 96
"""Drawn pictures that is measured on."""
BATCH: Final = 16
"""Of the measuring."""
MAX_BYTES: Final = 2_000_000_000
"""Of a tower's weights at fp32: what one ONNX file holds is bounded at 2 GiB."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Tower:
    """What graphs are made from: a network on a processor, and what names it."""

    name: str
    """What an error calls it."""
    digest: str
    """Of weights, architecture and preprocessing."""
    network: "torch.nn.Module"
    """From squares of pixels (items x side x side x 3, of 0..255) to vectors of length 1."""
    side: int


@dataclass(frozen=True, kw_only=True)
class KeptTowers:
    """The towers of a folder of models."""

    root: Path
    least: Agreement = LEAST
    """What 8 bits have to agree with fp32."""
    max_bytes: int = MAX_BYTES

    def open(self, tower: Tower, precision: Precision, *, batch: int) -> OnnxGraph:
        """Open a tower at a precision; at the first time, or when damaged, it is made.

        Raises:
            ModelError: It cannot be exported or kept, is too large, or differs too much.
            MissingDependencyError: A package for exporting is not installed.
        """
        folder = self._have(tower, precision)
        self._check(tower, folder.manifest.measured)
        return OnnxGraph(
            name=f"{tower.name} at {precision}", read=lambda: folder.read(IMAGE), batch=batch
        )

    def _have(self, tower: Tower, precision: Precision) -> PartsFolder:
        place = self.root / f"{tower.digest}-{precision}"
        with contextlib.suppress(ModelError):
            return _whole(place)
        _log.info("exporting %s at %s, once, to %s", tower.name, precision, place)
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.root, prefix=f".{KIND}-") as temporary:
                made = Path(temporary) / place.name
                made.mkdir()
                measured = (
                    self._export(tower, made / IMAGE)
                    if precision == "fp32"
                    else self._quantise(tower, made / IMAGE)
                )
                _seal(made, tower.digest, measured)
                replace_folder(made, place, spare=Path(temporary) / "former")
        except OSError as error:
            with contextlib.suppress(ModelError):
                return _whole(place)  # another process was faster
            raise ModelError(
                f"the ONNX graph of {tower.name} cannot be kept in {str(self.root)!r}: "
                f"{error.strerror or error}; free some space there or set model_dir"
            ) from error
        return _whole(place)

    def _export(self, tower: Tower, path: Path) -> Mapping[str, float]:
        import torch

        size = sum(part.nbytes for part in tower.network.state_dict().values())
        if size > self.max_bytes:
            raise ModelError(
                f"the image tower of {tower.name} has {size} bytes, and one ONNX file holds "
                f"{self.max_bytes}; it runs in torch only, at fp32"
            )
        pixels = torch.from_numpy(draw_probes(3, tower.side))
        inputs, axes = {"pixels": pixels}, {"pixels": {0: "batch"}}
        return {"difference": export(tower.network, inputs, axes, path)}

    def _quantise(self, tower: Tower, path: Path) -> Mapping[str, float]:
        """Make it of the graph at fp32, and compare the two."""
        exact = self._have(tower, "fp32")
        self._check(tower, exact.manifest.measured)
        quantise(exact.root / IMAGE, path)
        return compare(_embed(exact.root / IMAGE, tower), _embed(path, tower))._asdict()

    def _check(self, tower: Tower, measured: Mapping[str, float]) -> None:
        difference = measured.get("difference", 0.0)
        if difference > MAX_DIFFERENCE:
            raise ModelError(
                f"the ONNX graph of {tower.name} differs from torch by {difference:.1e}, "
                f"{MAX_DIFFERENCE:.0e} are allowed; try other versions of torch and onnxruntime"
            )
        for name, least in self.least._asdict().items():
            if measured.get(name, 1.0) < least:
                raise ModelError(
                    f"{tower.name} at 8 bits agrees too little with itself at fp32: {name} "
                    f"{measured[name]:.6g}, {least} is needed; set retrieval.precision to fp32"
                )


def _whole(place: Path) -> PartsFolder:
    folder = PartsFolder.open(place, kind=KIND, version=VERSION)
    folder.read(IMAGE)  # sees that it is what was made
    return folder


def _seal(root: Path, digest: str, measured: Mapping[str, float]) -> None:
    manifest = PartsManifest(
        kind=KIND,
        version=VERSION,
        sources={"model": digest},
        files={IMAGE: describe(root / IMAGE)},
        measured=measured,
    )
    write_manifest(root, manifest)


def _embed(path: Path, tower: Tower) -> Vectors:
    graph = OnnxGraph(name=f"{tower.name} {path.name}", read=path.read_bytes, batch=BATCH)
    return to_unit(graph.run({"pixels": draw_probes(PROBES, tower.side)}))
