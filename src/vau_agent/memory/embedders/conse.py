"""Search without a joint model: pictures enter the space of words by what is recognised in them.

A picture is the mean of the sentence vectors of ImageNet's class names, weighted by how likely an
EfficientNet-Lite0 finds each class in it (ConSE, Norouzi et al. 2013); texts are MiniLM's sentence
vectors. Nothing was trained for it, and all weights come from the package index. It is a basic
space: it knows things and places, hardly actions, and its scores differ little.

Opens a folder that `conse_build` makes. Needs no torch.
"""

import functools
import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from vau_agent.errors import MissingDependencyError
from vau_agent.memory.chain import canonical_json
from vau_agent.memory.embedders.base import Vectors
from vau_agent.memory.embedders.folder import PartsFolder
from vau_agent.memory.embedders.onnx import OnnxGraph
from vau_agent.memory.embedders.squares import to_square, to_unit

KIND: Final = "conse"
VERSION: Final = 1
"""Raised whenever the same picture or text would get another vector."""
DIM: Final = 384
SIDE: Final = 224
"""Pixels; what the classifier was trained on."""
GREY: Final = (127, 127, 127)
"""The classifier's zero: what is left of a square beside a wide picture."""
TOP: Final = 20
"""Classes that make a picture's vector; the tail of a thousand is noise."""
MAX_TOKENS: Final = 128
PACKAGES: Final = ("onnxruntime", "tokenizers")
VISION: Final = "vision.onnx"
TEXT: Final = "text.onnx"
TOKENIZER: Final = "tokenizer.json"
CONCEPTS: Final = "concepts.f32"
LABELS: Final = "labels.txt"


@dataclass(frozen=True, kw_only=True, eq=False)
class ConseEmbedder:
    """Frames and texts in MiniLM's space of sentences. May be used from several threads."""

    folder: PartsFolder
    batch: int
    _opening: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def open(cls, folder: Path, *, batch: int) -> "ConseEmbedder":
        """Open a folder that `build_conse` made; weights are read at first use.

        Raises:
            ModelError: The folder is absent, incomplete, altered, or of another version.
        """
        return cls(folder=PartsFolder.open(folder, kind=KIND, version=VERSION), batch=batch)

    @property
    def name(self) -> str:
        """The string it was opened with."""
        return KIND

    @functools.cached_property
    def digest(self) -> str:
        """Of the weights it was built from: building again gives comparable vectors."""
        manifest = self.folder.manifest
        recipe: list[JsonValue] = [KIND, manifest.version, dict(manifest.sources)]
        return hashlib.sha256(canonical_json(recipe).encode()).hexdigest()

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return DIM

    def embed_images(self, images: Sequence[NDArray[np.uint8]]) -> Vectors:
        """Embed pictures (height x width x 3, RGB, any size), in order.

        Raises:
            ModelError: A file of the folder was altered.
            MissingDependencyError: ONNX Runtime is not installed.
        """
        vectors = np.zeros((len(images), DIM), dtype=np.float32)
        for start in range(0, len(images), self.batch):
            squares = to_squares(images[start : start + self.batch])
            likely = keep_top(self._vision.run({"pixels": squares}))
            vectors[start : start + self.batch] = to_unit(likely @ self._concepts)
        return vectors

    def recognise(self, image: NDArray[np.uint8], count: int) -> tuple[tuple[str, float], ...]:
        """Name the classes that a picture most likely shows, with their probabilities."""
        (likely,) = self._vision.run({"pixels": to_squares([image])})
        best = np.argsort(likely)[::-1][:count]
        return tuple((self._labels[place], float(likely[place])) for place in best)

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """Embed texts, in order; what is beyond 128 tokens is not read.

        Raises:
            ModelError: A file of the folder was altered.
            MissingDependencyError: ONNX Runtime or tokenizers is not installed.
        """
        vectors = np.zeros((len(texts), DIM), dtype=np.float32)
        for start in range(0, len(texts), self.batch):
            with self._opening:
                tokenizer = self._tokenizer
            encoded = tokenizer.encode_batch(list(texts[start : start + self.batch]))
            inputs = {
                "input_ids": np.array([one.ids for one in encoded], dtype=np.int64),
                "attention_mask": np.array([one.attention_mask for one in encoded], dtype=np.int64),
            }
            vectors[start : start + self.batch] = self._text.run(inputs)
        return vectors

    @functools.cached_property
    def _vision(self) -> OnnxGraph:
        return OnnxGraph(
            name=f"conse {VISION}", read=lambda: self.folder.read(VISION), batch=self.batch
        )

    @functools.cached_property
    def _text(self) -> OnnxGraph:
        return OnnxGraph(
            name=f"conse {TEXT}", read=lambda: self.folder.read(TEXT), batch=self.batch
        )

    @functools.cached_property
    def _labels(self) -> tuple[str, ...]:
        return tuple(self.folder.read(LABELS).decode().splitlines())

    @functools.cached_property
    def _concepts(self) -> Vectors:
        """Sentence vectors of the class names, classes x dim."""
        return np.frombuffer(self.folder.read(CONCEPTS), dtype="<f4").reshape(-1, DIM)

    @functools.cached_property
    def _tokenizer(self) -> Any:  # noqa: ANN401 - tokenizers has no types
        try:
            from tokenizers import Tokenizer
        except ModuleNotFoundError as error:
            raise MissingDependencyError(
                "conse needs 'tokenizers'; install it with: pip install 'vau-agent[local]'"
            ) from error
        tokenizer = Tokenizer.from_buffer(self.folder.read(TOKENIZER))
        tokenizer.enable_truncation(MAX_TOKENS)
        tokenizer.enable_padding(pad_id=0, pad_token="[PAD]")
        return tokenizer


def to_squares(images: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Give pictures as the classifier takes them."""
    return np.stack([to_square(image, side=SIDE, fill=GREY) for image in images])


def keep_top(likely: NDArray[np.float32], count: int = TOP) -> NDArray[np.float32]:
    """Keep the `count` largest of each row and make them sum to 1."""
    threshold = np.partition(likely, -count, axis=1)[:, -count, None]
    kept = np.where(likely >= threshold, likely, 0)
    shares: NDArray[np.float32] = kept / kept.sum(axis=1, keepdims=True)
    return shares
