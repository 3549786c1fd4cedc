"""Keeping the frames that a policy is shown: pictures go to the blob store, references go on."""

import io
from collections.abc import Iterable

from PIL import Image as Picture

from vau_agent.memory.blobs import BlobStore
from vau_agent.schemas import FrameRef
from vau_agent.tools.video.base import Frame

_JPEG_QUALITY = 85


class FrameKeeper:
    """Stores frames as JPEG blobs and numbers them; a frame seen before keeps its id."""

    def __init__(self, blobs: BlobStore, *, known: Iterable[FrameRef], next_number: int) -> None:
        self._blobs = blobs
        self._by_pts = {frame.pts: frame for frame in known}
        self.next_number = next_number
        """Number of the next new frame."""

    def keep(self, frame: Frame) -> FrameRef:
        """Store one frame; give its reference."""
        if frame.pts in self._by_pts:
            return self._by_pts[frame.pts]
        kept = FrameRef(
            frame_id=f"f{self.next_number}",
            timestamp=frame.timestamp,
            pts=frame.pts,
            sha256=self._blobs.put(_jpeg(frame)),
        )
        self.next_number += 1
        self._by_pts[frame.pts] = kept
        return kept


def _jpeg(frame: Frame) -> bytes:
    buffer = io.BytesIO()
    Picture.fromarray(frame.image).save(buffer, format="JPEG", quality=_JPEG_QUALITY)
    return buffer.getvalue()
