"""Effects: what changes the whole picture without anything happening in it, and flashes."""

import math

import numpy as np
from numpy.typing import NDArray

from vau_agent.tools.video.base import Image
from vau_agent.tools.video.scenes.scene import Effect


def light_switched_on(at: float, *, before: float) -> Effect:
    """Keep the picture dark, to share `before` of its brightness, until `at`."""
    table = np.rint(np.arange(256) * before).astype(np.uint8)
    return lambda image, t: image if t >= at else table[image]


def flash(at: float, *, seconds: float, strength: float) -> Effect:
    """Brighten everything at once by `strength` grey levels, fading away within `seconds`."""

    def effect(image: Image, t: float) -> Image:
        left = 1 - (t - at) / seconds
        if not 0 < left <= 1:
            return image
        brighter = image.astype(np.int16) + int(strength * left)
        clipped: Image = np.minimum(brighter, 255).astype(np.uint8)
        return clipped

    return effect


def headlights(at: float, *, seconds: float) -> Effect:
    """Sweep a soft pool of light from left to right."""

    def effect(image: Image, t: float) -> Image:
        done = (t - at) / seconds
        if not 0 <= done <= 1:
            return image
        height, width = image.shape[:2]
        across = np.exp(-(((np.arange(width) / width - 1.4 * done + 0.2) / 0.13) ** 2))
        down = np.exp(-(((np.arange(height) / height - 0.55) / 0.25) ** 2))
        glow = np.rint(95 * down[:, None] * across[None]).astype(np.int16)
        lit: Image = np.minimum(image + glow[..., None], 255).astype(np.uint8)
        return lit

    return effect


def rain(*, drops: int, seed: int) -> Effect:
    """Draw short bright streaks, others in each frame."""

    def effect(image: Image, t: float) -> Image:
        height, width = image.shape[:2]
        rng = np.random.default_rng((seed, round(t * 1000)))
        rows, columns = rng.integers(0, height - 9, drops), rng.integers(0, width - 3, drops)
        wet = image.copy()
        for step in range(9):
            place = (rows + step, columns + step // 4)
            wet[place] = wet[place] // 2 + 105
        return wet

    return effect


def shake(start: float, end: float, *, pixels: float) -> Effect:
    """Move the whole picture about, as a camera on a pole does in wind."""

    def offset(t: float) -> NDArray[np.int64]:
        waves = (math.sin(2 * math.pi * 2.3 * t), math.sin(2 * math.pi * 3.1 * t + 1))
        return np.rint(np.asarray(waves) * pixels).astype(np.int64)

    def effect(image: Image, t: float) -> Image:
        if not start <= t < end:
            return image
        down, right = offset(t)
        height, width = image.shape[:2]
        rows = np.clip(np.arange(height) + down, 0, height - 1)
        columns = np.clip(np.arange(width) + right, 0, width - 1)
        moved: Image = image[rows][:, columns]
        return moved

    return effect
