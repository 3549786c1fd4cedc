"""Pictures for conversations, made in the test."""

import hashlib
import io

import numpy as np
from PIL import Image as Picture

from vau_agent.schemas import FrameRef


class Album:
    """Pictures by their digest, and how often each was asked for."""

    def __init__(self) -> None:
        self.pictures: dict[str, bytes] = {}
        self.asked: list[str] = []
        self._random = np.random.default_rng(7)

    def add(self, *, width: int = 160, height: int = 90) -> FrameRef:
        """Draw a picture unlike any other."""
        pixels = self._random.integers(0, 255, (height // 10, width // 10, 3), dtype=np.uint8)
        buffer = io.BytesIO()
        Picture.fromarray(pixels).resize((width, height)).save(buffer, format="JPEG")
        return self.keep(buffer.getvalue())

    def keep(self, content: bytes) -> FrameRef:
        """Keep the bytes of a picture."""
        number = len(self.pictures) + 1
        digest = hashlib.sha256(content).hexdigest()
        self.pictures[digest] = content
        return FrameRef(frame_id=f"f{number}", timestamp=float(number), pts=number, sha256=digest)

    def load(self, frame: FrameRef) -> bytes:
        self.asked.append(frame.frame_id)
        return self.pictures[frame.sha256]
