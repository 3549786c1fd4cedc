"""Motion in a standard picture: what moved goes into a channel of an ordinary RGB image.

Any image model can see it, with no module of its own: red is luma, green is how red the scene is,
blue is how luma changed since the picture a moment before. The same definition is used in training,
in the agent, and wherever else a model of this kind is served.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""Height x width x 3, RGB."""

MOTION_SECONDS: Final = 0.3
"""From the picture before to the picture: about one step of a walking person."""
MOTION_SIDE: Final = 160
"""Pixels of the longer side of pictures before they are compared: what scenes of training are drawn
at, and coarse enough that a camera's noise is no motion."""
CHANGE_GAIN: Final = 1.5
"""How strongly a change of luma is drawn; twice the range would cut off half of all changes."""
_LUMA: Final = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_MIDDLE: Final = 128.0


def pack_motion(picture: Image, before: Image | None) -> Image:
    """Give (luma, redness, change) as one picture of the same size.

    Args:
        picture: As decoded.
        before: The same view `MOTION_SECONDS` earlier, same size; `None` where there is none, which
            is drawn as no change.

    Raises:
        ValueError: The two differ in size.
    """
    if before is not None and before.shape != picture.shape:
        raise ValueError(f"pictures of sizes {picture.shape[:2]} and {before.shape[:2]}")
    luma = picture.astype(np.float32) @ _LUMA
    change = np.zeros_like(luma) if before is None else luma - before.astype(np.float32) @ _LUMA
    redness = picture[..., 0].astype(np.float32) - luma
    packed = np.stack((luma, _MIDDLE + redness, _MIDDLE + CHANGE_GAIN * change), axis=-1)
    return np.clip(np.rint(packed), 0, 255).astype(np.uint8)
