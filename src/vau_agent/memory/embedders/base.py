"""What an embedder gives: pictures and words as vectors of one space."""

from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Precision = Literal["fp32", "int8"]

Vectors = NDArray[np.float32]
"""Items x `dim`; every row has length 1."""


class Embedder(Protocol):
    """Maps frames and texts into one space. Opening is cheap; weights load at first use."""

    @property
    def name(self) -> str:
        """The string it was opened with, e.g. `conse`."""

    @property
    def digest(self) -> str:
        """sha256 over weights and preprocessing: vectors of unequal digests are not comparable."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    def embed_images(self, images: Sequence[NDArray[np.uint8]]) -> Vectors:
        """Embed pictures (height x width x 3, RGB, any size), in order."""

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """Embed texts, in order."""
