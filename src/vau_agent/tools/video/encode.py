"""Writing video files: computed scenes for the demo, tests and measurements."""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Final, cast

import av
from av.video.stream import VideoStream

from vau_agent.tools.video.base import Image
from vau_agent.tools.video.scenes.scene import Scene

VARIABLE_TIME_BASE: Final = Fraction(1, 90_000)
"""Fine enough for any timestamp of a variable frame rate."""


def write_video(
    scene: Scene,
    path: Path,
    *,
    codec: str = "libx264",
    gop: int = 50,
    options: dict[str, str] | None = None,
    timestamps: Sequence[float] | None = None,
) -> None:
    """Draw a scene into a video file.

    Args:
        scene: What to draw.
        path: Where; the suffix chooses the container. An existing file is replaced at the end.
        codec: Name of an FFmpeg encoder.
        gop: Most frames between keyframes.
        options: Further options of the encoder.
        timestamps: Ascending presentation times of a variable frame rate; constant when `None`.
    """
    moments = timestamps
    if moments is None:
        moments = [number / scene.fps for number in range(scene.frame_count)]
    write_images(
        (scene.draw(moment) for moment in moments),
        path,
        size=scene.size,
        fps=scene.fps,
        codec=codec,
        gop=gop,
        options=options,
        timestamps=timestamps,
    )


def write_images(
    images: Iterable[Image],
    path: Path,
    *,
    size: tuple[int, int],
    fps: float,
    codec: str = "libx264",
    gop: int = 50,
    options: dict[str, str] | None = None,
    timestamps: Sequence[float] | None = None,
) -> None:
    """Encode pictures into a video file that appears under its name only once complete."""
    if av.Codec(codec, "w").type != "video":
        raise ValueError(f"{codec!r} is not a video encoder; 'libx264' is one")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}.{uuid.uuid4().hex}{path.suffix}")
    try:
        with av.open(str(partial), "w") as container:
            rate = Fraction(fps).limit_denominator(1001)
            added = container.add_stream(codec, rate=rate, options=_options(codec, options))
            stream = cast(VideoStream, added)  # the check above leaves no other kind of stream
            stream.width, stream.height = size
            stream.pix_fmt = "yuv420p"
            stream.gop_size = gop
            stream.time_base = 1 / rate if timestamps is None else VARIABLE_TIME_BASE
            stream.codec_context.time_base = stream.time_base
            for frame in _frames(images, timestamps, stream.time_base):
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _options(codec: str, given: dict[str, str] | None) -> dict[str, str]:
    """Prefer speed over size where the encoder knows presets."""
    preset = {"preset": "veryfast"} if codec in {"libx264", "libx265"} else {}
    return preset | (given or {})


def _frames(
    images: Iterable[Image], timestamps: Sequence[float] | None, time_base: Fraction
) -> Iterator[av.VideoFrame]:
    for number, image in enumerate(images):
        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        frame.time_base = time_base
        frame.pts = number if timestamps is None else round(timestamps[number] / time_base)
        yield frame
