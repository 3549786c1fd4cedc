"""The viewing copy of a segment: H.264 that plays anywhere, each frame with its time.

The time stands in a band above the picture, at its top left, so that it hides nothing. The frame
on screen at the start of the range comes first, whenever it began, and the copy is exactly as long
as the range. It is made for looking at; the source and the stream copy are the evidence.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np
from av.video.reformatter import Colorspace as SwsColorspace
from av.video.stream import VideoStream
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont

from vau_agent.schemas import Segment
from vau_agent.tools.video.base import Frame, Image, VideoReader
from vau_agent.tools.video.refusals import refusal

TIME_BASE: Final = Fraction(1, 90_000)
_BT709: Final = 1
_LIMITED_RANGE: Final = 1
_OPTIONS: Final = {"preset": "veryfast", "crf": "18", "bf": "0"}
_FONT_SIZES: Final = (12, 28)
_LINES_PER_PICTURE: Final = 28
"""How often the text's height fits into the picture's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """What a viewing copy turned out to hold."""

    segment: Segment
    frames: int


def write_viewing_copy(
    reader: VideoReader,
    segment: Segment,
    path: Path,
    *,
    stamp: Callable[[float], str],
    longest_side: int,
) -> Written:
    """Encode exactly `segment`, which must begin inside the video, to the MP4 file `path`.

    Args:
        reader: The video.
        segment: The range, in seconds.
        path: Where to; an existing file is replaced.
        stamp: Writes a time as text.
        longest_side: Larger pictures are scaled down to this.

    Raises:
        VideoDecodeError: Decoding failed.
    """
    whole = Segment(start=segment.start, end=min(segment.end, reader.info.duration_s))
    frames = _shown(reader, whole, longest_side=longest_side)
    first = next(frames, None)
    if first is None:
        raise refusal("no-frames", path.stem)
    band = _Band(first.image.shape[1], first.image.shape[0], stamp)
    with av.open(
        str(path), "w", format="mp4", options={"movflags": "+faststart", "fflags": "+bitexact"}
    ) as container:
        pictures = ((band.over(frame), frame) for frame in _again(first, frames))
        count = _encode(container, pictures, whole, fps=reader.info.average_fps)
    return Written(segment=whole, frames=count)


def _shown(reader: VideoReader, segment: Segment, *, longest_side: int) -> Iterator[Frame]:
    """Give the frame on screen at the start, then every frame that begins inside."""
    last: int | None = None
    for frame in reader.frames_at((segment.start,), longest_side=longest_side):
        last = frame.pts
        yield frame
    for frame in reader.frames(segment, longest_side=longest_side):
        if last is None or frame.pts > last:
            yield frame


def _again(first: Frame, others: Iterable[Frame]) -> Iterator[Frame]:
    yield first
    yield from others


def _encode(
    container: av.container.OutputContainer,
    pictures: Iterable[tuple[Image, Frame]],
    segment: Segment,
    *,
    fps: float,
) -> int:
    end = round(segment.duration / TIME_BASE)
    stream: VideoStream | None = None
    starts: list[int] = []
    waiting: list[av.Packet[VideoStream]] = []
    for image, frame in pictures:
        start = round(max(0.0, frame.timestamp - segment.start) / TIME_BASE)
        if starts and start <= starts[-1]:
            continue
        if stream is None:
            stream = _open_stream(container, image, fps=fps)
        starts.append(start)
        waiting += stream.encode(_picture(image, start))
    if stream is not None:
        waiting += stream.encode(None)
    # Without B-frames packets leave in the order of their pictures; each lasts until the next.
    for packet, until in zip(waiting, [*starts[1:], end], strict=True):
        packet.duration = max(1, until - (packet.pts or 0))
        container.mux(packet)
    return len(starts)


def _open_stream(
    container: av.container.OutputContainer, image: Image, *, fps: float
) -> VideoStream:
    rate = Fraction(min(max(fps, 1.0), 240.0)).limit_denominator(1001)
    stream = container.add_stream("libx264", rate=rate, options=dict(_OPTIONS))
    context = stream.codec_context
    stream.height, stream.width = image.shape[:2]
    stream.pix_fmt = "yuv420p"
    stream.time_base = context.time_base = TIME_BASE
    context.gop_size = max(1, round(rate))
    context.thread_count = 2
    context.color_primaries = context.color_trc = context.colorspace = _BT709
    context.color_range = _LIMITED_RANGE
    return stream


def _picture(image: Image, start: int) -> av.VideoFrame:
    picture = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(
        format="yuv420p", dst_colorspace=SwsColorspace.ITU709
    )
    picture.pts, picture.time_base = start, TIME_BASE
    return picture


class _Band:
    """Writes the time above pictures and makes their sides even, as yuv420p needs."""

    def __init__(self, width: int, height: int, stamp: Callable[[float], str]) -> None:
        self._stamp = stamp
        self._size = (width, height)
        low, high = _FONT_SIZES
        size = min(max(height // _LINES_PER_PICTURE, low), high)
        self._font = ImageFont.load_default(size)
        self._height = 2 * ((size * 3 // 2 + height % 2 + 1) // 2) - height % 2

    def over(self, frame: Frame) -> Image:
        """Give the picture with its time above it; a change of size is scaled away."""
        picture = frame.image
        if picture.shape[1::-1] != self._size:
            picture = np.asarray(Pictures.fromarray(picture).resize(self._size), dtype=np.uint8)
        band = Pictures.new("RGB", (self._size[0], self._height))
        draw = ImageDraw.Draw(band)
        draw.text((4, self._height / 2), self._text(frame), "white", self._font, anchor="lm")
        stacked = np.vstack([np.asarray(band, dtype=np.uint8), picture])
        return np.pad(stacked, ((0, 0), (0, self._size[0] % 2), (0, 0)), mode="edge")

    def _text(self, frame: Frame) -> str:
        time = self._stamp(frame.timestamp)
        for text in (f"{time}   pts {frame.pts}   viewing copy", f"{time}   pts {frame.pts}"):
            if self._font.getlength(text) <= self._size[0] - 8:
                return text
        return time
