"""Pictures as a policy reads them: decoded, bounded in size, encoded once."""

import io
import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image as Picture
from PIL import UnidentifiedImageError

from vau_agent.agent.backends.base import Pictures
from vau_agent.errors import GenerationError
from vau_agent.schemas import FrameRef

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True, slots=True)
class EncodedPicture:
    """A picture in the policy's own terms."""

    key: str
    """Digest of the picture."""
    ids: tuple[int, ...]
    """Tokens that stand for it, placeholders and what surrounds them."""
    features: "torch.Tensor"
    """One row for each placeholder."""
    grid: "torch.Tensor | None" = None
    """Patches in time, height and width, for models whose positions follow the picture."""

    @property
    def bytes(self) -> int:
        """Memory that its features take."""
        return self.features.numel() * self.features.element_size()


class PictureStore:
    """Keeps encoded pictures, by digest; the one used longest ago goes first."""

    def __init__(
        self, encode: Callable[[Picture.Image, str], EncodedPicture], *, max_bytes: int
    ) -> None:
        self._encode = encode
        self._max_bytes = max_bytes
        self._kept: OrderedDict[str, EncodedPicture] = OrderedDict()
        self._bytes = 0
        self.encoded = 0
        """Pictures that went through the vision tower."""

    def get(self, frame: FrameRef, load: Callable[[FrameRef], Picture.Image]) -> EncodedPicture:
        """Give a frame's encoded picture; only a new one is loaded and encoded."""
        kept = self._kept.get(frame.sha256)
        if kept is not None:
            self._kept.move_to_end(frame.sha256)
            return kept
        picture = self._encode(load(frame), frame.sha256)
        self.encoded += 1
        self._keep(picture)
        return picture

    def clear(self) -> None:
        """Forget all pictures."""
        self._kept.clear()
        self._bytes = 0

    def _keep(self, picture: EncodedPicture) -> None:
        self._kept[picture.key] = picture
        self._bytes += picture.bytes
        while self._bytes > self._max_bytes:
            _, gone = self._kept.popitem(last=False)
            self._bytes -= gone.bytes


def load_picture(frame: FrameRef, pictures: Pictures, *, max_pixels: int) -> Picture.Image:
    """Decode a frame's picture, scaled down where it is larger than `max_pixels`.

    Raises:
        GenerationError: It is no picture.
    """
    try:
        picture = Picture.open(io.BytesIO(pictures(frame))).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError) as error:
        raise GenerationError(
            f"the picture of frame {frame.frame_id} cannot be read: {error}; "
            "analyse the video again"
        ) from error
    return scale_down(picture, max_pixels=max_pixels)


def scale_down(picture: Picture.Image, *, max_pixels: int) -> Picture.Image:
    """Give the picture with at most `max_pixels`, its shape kept; a small one as it is."""
    if picture.width * picture.height <= max_pixels:
        return picture
    scale = math.sqrt(max_pixels / (picture.width * picture.height))
    size = (max(1, int(picture.width * scale)), max(1, int(picture.height * scale)))
    return picture.resize(size, Picture.Resampling.BICUBIC)
