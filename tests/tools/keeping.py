"""What the tests of the tools share: a keeper of frames, and an embedder that sees colours."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vau_agent.memory.embedders.base import Vectors
from vau_agent.schemas import Box, FrameRef
from vau_agent.tools.video.base import Frame, Image, cut_out

COLOURS = {
    "red": (200, 30, 30),
    "green": (20, 140, 30),
    "blue": (30, 50, 200),
    "yellow": (220, 210, 40),
    "grey": (120, 120, 120),
}


@dataclass(kw_only=True)
class Keeper:
    """Keeps frames in memory and numbers them."""

    kept: list[Frame] = field(default_factory=list)
    pictures: list[Image] = field(default_factory=list)

    def __call__(self, frames: Iterable[Frame], *, crop: Box | None = None) -> tuple[FrameRef, ...]:
        return tuple(dict.fromkeys(self._keep(frame, crop) for frame in frames))

    def _keep(self, frame: Frame, crop: Box | None) -> FrameRef:
        self.kept.append(frame)
        self.pictures.append(frame.image if crop is None else cut_out(frame.image, crop))
        return FrameRef(
            frame_id=f"f{len(self.kept)}",
            timestamp=frame.timestamp,
            pts=frame.pts,
            sha256="0" * 64,
            crop=crop,
        )


@dataclass(kw_only=True)
class ColourEmbedder:
    """A real, tiny text-frame space: how much of a picture has which colour, and colour words.

    Words that are no colours point to dimensions of their own, where no picture ever is; each
    text leans a little, by its letters, towards some colour, as unrelated texts do in any space.
    """

    name: str = "colours"
    digest: str = "c" * 64
    images_embedded: int = 0
    batches: list[int] = field(default_factory=list)

    @property
    def dim(self) -> int:
        return len(COLOURS) + 8

    def embed_images(self, images: Sequence[NDArray[np.uint8]]) -> Vectors:
        self.images_embedded += len(images)
        self.batches.append(len(images))
        vectors = np.zeros((len(images), self.dim), dtype=np.float32)
        palette = np.array(list(COLOURS.values()), dtype=np.float32)
        for row, image in enumerate(images):
            pixels = image[::4, ::4].reshape(-1, 3).astype(np.float32)
            nearest = ((pixels[:, None] - palette) ** 2).sum(axis=-1).argmin(axis=1)
            vectors[row, : len(COLOURS)] = np.bincount(nearest, minlength=len(COLOURS))
        return _unit(vectors)

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in enumerate(texts):
            for number, name in enumerate(COLOURS):
                vectors[row, number] = float(name in text.lower().split())
            letters = np.frombuffer(text.encode(), dtype=np.uint8)
            if not vectors[row].any():
                vectors[row, : len(COLOURS)] = (
                    0.3 * np.bincount(letters % len(COLOURS), minlength=len(COLOURS)) / len(letters)
                )
                vectors[row, len(COLOURS) + int(letters.sum()) % 8] = 1.0
        return _unit(vectors)


def _unit(vectors: NDArray[np.float32]) -> Vectors:
    unit: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit
