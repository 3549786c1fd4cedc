"""What a camera and a recorder do to a picture: colour, noise, blur, compression, a clock."""

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vau_agent.motion import Image
from vau_agent.training.scenes.clocks import Clock, draw_clock
from vau_agent.training.scenes.weather import Weather, draw_weather

_LEVELS: Final = np.arange(256, dtype=np.float32) / 255
_BANK: Final = 32
"""Pixels by which a picture of noise is larger than it needs to be."""


@dataclass(frozen=True, kw_only=True)
class Looks:
    """How pictures of one camera come out."""

    seed: int
    grey: bool
    mixing: NDArray[np.float32]
    """How each of R, G and B comes out of the three, 3 x 3: paler colours, a cast, or grey."""
    gamma: float
    level: float
    """Mean of its pictures, of 1: contrast is drawn out around it."""
    contrast: float
    brightness: float
    """Added, of 1."""
    blur: float
    """Pixels of deviation; 0 is sharp."""
    sharpened: float
    """Share of an edge's height that is overdrawn, as cheap cameras do."""
    noise: NDArray[np.int16] | None
    """Added from a part of it that changes with every picture; larger than a picture by `_BANK`."""
    quality: int
    """JPEG quality."""
    shrunk: float
    """Side of the recorded picture as a share of the shown one."""
    flicker: float
    drift: float
    """Of brightness, within seconds and over tens of seconds."""
    shake: float
    """Pixels."""
    interlaced: bool
    veil: NDArray[np.uint8]
    """What dirt and the edge of the lens leave of the light, 255 is all; height x width x 3."""
    weather: Weather
    clock: Clock | None

    def moved(self, canvas: Image, timestamp: float) -> Image:
        """Shift `canvas` as a loose camera does."""
        if not self.shake:
            return canvas
        phase = self.seed % 97
        x = math.sin(timestamp * 7.3 + phase) + 0.6 * math.sin(timestamp * 17.9 + 2 * phase)
        y = math.sin(timestamp * 6.1 + 3 * phase) + 0.6 * math.sin(timestamp * 21.3 + phase)
        shift = np.array(((1, 0, self.shake * x), (0, 1, self.shake * y)), dtype=np.float32)
        rows, columns = canvas.shape[:2]
        return _image(
            cv2.warpAffine(canvas, shift, (columns, rows), borderMode=cv2.BORDER_REPLICATE)
        )

    def recorded(self, picture: Image, timestamp: float) -> Image:
        """Return `picture` as it is stored; the same for the same time."""
        rows, columns = picture.shape[:2]
        moment = np.random.default_rng((self.seed, round(timestamp * 1000)))
        shown = self.weather.over(picture, timestamp, moment)
        shown = self._developed(shown, timestamp)
        if self.noise is not None:
            shown = _noisy(shown, self.noise, moment)
        if self.interlaced:
            shown[1::2] = np.roll(shown[1::2], int(moment.integers(0, 2)), axis=1)
        if self.clock is not None:
            self.clock.write(shown, timestamp)
        if self.shrunk < 1:
            size = round(columns * self.shrunk), round(rows * self.shrunk)
            shown = _image(cv2.resize(shown, size, interpolation=cv2.INTER_AREA))
        shown = _compressed(shown, self.quality)
        if self.shrunk < 1:
            shown = _image(cv2.resize(shown, (columns, rows), interpolation=cv2.INTER_LINEAR))
        return shown

    def _developed(self, picture: Image, timestamp: float) -> Image:
        phase = self.seed % 89
        gain = 1 + self.flicker * math.sin(timestamp * 31.7 + phase)
        gain += self.drift * math.sin(timestamp * 0.21 + phase)
        levels = (gain * _LEVELS) ** self.gamma
        levels = (levels - self.level) * self.contrast + self.level + self.brightness
        table = np.clip(levels * 255, 0, 255).astype(np.uint8)
        shown = _image(cv2.LUT(cv2.transform(picture, self.mixing), table))
        if self.blur:
            shown = _image(cv2.GaussianBlur(shown, (0, 0), self.blur))
        if self.sharpened:
            soft = cv2.GaussianBlur(shown, (0, 0), 1.2)
            shown = _image(cv2.addWeighted(shown, 1 + self.sharpened, soft, -self.sharpened, 0))
        return _image(cv2.multiply(shown, self.veil, scale=1 / 255))


def _noisy(picture: Image, noise: NDArray[np.int16], moment: np.random.Generator) -> Image:
    rows, columns = picture.shape[:2]
    top, left = moment.integers(0, _BANK, 2)
    window = noise[top : top + rows, left : left + columns]
    if moment.random() < 0.5:
        window = window[::-1]
    return _image(cv2.add(picture, np.ascontiguousarray(window), dtype=cv2.CV_8U))


def draw_looks(
    rng: np.random.Generator, size: tuple[int, int], *, outdoors: bool, night: bool, level: float
) -> Looks:
    """Draw the looks of one camera.

    Args:
        rng: Random numbers.
        size: Width and height of its pictures.
        outdoors: Rain and snow may fall.
        night: More noise, and more often grey.
        level: Mean of its pictures before, of 1.
    """
    grey = bool(rng.random() < (0.6 if night else 0.3))
    return Looks(
        seed=int(rng.integers(2**31)),
        grey=grey,
        mixing=_draw_mixing(rng, grey=grey),
        gamma=float(np.exp(rng.normal(-0.1 if night else 0.05, 0.16))),
        level=level,
        contrast=float(np.exp(rng.normal(0.06, 0.16))),
        brightness=float(rng.normal(0.02, 0.04)),
        blur=float(rng.uniform(0.35, 0.9)) if rng.random() < 0.35 else 0.0,
        sharpened=float(rng.uniform(0.3, 1.2)) if rng.random() < 0.3 else 0.0,
        noise=_draw_noise(rng, size, night=night, grey=grey),
        quality=int(rng.integers(55, 92) if rng.random() < 0.5 else rng.integers(20, 60)),
        shrunk=float(rng.uniform(0.65, 0.95)) if rng.random() < 0.25 else 1.0,
        flicker=float(rng.uniform(0.01, 0.06)) if rng.random() < 0.25 else 0.0,
        drift=float(rng.uniform(0.02, 0.12)) if rng.random() < 0.4 else 0.0,
        shake=float(rng.uniform(0.3, 2.5)) if rng.random() < 0.12 else 0.0,
        interlaced=bool(rng.random() < 0.12),
        veil=_draw_veil(rng, size),
        weather=draw_weather(rng, size, outdoors=outdoors, night=night),
        clock=draw_clock(rng, size) if rng.random() < 0.6 else None,
    )


def _draw_mixing(rng: np.random.Generator, *, grey: bool) -> NDArray[np.float32]:
    luma = np.tile(np.array((0.299, 0.587, 0.114)), (3, 1))
    if grey:
        return luma.astype(np.float32)
    colour = rng.uniform(0.25, 1.1)
    cast = 1 + rng.normal(0, 0.07, 3)
    mixed = (colour * np.eye(3) + (1 - colour) * luma) * cast[:, None]
    return mixed.astype(np.float32)


def _draw_noise(
    rng: np.random.Generator, size: tuple[int, int], *, night: bool, grey: bool
) -> NDArray[np.int16] | None:
    if not night and rng.random() < 0.4:
        return None
    deviation = rng.uniform(2, 10) if night else rng.uniform(1, 5)
    columns, rows = size[0] + _BANK, size[1] + _BANK
    same = rng.standard_normal((rows, columns, 1), dtype=np.float32)
    field = np.repeat(same, 3, axis=2)
    if not grey:
        field += rng.uniform(0, 0.8) * rng.standard_normal((rows, columns, 3), dtype=np.float32)
    if rng.random() < 0.4:  # as a recorder's own smoothing leaves it
        field = np.asarray(cv2.GaussianBlur(field, (0, 0), rng.uniform(0.5, 1.0)), np.float32)
    grains: NDArray[np.int16] = np.rint(field * deviation / field.std()).astype(np.int16)
    return grains


def _draw_veil(rng: np.random.Generator, size: tuple[int, int]) -> NDArray[np.uint8]:
    width, height = size
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    fall = rng.uniform(0.05, 0.4) if rng.random() < 0.5 else 0.0
    veil = 1 - fall * (x**2 + y**2) / 2
    if rng.random() < 0.15:
        for _ in range(int(rng.integers(2, 8))):
            across, down = rng.uniform(-1, 1, 2)
            spot = np.exp(-((x - across) ** 2 + (y - down) ** 2) / rng.uniform(0.002, 0.06))
            veil -= rng.uniform(0.05, 0.3) * spot
    veil = np.clip(veil, 0, 1)
    if rng.random() < 0.08:
        band = int(height * rng.uniform(0.04, 0.12))
        veil[:band] = veil[-band:] = 0
    if rng.random() < 0.05:
        band = int(width * rng.uniform(0.03, 0.1))
        veil[:, :band] = veil[:, -band:] = 0
    return _image(np.repeat((veil * 255)[..., None], 3, axis=2))


def _compressed(picture: Image, quality: int) -> Image:
    _, coded = cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, quality))
    # The codec takes R for B and back again, so that both ways together keep the order.
    return _image(cv2.imdecode(coded, cv2.IMREAD_COLOR))


def _image(pixels: NDArray[np.generic] | None) -> Image:
    assert pixels is not None, "cv2 could not read what it wrote"
    return pixels.astype(np.uint8, copy=False)
