"""Pictures as a model wants to be shown them: as they are, or with what moved in a channel."""

import io
from typing import Final

import numpy as np
from PIL import Image as Picture
from PIL import UnidentifiedImageError

from vau_agent.agent.backends.base import Pictures
from vau_agent.agent.profile import PictureKind
from vau_agent.errors import GenerationError
from vau_agent.motion import MOTION_SIDE, Image, pack_motion
from vau_agent.schemas import FrameRef

_FASTEST: Final = 1
"""Of PNG's levels: what is packed must not be lossy, and is read again at once."""


def shown_pictures(pictures: Pictures, kind: PictureKind) -> Pictures:
    """Give what loads a frame's picture as this kind; motion pictures come as PNG."""
    if kind == "plain":
        return pictures
    return lambda frame: _pack(frame, pictures)


def picture_key(frame: FrameRef) -> str:
    """Tell a frame's picture from every other, with what it is compared to."""
    return frame.sha256 if frame.before is None else f"{frame.sha256}-{frame.before}"


def decode_picture(frame: FrameRef, content: bytes) -> Picture.Image:
    """Read a picture's bytes.

    Raises:
        GenerationError: They are no picture.
    """
    try:
        return Picture.open(io.BytesIO(content)).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError) as error:
        raise GenerationError(
            f"the picture of frame {frame.frame_id} cannot be read: {error}; "
            "analyse the video again"
        ) from error


def _pack(frame: FrameRef, pictures: Pictures) -> bytes:
    picture = _load(frame, pictures)
    before = None
    if frame.before is not None:
        earlier = frame.model_copy(update={"sha256": frame.before, "before": None})
        before = _load(earlier, pictures)
    buffer = io.BytesIO()
    packed = Picture.fromarray(pack_motion(picture, before))
    packed.save(buffer, format="PNG", compress_level=_FASTEST)
    return buffer.getvalue()


def _load(frame: FrameRef, pictures: Pictures) -> Image:
    picture = decode_picture(frame, pictures(frame))
    picture.thumbnail((MOTION_SIDE, MOTION_SIDE), Picture.Resampling.BICUBIC)
    return np.asarray(picture)
