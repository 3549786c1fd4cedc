"""Fire, smoke and sudden light, drawn over a canvas."""

import math
from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np

from vau_agent.motion import Image
from vau_agent.training.scenes.camera import NEAR, Array, Camera
from vau_agent.training.scenes.shapes import Colour, Flame, Flash, Point, Smoke

_TONGUES: Final = 7
_HEAT: Final[tuple[tuple[float, Colour], ...]] = (
    (1.0, (236, 112, 30)),
    (0.8, (255, 168, 60)),
    (0.58, (255, 226, 140)),
    (0.34, (255, 252, 230)),
)
"""Share of the size and colour, from the outside of a flame to its core."""
_COARSE: Final = 4
"""Light of a flash is worked out for every so manieth pixel of the picture."""


def paint_flame(canvas: Image, camera: Camera, flame: Flame) -> None:
    """Draw tongues that lick upwards, brighter inside, with a glow around; light only adds."""
    foot, scale = _pixels(camera, flame.foot)
    width, height = flame.width * scale, flame.height * scale
    middle = foot - (0, height * 0.4)
    _glow(canvas, middle, max(width, height) * 1.3, (255, 140, 50), 0.3 * flame.strength)
    window = _around(canvas, middle, max(width, height) + 3)
    if window is None:
        return
    light = np.zeros_like(canvas[window])
    corner = np.array((window[1].start, window[0].start))
    for share, colour in _HEAT:
        red, green, blue = (int(part * (0.45 + 0.55 * flame.strength)) for part in colour)
        tongues = [
            np.rint((outline - corner) * 8).astype(np.int32)
            for outline in _tongues(foot, width * share, height * share, flame.phase)
        ]
        cv2.fillPoly(light, tongues, (red, green, blue), cv2.LINE_8, 3)
    cv2.GaussianBlur(light, (3, 3), 0, dst=light)
    np.maximum(canvas[window], light, out=canvas[window])


def _tongues(foot: Array, width: float, height: float, phase: float) -> Iterator[Array]:
    steps = np.linspace(0, 1, 8)
    for tongue in range(_TONGUES):
        aside = (tongue - (_TONGUES - 1) / 2) / _TONGUES
        wave = phase * (6 + 1.7 * (tongue % 4)) + tongue * 2.1
        tall = height * (0.62 + 0.38 * math.sin(wave)) * (1 - 1.2 * abs(aside))
        lean = width * 0.1 * np.sin(wave * 0.7 + 4 * steps) * steps - width * 0.5 * aside * steps
        half = width / _TONGUES * 0.9 * (1 - steps) ** 0.8 * (0.75 + 1.1 * steps)
        along = foot[0] + width * aside + lean
        up = foot[1] - tall * steps
        left, right = np.stack((along - half, up), axis=1), np.stack((along + half, up), axis=1)
        yield np.concatenate((left, right[::-1]))


def paint_smoke(canvas: Image, camera: Camera, smoke: Smoke) -> None:
    """Blend a soft puff in."""
    centre, scale = _pixels(camera, smoke.centre)
    radius = smoke.radius * scale
    window = _around(canvas, centre, radius)
    if window is None:
        return
    rows, columns = window
    y, x = np.ogrid[rows, columns]
    squared = ((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / max(radius, 1) ** 2
    hidden = (smoke.density * np.clip(1 - squared, 0, 1) ** 1.2)[..., None].astype(np.float32)
    part = canvas[window]
    shade = np.array(smoke.colour, dtype=np.float32)
    canvas[window] = (part + (shade - part) * hidden).astype(np.uint8)


def paint_flash(canvas: Image, camera: Camera, points: Array, flash: Flash) -> None:
    """Light up what is near `flash` in the world, and draw its core.

    Args:
        canvas: Changed in place.
        camera: Of the canvas.
        points: Metres in the world of each pixel of the picture.
        flash: What shines.
    """
    near = points[::_COARSE, ::_COARSE] - np.array(flash.centre, dtype=np.float32)
    lit = flash.strength / (1 + np.sum(near * near, axis=-1) / flash.radius**2)
    rows, columns = canvas.shape[:2]
    gain = cv2.resize(lit, (columns, rows), interpolation=cv2.INTER_LINEAR)[..., None]
    tint = np.array(flash.colour, dtype=np.float32) / 255
    brighter = canvas * (1 + 1.6 * gain * tint) + 70 * gain * tint
    np.copyto(canvas, np.minimum(brighter, 255).astype(np.uint8))
    depth = camera.project(np.array([flash.centre], dtype=np.float32))[1][0]
    if depth > NEAR:
        centre, scale = _pixels(camera, flash.centre)
        reach = min(0.35 * flash.radius, 2.0) * scale
        _glow(canvas, centre, reach, flash.colour, flash.strength)


def _glow(canvas: Image, centre: Array, radius: float, colour: Colour, strength: float) -> None:
    window = _around(canvas, centre, radius)
    if window is None:
        return
    rows, columns = window
    y, x = np.ogrid[rows, columns]
    squared = ((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / max(radius, 1) ** 2
    light = (strength * np.clip(1 - squared, 0, 1) ** 2)[..., None].astype(np.float32)
    added = canvas[window] + light * np.array(colour, dtype=np.float32)
    canvas[window] = np.minimum(added, 255).astype(np.uint8)


def _pixels(camera: Camera, place: Point) -> tuple[Array, float]:
    """Return the pixel of `place` and how many pixels a metre has there."""
    pixels, depths = camera.project(np.array([place], dtype=np.float32))
    return pixels[0], camera.focal / max(float(depths[0]), NEAR)


def _around(canvas: Image, centre: Array, radius: float) -> tuple[slice, slice] | None:
    rows, columns = canvas.shape[:2]
    left, right = max(int(centre[0] - radius), 0), min(int(centre[0] + radius) + 2, columns)
    top, bottom = max(int(centre[1] - radius), 0), min(int(centre[1] + radius) + 2, rows)
    if left >= right or top >= bottom:
        return None
    return slice(top, bottom), slice(left, right)
