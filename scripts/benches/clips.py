"""Clips that the benches measure on: made here, kept for the next run."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image as Pillow

from vau_agent.tools.video.base import Image
from vau_agent.tools.video.encode import write_images

ENCODER: Final = {"preset": "medium", "sc_threshold": "0"}
SIZE: Final = (640, 360)
FPS: Final = 25.0
BITS: Final = 12
"""Bars in the code of a frame number."""


def surveillance_clip(folder: Path, *, kind: str, gop: int, seconds: int) -> Path:
    """Make a 640x360 H.264 clip of whole minutes, or of less than one.

    Args:
        folder: Where it is kept.
        kind: `busy` pans over noise; `cctv` stands still, and something moves 10 % of the time.
        gop: Frames from keyframe to keyframe.
        seconds: Length.
    """
    part = min(60, seconds)
    minute = folder / f"{kind}-gop{gop}-{part}s.mp4"
    if not minute.exists():
        images = _busy(part) if kind == "busy" else _cctv(part)
        write_images(images, minute, size=SIZE, fps=FPS, gop=gop, options=ENCODER)
    return looped(minute, times=seconds // part)


def looped(clip: Path, *, times: int) -> Path:
    """Repeat a clip's packets, without decoding."""
    if times == 1:
        return clip
    path = clip.with_stem(f"{clip.stem}-x{times}")
    if not path.exists():
        partial = path.with_stem(f".{path.stem}")
        loop = ["-stream_loop", str(times - 1), "-i", str(clip), "-c", "copy", str(partial)]
        run_ffmpeg(*loop)
        partial.replace(path)
    return path


def run_ffmpeg(*arguments: str) -> None:
    """Run the ffmpeg program, quietly."""
    subprocess.run(["ffmpeg", "-y", "-v", "error", "-nostdin", *arguments], check=True)


def numbered_images(count: int) -> Iterator[Image]:
    """Draw pictures whose own number is a bar code along the top."""
    rng = np.random.default_rng(1)
    scenery = _texture(320 + 2 * count, 240, rng)
    for number in range(count):
        image = scenery[:, 2 * number : 2 * number + 320].copy()
        for bit in range(BITS):
            image[8:40, 16 + 24 * bit : 36 + 24 * bit] = 235 if number >> bit & 1 else 16
        yield image


def read_number(image: Image) -> int:
    """Read the bar code of a picture of `numbered_images`."""
    centres = [26 + 24 * bit for bit in range(BITS)]
    return sum(
        int(image[16:32, x - 4 : x + 4].mean() > 125) << bit for bit, x in enumerate(centres)
    )


def _busy(seconds: int) -> Iterator[Image]:
    rng = np.random.default_rng(2)
    scenery = _texture(1280, 360, rng)
    for number in range(round(seconds * FPS)):
        left = int(320 + 300 * np.sin(2 * np.pi * number / (20 * FPS)))
        yield _noisy(scenery[:, left : left + 640], rng)


def _cctv(seconds: int) -> Iterator[Image]:
    rng = np.random.default_rng(3)
    scenery = _texture(640, 360, rng)
    count = round(seconds * FPS)
    moving = count // 10
    for number in range(count):
        image = scenery.copy()
        since = number - count // 2
        if 0 <= since < moving:
            left = round(600 * since / moving)
            image[180:280, left : left + 40] = (180, 60, 50)
        yield _noisy(image, rng)


def _texture(width: int, height: int, rng: np.random.Generator) -> Image:
    coarse = rng.integers(40, 200, (height // 12, width // 12, 3), dtype=np.uint8)
    enlarged = Pillow.fromarray(coarse).resize((width, height), Pillow.Resampling.BICUBIC)
    return np.asarray(enlarged)


def _noisy(image: Image, rng: np.random.Generator) -> Image:
    noise = rng.standard_normal(image.shape[:2], dtype=np.float32) * 4
    noisy: Image = np.clip(image + noise[..., None], 0, 255).astype(np.uint8)
    return noisy
