"""A scene: what is drawn at which time, and what truly happens in it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from vau_agent.schemas import Box, Segment
from vau_agent.tools.video.base import Image
from vau_agent.tools.video.scenes.canvas import Canvas

NOISE_FRAMES: Final = 4
"""Height of the stored noise in pictures; each frame starts at another row of it."""

Effect = Callable[[Image, float], Image]
"""Changes a whole picture: light, weather, a camera that moves."""


class Actor(Protocol):
    """Something that stands before the background."""

    def draw(self, canvas: Canvas, t: float) -> None:
        """Draw itself as it is at `t` seconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SceneEvent:
    """What truly happens: which category, when, and where in the picture."""

    category: str
    """One of `schemas.CATEGORIES`."""
    segment: Segment
    box: Box


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """What a kind of scene puts before the camera."""

    actors: tuple[Actor, ...] = ()
    """Far ones first."""
    effects: tuple[Effect, ...] = ()
    events: tuple[SceneEvent, ...] = ()
    cut_at: float | None = None
    """When the recording changes to another camera, in seconds."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One video that is computed instead of read; the same seed gives the same pixels."""

    name: str
    size: tuple[int, int]
    """Width and height."""
    fps: float
    duration_s: float
    seed: int
    script: Script = field(repr=False)
    backgrounds: tuple[Image, ...] = field(repr=False)
    """One per camera."""
    horizon: float
    """Height of the horizon as a share of the picture, from the top."""
    noise: NDArray[np.int16] = field(repr=False)
    clock: bool = False

    @property
    def events(self) -> tuple[SceneEvent, ...]:
        """What truly happens, in time order; empty in a normal scene."""
        return self.script.events

    @property
    def frame_count(self) -> int:
        """Frames at the constant rate `fps`."""
        return max(1, round(self.duration_s * self.fps))

    def draw(self, t: float) -> Image:
        """Draw the picture at `t` seconds; the last one stays after the end."""
        cut = self.script.cut_at
        background = self.backgrounds[0 if cut is None or t < cut else -1]
        picture = Pillow.fromarray(background)
        canvas = Canvas(picture, horizon=self.horizon)
        for actor in self.script.actors:
            actor.draw(canvas, t)
        image: Image = np.asarray(picture)
        for effect in self.script.effects:
            image = effect(image, t)
        image = self._with_noise(image, t)
        return _with_clock(image, t) if self.clock else image

    def _with_noise(self, image: Image, t: float) -> Image:
        """Add sensor noise, drawn anew for each frame."""
        rng = np.random.default_rng((self.seed, round(t * 1000)))
        row = int(rng.integers(0, len(self.noise) - len(image)))
        noisy = image + self.noise[row : row + len(image)]
        clipped: Image = np.clip(noisy, 0, 255).astype(np.uint8)
        return clipped


def build_noise(
    size: tuple[int, int], *, strength: float, rng: np.random.Generator
) -> NDArray[np.int16]:
    """Draw a tall field of noise to cut each frame's from; `strength` in grey levels."""
    width, height = size
    levels = rng.standard_normal((NOISE_FRAMES * height + 1, width, 3), dtype=np.float32)
    noise: NDArray[np.int16] = np.rint(levels * strength).astype(np.int16)
    return noise


def _with_clock(image: Image, t: float) -> Image:
    picture = Pillow.fromarray(image)
    Canvas(picture, horizon=0).text(f"CAM 1  {int(t) // 60:02d}:{t % 60:04.1f}")
    return np.asarray(picture)
