"""Pictures as a model takes them, and vectors as an index takes them."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from vau_agent.memory.embedders.base import Vectors


def to_square(image: NDArray[np.uint8], *, side: int, fill: tuple[int, ...]) -> NDArray[np.uint8]:
    """Fit a whole picture into a square, undistorted: cameras look wide, and edges matter."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    picture = Pillow.fromarray(image).resize(size, Pillow.Resampling.BICUBIC, reducing_gap=2)
    square = Pillow.new("RGB", (side, side), fill)
    square.paste(picture, ((side - size[0]) // 2, (side - size[1]) // 2))
    return np.asarray(square)


def to_unit(vectors: NDArray[np.float32]) -> Vectors:
    """Scale every row to length 1; a row of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    return unit
