"""Search with a real joint model: any that OpenCLIP can build, from safetensors only.

Pictures are fitted whole into the model's square, not cut to its middle as OpenCLIP does: what
matters to a camera is often at its edge. On a processor the image tower runs as an ONNX graph, at
fp32 or 8 bits; on a GPU, and where it cannot be exported, torch runs it.
"""

import functools
import hashlib
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from vau_agent.errors import MissingDependencyError, ModelError, SettingsError
from vau_agent.memory.chain import canonical_json
from vau_agent.memory.embedders.base import Precision, Vectors
from vau_agent.memory.embedders.exporting import Agreement, without_remarks
from vau_agent.memory.embedders.folder import describe
from vau_agent.memory.embedders.onnx import OnnxGraph
from vau_agent.memory.embedders.squares import to_square, to_unit
from vau_agent.memory.embedders.towers import FOLDER, LEAST, KeptTowers, Tower
from vau_agent.memory.embedders.towers import VERSION as TOWER_VERSION
from vau_agent.torchvision_shim import install_shim

if TYPE_CHECKING:
    import torch

FORM: Final = "open_clip:ARCH/PRETRAINED"
VERSION: Final = 1
"""Raised whenever the same picture or text would get another vector."""
CONFIG: Final = "open_clip_config.json"
WEIGHTS: Final = "open_clip_model.safetensors"
"""What a hub repository of OpenCLIP calls its weights."""


class _Loaded(NamedTuple):
    model: Any
    tokenizer: Any
    device: str
    side: int
    grey: tuple[int, ...]
    """The mean colour, which fills what is left of a square."""
    network: "torch.nn.Module"
    """From squares of pixels of 0..255 to vectors of length 1."""
    quick_gelu: bool
    """Whether the tag, not the architecture, says that the activations are approximate ones."""


_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False)
class OpenClipEmbedder:
    """Frames and texts in one OpenCLIP model's space. May be used from several threads."""

    architecture: str
    pretrained: str
    """A tag of the architecture, or a `.safetensors` file."""
    towers: KeptTowers
    batch: int
    precision: Precision = "fp32"
    """Of the image tower; texts are always embedded at fp32."""
    offline: bool = False
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @classmethod
    def open(
        cls,
        model: str,
        *,
        models: Path,
        batch: int,
        precision: Precision = "fp32",
        least: Agreement = LEAST,
        offline: bool,
    ) -> "OpenClipEmbedder":
        """Open what follows `open_clip:`; weights are read, or fetched by tag, at first use.

        Args:
            model: Architecture and weights, ARCH/PRETRAINED.
            models: Folder of models, where the exported image tower is kept.
            batch: Pictures or texts embedded at once.
            precision: Of the image tower.
            least: How far 8 bits have to agree with fp32.
            offline: Fetch nothing.

        Raises:
            SettingsError: It is not ARCH/PRETRAINED, or a file that holds no safetensors.
            ModelError: The file is absent.
        """
        architecture, _, pretrained = model.partition("/")
        if not architecture or not pretrained:
            raise SettingsError(
                f"embedder 'open_clip:{model}' is not of the form {FORM}; PRETRAINED is a tag such "
                "as laion2b_s34b_b79k, or a .safetensors file"
            )
        path = Path(pretrained)
        if path.suffix in {".bin", ".pt", ".pth", ".ckpt", ".pkl"}:
            raise SettingsError(
                f"{pretrained!r} may run code when it is loaded; give a .safetensors file"
            )
        if path.suffix == ".safetensors" and not path.is_file():
            raise ModelError(f"there are no weights at {pretrained!r}; check the path")
        return cls(
            architecture=architecture,
            pretrained=pretrained,
            towers=KeptTowers(root=models / FOLDER, least=least),
            batch=batch,
            precision=precision,
            offline=offline,
        )

    @property
    def name(self) -> str:
        """The string it was opened with."""
        return f"open_clip:{self.architecture}/{self.pretrained}"

    @functools.cached_property
    def digest(self) -> str:
        """Of weights, architecture, preprocessing and precision, not of the place of the file."""
        if self.precision == "fp32":
            return self._exact_digest
        recipe: list[JsonValue] = [self._exact_digest, self.precision, TOWER_VERSION]
        return hashlib.sha256(canonical_json(recipe).encode()).hexdigest()

    @functools.cached_property
    def _exact_digest(self) -> str:
        loaded = self._loaded
        recipe: list[JsonValue] = ["open_clip", VERSION, describe(self._weights).sha256]
        recipe += [str(loaded.model.visual.preprocess_cfg), self._config_text()]
        recipe += ["quick_gelu"] if loaded.quick_gelu else []
        return hashlib.sha256(canonical_json(recipe).encode()).hexdigest()

    @functools.cached_property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self.embed_texts(["a"]).shape[1])

    def embed_images(self, images: Sequence[NDArray[np.uint8]]) -> Vectors:
        """Embed pictures (height x width x 3, RGB, any size), in order.

        Raises:
            ModelError: The weights cannot be had, or do not fit the architecture; or the image
                tower does not run, or finds other frames, at 8 bits.
            SettingsError: 8 bits are asked of a GPU.
            MissingDependencyError: OpenCLIP is not installed, or at 8 bits ONNX.
        """
        with self._lock:
            loaded = self._loaded
            parts = [
                self._encode_images(images[start : start + self.batch], loaded)
                for start in range(0, len(images), self.batch)
            ]
        return np.concatenate(parts) if parts else np.zeros((0, self.dim), dtype=np.float32)

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """Embed texts, in order; what is beyond the model's context is not read.

        Raises:
            ModelError: The weights cannot be had, or do not fit the architecture.
            MissingDependencyError: OpenCLIP is not installed.
        """
        with self._lock:
            loaded = self._loaded
            parts = [
                self._encode_texts(texts[start : start + self.batch], loaded)
                for start in range(0, len(texts), self.batch)
            ]
        return np.concatenate(parts) if parts else np.zeros((0, self.dim), dtype=np.float32)

    def _encode_images(self, images: Sequence[NDArray[np.uint8]], loaded: _Loaded) -> Vectors:
        squares = np.stack(
            [to_square(image, side=loaded.side, fill=loaded.grey) for image in images]
        )
        if self._graph is not None:
            return to_unit(self._graph.run({"pixels": squares}))
        import torch

        with torch.inference_mode():
            pixels = torch.from_numpy(squares).to(loaded.device)
            return to_unit(loaded.network(pixels).float().cpu().numpy())

    @functools.cached_property
    def _graph(self) -> OnnxGraph | None:
        """The image tower, where it does not run in torch."""
        loaded = self._loaded
        if loaded.device != "cpu":
            return None
        tower = Tower(
            name=f"embedder {self.name!r}",
            digest=self._exact_digest,
            network=loaded.network,
            side=loaded.side,
        )
        try:
            return self.towers.open(tower, self.precision, batch=self.batch)
        except (MissingDependencyError, ModelError) as error:
            if self.precision != "fp32":
                raise
            _log.warning("pictures are embedded by torch, more slowly: %s", error)
            return None

    def _encode_texts(self, texts: Sequence[str], loaded: _Loaded) -> Vectors:
        import torch

        tokens = loaded.tokenizer(list(texts)).to(loaded.device)
        with torch.inference_mode():
            return to_unit(loaded.model.encode_text(tokens).float().cpu().numpy())

    @functools.cached_property
    def _loaded(self) -> _Loaded:
        install_shim()
        try:
            import open_clip
            import torch
            from safetensors import SafetensorError
        except ModuleNotFoundError as error:
            raise MissingDependencyError(
                f"embedder {self.name!r} needs {error.name!r}; "
                "install it with: pip install 'vau-agent[local]'"
            ) from error
        device = "cuda" if torch.cuda.is_available() else "cpu"
        if device != "cpu" and self.precision != "fp32":
            raise SettingsError(
                f"embedder {self.name!r} runs at {self.precision} on a processor only, and here on "
                "a GPU; set retrieval.precision to fp32"
            )
        source, tag = self._source(open_clip)
        try:
            with without_remarks():
                model = open_clip.create_model(
                    source,
                    load_weights=False,
                    pretrained_text=False,
                    force_quick_gelu=bool(tag.get("quick_gelu")),
                    force_preprocess_cfg={
                        key: tag[key] for key in ("mean", "std", "interpolation") if key in tag
                    },
                )
                open_clip.load_checkpoint(model, str(self._weights))
                tokenizer = open_clip.get_tokenizer(source)
        # its own checks of shapes are assertions
        except (
            AssertionError,
            KeyError,
            OSError,
            RuntimeError,
            SafetensorError,
            ValueError,
        ) as error:
            raise ModelError(
                f"{str(self._weights)!r} cannot be used as {self.architecture!r}: "
                f"{_first_line(error)}; check that they belong together"
            ) from error
        model.eval().to(device)
        look = model.visual.preprocess_cfg
        size = look["size"]
        return _Loaded(
            model=model,
            tokenizer=tokenizer,
            device=device,
            side=int(size if isinstance(size, int) else size[0]),
            grey=tuple(round(255 * value) for value in look["mean"]),
            network=_image_network(model.visual, look["mean"], look["std"]).to(device),
            quick_gelu=bool(tag.get("quick_gelu")),
        )

    def _source(self, open_clip: Any) -> tuple[str, dict[str, Any]]:  # noqa: ANN401 - untyped
        """Give what OpenCLIP builds the model from, and what its tag says of it."""
        if (self._weights.parent / CONFIG).is_file() and self._is_file:
            return f"local-dir:{self._weights.parent}", {}
        config = open_clip.get_model_config(self.architecture)
        if config is None:
            raise SettingsError(
                f"OpenCLIP knows no architecture {self.architecture!r}; open_clip.list_models() "
                f"names them, or put {CONFIG} beside the weights"
            )
        if self.offline and config["text_cfg"].get("hf_tokenizer_name"):
            raise ModelError(
                f"the tokenizer of {self.architecture!r} is fetched from a hub, and offline is "
                f"set; give weights with {CONFIG} and the tokenizer's files beside them"
            )
        return self.architecture, self._tag(open_clip)

    def _tag(self, open_clip: Any) -> dict[str, Any]:  # noqa: ANN401 - untyped
        if self._is_file:
            return {}
        found: dict[str, Any] = open_clip.get_pretrained_cfg(self.architecture, self.pretrained)
        return found

    @property
    def _is_file(self) -> bool:
        return self.pretrained.endswith(".safetensors")

    @functools.cached_property
    def _weights(self) -> Path:
        """The file of weights: the given one, or the tag's, from the hub or its local cache."""
        if self._is_file:
            return Path(self.pretrained)
        import huggingface_hub
        import open_clip
        from huggingface_hub.errors import HfHubHTTPError

        repository = str((self._tag(open_clip) or {}).get("hf_hub", "")).strip("/")
        if not repository:
            raise ModelError(
                f"{self.architecture!r} has no tag {self.pretrained!r} with weights on the hub; "
                f"it has {', '.join(open_clip.list_pretrained_tags_by_model(self.architecture))}"
            )
        try:
            found = huggingface_hub.hf_hub_download(
                repository, WEIGHTS, local_files_only=self.offline
            )
        except (OSError, HfHubHTTPError) as error:
            where = "in the local cache, and offline is set" if self.offline else "to be had"
            raise ModelError(
                f"{WEIGHTS} of {repository!r} is not {where} ({_first_line(error)}); "
                "give a local file: open_clip:ARCH/FILE.safetensors"
            ) from error
        return Path(found)

    def _config_text(self) -> str:
        """Give what tells this architecture from another with weights of the same shape."""
        beside = self._weights.parent / CONFIG
        return beside.read_text() if self._is_file and beside.is_file() else self.architecture


def _image_network(
    visual: "torch.nn.Module", mean: Sequence[float], std: Sequence[float]
) -> "torch.nn.Module":
    """Give an image tower as it takes squares of pixels, scaling and unit length included."""
    import torch

    class Images(torch.nn.Module):
        mean: torch.Tensor
        std: torch.Tensor

        def __init__(self) -> None:
            super().__init__()
            self.visual = visual
            for name, values in (("mean", mean), ("std", std)):
                self.register_buffer(name, 255 * torch.tensor(values)[:, None, None])

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            scaled = (pixels.permute(0, 3, 1, 2).float() - self.mean) / self.std
            found = self.visual(scaled)
            features = found[0] if isinstance(found, tuple) else found  # CoCa gives tokens too
            return torch.nn.functional.normalize(features, dim=-1)

    return Images().eval()


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
