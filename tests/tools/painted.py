"""A reader over plain coloured pictures, for tests of what looks at colours only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from tests.tools.keeping import COLOURS
from vau_agent.schemas import Segment, VideoInfo
from vau_agent.tools.video.base import Frame, PacketIndex, VideoReader

TIME_BASE = Fraction(1, 1000)


@dataclass(kw_only=True)
class Painted(VideoReader):
    """One colour a second, or for longer: the last one that was set stays."""

    duration_s: float
    colours: dict[float, str] = field(default_factory=lambda: {0.0: "grey"})
    fps: float = 10.0
    keyframe_seconds: float = 2.0
    sha256: str = "a" * 64
    decoded: int = 0

    @property
    def info(self) -> VideoInfo:
        return VideoInfo(
            sha256=self.sha256,
            bytes=1,
            container="painted",
            codec="rawvideo",
            width=64,
            height=48,
            duration_s=self.duration_s,
            frame_rate_mode="constant",
            average_fps=self.fps,
            frame_count=round(self.duration_s * self.fps),
            keyframe_count=1 + int(self.duration_s / self.keyframe_seconds),
        )

    def packet_index(self) -> PacketIndex:
        times = np.arange(round(self.duration_s * self.fps)) / self.fps
        return PacketIndex(
            timestamps=times,
            pts=np.rint(times * 1000).astype(np.int64),
            sizes=np.full(len(times), 100, dtype=np.int64),
            keys=np.isclose(times % self.keyframe_seconds, 0, atol=0.5 / self.fps),
            time_base=TIME_BASE,
        )

    def keyframes(self, *, longest_side: int | None = None) -> Iterator[Frame]:
        for number in range(int(np.ceil(self.duration_s / self.keyframe_seconds))):
            yield self._frame(number * self.keyframe_seconds)

    def frames(
        self,
        segment: Segment | None = None,
        *,
        fps: float | None = None,
        longest_side: int | None = None,
    ) -> Iterator[Frame]:
        start, end = (segment.start, segment.end) if segment else (0.0, self.duration_s)
        rate = min(fps or self.fps, self.fps)
        for number in range(int(np.ceil((end - start) * rate - 1e-6))):
            yield self._frame(start + number / rate)

    def frames_at(
        self, timestamps: Sequence[float], *, longest_side: int | None = None
    ) -> Iterator[Frame]:
        for timestamp in timestamps:
            yield self._frame(timestamp)

    def close(self) -> None: ...

    def _frame(self, timestamp: float) -> Frame:
        self.decoded += 1
        name = [colour for at, colour in self.colours.items() if at <= timestamp + 1e-6][-1]
        image = np.full((48, 64, 3), COLOURS[name], dtype=np.uint8)
        pts = round(timestamp * 1000)
        return Frame(timestamp=timestamp, pts=pts, time_base=TIME_BASE, image=image)
