"""Keeping the frames that a policy is shown: pictures go to the blob store, references go on."""

import io
from collections.abc import Iterable, Sequence

from PIL import Image as Picture

from vau_agent.memory.blobs import BlobStore
from vau_agent.motion import MOTION_SECONDS
from vau_agent.schemas import Box, FrameRef
from vau_agent.tools.video.base import Frame, Image, VideoReader, cut_out

_JPEG_QUALITY = 85


class FrameKeeper:
    """Stores frames as JPEG blobs and numbers them; a frame seen before keeps its id."""

    def __init__(
        self,
        blobs: BlobStore,
        *,
        known: Iterable[FrameRef],
        next_number: int,
        motion: VideoReader | None = None,
    ) -> None:
        self._blobs = blobs
        self._known = {(frame.pts, frame.crop): frame for frame in known}
        self._motion = motion
        """Reads what a policy that looks at motion is shown besides: each view a moment before."""
        self.next_number = next_number
        """Number of the next new frame."""

    def keep(self, frames: Iterable[Frame], *, crop: Box | None = None) -> tuple[FrameRef, ...]:
        """Store frames, or the part of each that `crop` names; give each one's reference once.

        Args:
            frames: Of one size; read to their end before anything else is read of the video.
            crop: The part to keep; all of it when `None`.

        Raises:
            VideoDecodeError: One could not be decoded.
        """
        places: list[tuple[int, Box | None]] = []
        new: list[FrameRef] = []
        size = (0, 0)
        for frame in frames:
            place = (frame.pts, crop)
            places.append(place)
            if place not in self._known:
                size = (frame.image.shape[0], frame.image.shape[1])
                self._known[place] = self._store(frame, crop)
                new.append(self._known[place])
        for kept in self._with_motion(new, size):
            self._known[(kept.pts, kept.crop)] = kept
        return tuple(self._known[place] for place in dict.fromkeys(places))

    def _store(self, frame: Frame, crop: Box | None) -> FrameRef:
        stored = FrameRef(
            frame_id=f"f{self.next_number}",
            timestamp=frame.timestamp,
            pts=frame.pts,
            sha256=self._put(frame, crop),
            crop=crop,
        )
        self.next_number += 1
        return stored

    def _with_motion(self, new: Sequence[FrameRef], size: tuple[int, int]) -> list[FrameRef]:
        """Add the same views a moment before, all read in one go; the first moments have none."""
        moving = sorted(
            (one for one in new if one.timestamp >= MOTION_SECONDS), key=lambda one: one.timestamp
        )
        if self._motion is None or not moving:
            return []
        times = [one.timestamp - MOTION_SECONDS for one in moving]
        before = self._motion.frames_at(times, longest_side=max(size))
        return [
            one.model_copy(update={"before": self._put(frame, one.crop)})
            for one, frame in zip(moving, before, strict=True)
            if frame.image.shape[:2] == size
        ]

    def _put(self, frame: Frame, crop: Box | None) -> str:
        return self._blobs.put(_jpeg(frame.image if crop is None else cut_out(frame.image, crop)))


def _jpeg(image: Image) -> bytes:
    buffer = io.BytesIO()
    Picture.fromarray(image).save(buffer, format="JPEG", quality=_JPEG_QUALITY)
    return buffer.getvalue()
