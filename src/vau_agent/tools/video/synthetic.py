"""A reader over a computed scene: real pictures at real times, and no file."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Final

import numpy as np
from PIL import Image as Pillow

from vau_agent.schemas import Segment, VideoInfo
from vau_agent.tools.video.base import Frame, Image, PacketIndex, VideoReader
from vau_agent.tools.video.pictures import scaled_size
from vau_agent.tools.video.scenes.scene import Scene
from vau_agent.tools.video.timeline import Ticks, Timeline
from vau_agent.tools.video.times import check_times

TIME_BASE: Final = Fraction(1, 90_000)


@dataclass(frozen=True, kw_only=True)
class SyntheticReader(VideoReader):
    """Reads a scene as `VideoReader` reads a file."""

    scene: Scene
    given_timestamps: tuple[float, ...] | None = None
    """Ascending presentation times of a variable frame rate; constant when `None`."""
    gop: int = 50
    """Frames from one keyframe to the next."""

    @cached_property
    def _timeline(self) -> Timeline:
        times: Sequence[float] | None = self.given_timestamps
        if times is None:
            times = [number / self.scene.fps for number in range(self.scene.frame_count)]
        pts = np.rint(np.asarray(times) / float(TIME_BASE)).astype(np.int64)
        keys = pts[:: self.gop]
        mean_step = (pts[-1] - pts[0]) / (len(pts) - 1) if len(pts) > 1 else 0.0
        step = round(mean_step) or round(1 / (self.scene.fps * TIME_BASE))
        return Timeline(
            pts=pts,
            key_pts=keys,
            key_dts=keys,
            time_base=TIME_BASE,
            end_pts=int(pts[-1]) + step,
        )

    @cached_property
    def info(self) -> VideoInfo:
        """What a probe of a file would tell."""
        scene, timeline = self.scene, self._timeline
        identity = repr((scene.name, scene.size, scene.clock, timeline.pts.tolist()))
        return VideoInfo(
            sha256=hashlib.sha256(identity.encode()).hexdigest(),
            bytes=0,
            container="synthetic",
            codec="rawvideo",
            width=scene.size[0],
            height=scene.size[1],
            duration_s=timeline.duration,
            frame_rate_mode=self.packet_index().frame_rate_mode,
            average_fps=len(timeline.pts) / timeline.duration,
            frame_count=len(timeline.pts),
            keyframe_count=len(timeline.key_pts),
        )

    def packet_index(self) -> PacketIndex:
        """Give one packet per frame, each as large as its raw picture."""
        pts = self._timeline.pts
        width, height = self.scene.size
        return PacketIndex(
            timestamps=self._timeline.all_seconds(),
            pts=pts,
            sizes=np.full(len(pts), width * height * 3, dtype=np.int64),
            keys=np.arange(len(pts)) % self.gop == 0,
            time_base=TIME_BASE,
        )

    def keyframes(self, *, longest_side: int | None = None) -> Iterator[Frame]:
        """Draw every frame that starts a group."""
        return self._frames(self._timeline.key_pts, longest_side)

    def frames(
        self,
        segment: Segment | None = None,
        *,
        fps: float | None = None,
        longest_side: int | None = None,
    ) -> Iterator[Frame]:
        """Draw a segment in time order, at most `fps` frames a second."""
        timeline = self._timeline
        start, end = (segment.start, segment.end) if segment else (0.0, timeline.duration)
        if fps is None:
            return self._frames(timeline.between(start, end), longest_side)
        return self._frames(timeline.sampled(start, end, fps=fps), longest_side)

    def frames_at(
        self, timestamps: Sequence[float], *, longest_side: int | None = None
    ) -> Iterator[Frame]:
        """Give, for each timestamp in ascending order, the frame shown at that time."""
        check_times(timestamps, duration=self.info.duration_s, name=self.scene.name)
        return self._frames(self._timeline.shown_at(timestamps), longest_side)

    def close(self) -> None:
        """Do nothing: there is neither file nor child."""

    def _frames(self, wanted: Ticks, longest_side: int | None) -> Iterator[Frame]:
        timeline = self._timeline
        for pts in wanted.tolist():
            time = timeline.seconds(pts)
            yield Frame(
                timestamp=time,
                pts=pts,
                time_base=TIME_BASE,
                image=_shrink(self.scene.draw(time), longest_side),
                is_key=bool(np.isin(pts, timeline.key_pts)),
            )


def _shrink(image: Image, longest_side: int | None) -> Image:
    height, width = image.shape[:2]
    size = scaled_size(width, height, longest_side)
    if size == (width, height):
        return image
    return np.asarray(Pillow.fromarray(image).resize(size, Pillow.Resampling.BOX))
