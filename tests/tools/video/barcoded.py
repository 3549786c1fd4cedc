"""Video files whose pictures carry their own number, so that exactness is read from pixels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vau_agent.tools.video.base import Image

BITS: Final = 10
WIDTH: Final = 160
HEIGHT: Final = 96
FPS: Final = 25
COUNT: Final = 100


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How one file is made, and what a right reader finds in it."""

    name: str
    suffix: str
    codec: str = "libx264"
    pixels: str = "yuv420p"
    size: tuple[int, int] = (WIDTH, HEIGHT)
    count: int = COUNT
    gop: int = 25
    options: Mapping[str, str] = field(default_factory=dict)
    times: Sequence[float] | None = None
    """Presentation times; evenly `FPS` a second when `None`."""
    cut_seconds: float = 0
    """What an edit list hides at the start."""
    rotation: int = 0
    """Anticlockwise degrees written into the display matrix."""
    extra_stream: str = ""
    decord_is_right: bool = True

    @property
    def first(self) -> int:
        """Number of the first picture shown."""
        return round(self.cut_seconds * FPS)

    @property
    def shown(self) -> dict[float, int]:
        """Number of each picture shown by its time from the start."""
        times = self.times or [number / FPS for number in range(self.count)]
        return {
            times[number] - times[self.first]: number for number in range(self.first, self.count)
        }


def uneven_times(count: int) -> list[float]:
    """Times of a camera that slows down and speeds up."""
    steps = [0.02 + 0.13 * (number % 7 == 3) + 0.05 * (number % 5 == 0) for number in range(count)]
    return [round(float(time), 3) for time in np.cumsum(steps) - steps[0]]


_B_FRAMES: Final = {"bf": "3", "preset": "veryfast", "x264-params": "scenecut=0:open-gop=0"}
_OPEN: Final = {"bf": "3", "preset": "veryfast", "x264-params": "scenecut=0:open-gop=1:b-adapt=0"}
_X265: Final = {
    "preset": "ultrafast",
    "x265-params": (
        "open-gop=1:bframes=3:b-adapt=0:scenecut=0:keyint=25:min-keyint=25:log-level=none"
    ),
}

KINDS: Final[tuple[Kind, ...]] = (
    Kind(name="h264-closed-gop", suffix=".mp4", options=_B_FRAMES),
    Kind(name="h264-open-gop", suffix=".mp4", options=_OPEN, decord_is_right=False),
    Kind(name="h264-vfr", suffix=".mkv", options=_B_FRAMES, times=uneven_times(COUNT)),
    Kind(
        name="mpeg4-avi",
        suffix=".avi",
        codec="mpeg4",
        options={"bf": "2", "q": "2"},
        decord_is_right=False,
    ),
    Kind(
        name="hevc-open-gop", suffix=".mp4", codec="libx265", options=_X265, decord_is_right=False
    ),
    Kind(name="mpeg-ts", suffix=".ts", options=_OPEN, decord_is_right=False),
    Kind(
        name="edit-list", suffix=".mp4", options=_B_FRAMES, cut_seconds=1.4, decord_is_right=False
    ),
    Kind(name="rotated-90", suffix=".mp4", options=_B_FRAMES, rotation=90),
    Kind(name="rotated-180", suffix=".mp4", options=_B_FRAMES, rotation=180),
    Kind(name="rotated-270", suffix=".mp4", options=_B_FRAMES, rotation=-90),
    Kind(name="ten-bit", suffix=".mkv", options=_B_FRAMES, pixels="yuv420p10le"),
    Kind(name="odd-size", suffix=".mkv", pixels="yuv444p", size=(161, 97), options=_B_FRAMES),
    Kind(name="one-frame", suffix=".mp4", count=1),
    Kind(name="one-gop", suffix=".mp4", gop=1000, options=_B_FRAMES),
    Kind(name="all-intra", suffix=".avi", codec="mjpeg", pixels="yuvj420p", options={"q": "2"}),
    Kind(name="vp9", suffix=".webm", codec="libvpx-vp9", options={"cpu-used": "8", "crf": "20"}),
    Kind(name="alpha", suffix=".mov", codec="prores_ks", pixels="yuva444p10le", count=20),
    Kind(name="flv", suffix=".flv", options=_B_FRAMES, decord_is_right=False),
    Kind(
        name="slow",
        suffix=".mp4",
        options=_B_FRAMES,
        count=30,
        times=[number * 4.0 for number in range(30)],
    ),
    Kind(
        name="larger-than-the-read-buffer",
        suffix=".avi",
        codec="rawvideo",
        decord_is_right=False,
    ),
    Kind(name="two-streams", suffix=".mkv", options=_B_FRAMES, extra_stream="video"),
    Kind(name="cover-art", suffix=".mp4", options=_B_FRAMES, extra_stream="cover"),
)
"""Every kind of file that a reader must get exactly right."""


def encode(kind: Kind, folder: Path) -> Path:
    """Write the file of one kind."""
    path = folder / f"{kind.name}{kind.suffix}"
    with av.open(str(path), "w", container_options=_mux_options(kind)) as container:
        stream = container.add_stream(kind.codec, rate=FPS, options=dict(kind.options))
        assert isinstance(stream, VideoStream)
        _set_up(stream, kind)
        extra = _add_extra(container, kind)
        cut = round(kind.cut_seconds / stream.codec_context.time_base)
        for frame in [*_frames(kind, stream.codec_context.time_base), None]:
            for packet in stream.encode(frame):
                assert packet.pts is not None and packet.dts is not None
                packet.pts -= cut
                packet.dts -= cut
                container.mux(packet)
        for packet in extra:
            container.mux(packet)
    return path


def _mux_options(kind: Kind) -> dict[str, str]:
    if not kind.cut_seconds:
        return {}
    return {"use_editlist": "1", "avoid_negative_ts": "disabled"}


def _set_up(stream: VideoStream, kind: Kind) -> None:
    stream.width, stream.height = kind.size
    stream.pix_fmt = kind.pixels
    stream.gop_size = kind.gop
    stream.codec_context.time_base = Fraction(1, FPS if kind.times is None else 1000)
    if kind.rotation:
        stream.set_display_rotation(kind.rotation)


def _frames(kind: Kind, time_base: Fraction) -> Iterator[VideoFrame]:
    times = kind.times or [number / FPS for number in range(kind.count)]
    for number in range(kind.count):
        upright = draw(number, kind.size if kind.rotation % 180 == 0 else kind.size[::-1])
        recorded = np.ascontiguousarray(np.rot90(upright, -kind.rotation // 90))
        frame = VideoFrame.from_ndarray(recorded, format="rgb24")
        frame.pts = round(times[number] / time_base)
        frame.time_base = time_base
        yield frame


def _add_extra(container: OutputContainer, kind: Kind) -> list[Packet[Stream]]:
    """Add a second video stream, smaller than the first, or a cover picture."""
    if not kind.extra_stream:
        return []
    is_cover = kind.extra_stream == "cover"
    stream = container.add_stream("mjpeg" if is_cover else "libx264", rate=FPS)
    assert isinstance(stream, VideoStream)
    stream.width, stream.height = (320, 200) if is_cover else (80, 48)
    stream.pix_fmt = "yuvj420p" if is_cover else "yuv420p"
    stream.disposition = Disposition.attached_pic if is_cover else Disposition(0)
    packets: list[Packet[Stream]] = []
    for number in range(1 if is_cover else 10):
        frame = VideoFrame.from_ndarray(draw(number, (stream.width, stream.height)), format="rgb24")
        frame.pts = number
        packets += stream.encode(frame)
    return packets + stream.encode(None)


def draw(number: int, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Image:
    """Draw a number as black and white bars, lowest bit left; the top is a marker strip."""
    width, height = size
    image = np.zeros((height, width, 3), dtype=np.uint8)
    for bit in range(BITS):
        left, right = width * bit // BITS, width * (bit + 1) // BITS
        image[height // 4 :, left:right] = 255 * (number >> bit & 1)
    image[: height // 4] = 128
    return image


def read(image: Image) -> int:
    """Read the number from a picture of any size that is the right way up."""
    height, width = image.shape[:2]
    number = 0
    for bit in range(BITS):
        left, right = width * (bit + 0.3) / BITS, width * (bit + 0.7) / BITS
        bar = image[int(height * 0.5) : int(height * 0.8) + 1, int(left) : int(right) + 1]
        number |= int(bar.mean() > 127) << bit
    return number
