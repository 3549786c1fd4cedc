"""Near-duplicate frames: told by the *largest* change of any block, not by the mean.

A small intruder moves few blocks, so a mean hides it. Frames are compared with the last frame that
was *kept*, so slow drift adds up to a change; and one is kept every so often in any case.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vau_agent.tools.video.base import Image

BLOCK: Final = 8
"""Pixels a side; the threshold of 6 grey levels was measured with this size."""


def block_means(image: Image) -> NDArray[np.float32]:
    """Average the luma of each block; what does not fill a block at the borders is left out.

    Pictures smaller than one block give a single mean.
    """
    height, width = image.shape[0] // BLOCK * BLOCK, image.shape[1] // BLOCK * BLOCK
    if not height or not width:
        return np.array([[_luma(image.astype(np.float32).mean(axis=(0, 1)))]], dtype=np.float32)
    # integers: 64 pixels of 255 fit into uint16, and summing before weighting is 5 times faster
    rows = image[:height, :width].reshape(height // BLOCK, BLOCK, width, 3)
    columns = rows.sum(axis=1, dtype=np.uint16).reshape(height // BLOCK, width // BLOCK, BLOCK, 3)
    means: NDArray[np.float32] = _luma(columns.sum(axis=2, dtype=np.uint16) / np.float32(BLOCK**2))
    return means


def is_duplicate(
    means: NDArray[np.float32], kept: NDArray[np.float32], *, block_change: float
) -> bool:
    """Tell whether no block differs from the kept frame's by more than `block_change`."""
    return means.shape == kept.shape and float(np.abs(means - kept).max()) <= block_change


@dataclass(kw_only=True, slots=True)
class DuplicateFilter:
    """Keeps frames that show something new, and one at least every `keep_every_seconds`."""

    block_change: float
    keep_every_seconds: float
    skipped: int = 0
    _kept: NDArray[np.float32] | None = None
    _kept_at: float = field(default=0.0)

    def keeps(self, image: Image, timestamp: float) -> bool:
        """Judge the next frame; a frame that is kept becomes the one to compare with."""
        means = block_means(image)
        due = timestamp - self._kept_at >= self.keep_every_seconds
        if (
            self._kept is not None
            and not due
            and is_duplicate(means, self._kept, block_change=self.block_change)
        ):
            self.skipped += 1
            return False
        self._kept, self._kept_at = means, timestamp
        return True


def _luma(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    weights = np.array([0.299, 0.587, 0.114], dtype=np.float32)
    return (rgb @ weights).astype(np.float32)
