"""Keeping the frames that a policy is shown: pictures go to the blob store, references go on."""

import io
from collections.abc import Iterable

from PIL import Image as Picture

from vau_agent.memory.blobs import BlobStore
from vau_agent.schemas import Box, FrameRef
from vau_agent.tools.video.base import Frame, Image, cut_out

_JPEG_QUALITY = 85


class FrameKeeper:
    """Stores frames as JPEG blobs and numbers them; a frame seen before keeps its id."""

    def __init__(self, blobs: BlobStore, *, known: Iterable[FrameRef], next_number: int) -> None:
        self._blobs = blobs
        self._known = {(frame.pts, frame.crop): frame for frame in known}
        self.next_number = next_number
        """Number of the next new frame."""

    def keep(self, frame: Frame, *, crop: Box | None = None) -> FrameRef:
        """Store one frame, or the part of it that `crop` names; give its reference."""
        place = (frame.pts, crop)
        if place in self._known:
            return self._known[place]
        image = frame.image if crop is None else cut_out(frame.image, crop)
        kept = FrameRef(
            frame_id=f"f{self.next_number}",
            timestamp=frame.timestamp,
            pts=frame.pts,
            sha256=self._blobs.put(_jpeg(image)),
            crop=crop,
        )
        self.next_number += 1
        self._known[place] = kept
        return kept


def _jpeg(image: Image) -> bytes:
    buffer = io.BytesIO()
    Picture.fromarray(image).save(buffer, format="JPEG", quality=_JPEG_QUALITY)
    return buffer.getvalue()
