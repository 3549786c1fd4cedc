"""Pictures as a policy reads them: decoded, bounded in size, encoded once."""

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image as Picture

from vau_agent.agent.backends.base import Pictures
from vau_agent.agent.backends.pictures import decode_picture, picture_key
from vau_agent.schemas import FrameRef

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True, slots=True)
class EncodedPicture:
    """A picture in the policy's own terms."""

    key: str
    """Tells it from every other (`picture_key`)."""
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
    """Keeps encoded pictures, by key; the one used longest ago goes first."""

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
        key = picture_key(frame)
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
            return kept
        picture = self._encode(load(frame), key)
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
    picture = decode_picture(frame, pictures(frame))
    return scale_down(picture, max_pixels=max_pixels)


def scale_down(picture: Picture.Image, *, max_pixels: int) -> Picture.Image:
    """Give the picture with at most `max_pixels`, its shape kept; a small one as it is."""
    if picture.width * picture.height <= max_pixels:
        return picture
    scale = math.sqrt(max_pixels / (picture.width * picture.height))
    size = (max(1, int(picture.width * scale)), max(1, int(picture.height * scale)))
    return picture.resize(size, Picture.Resampling.BICUBIC)
