"""Flames, flickering and flashes."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from vau_agent.tools.cues.change import Change
from vau_agent.tools.cues.grid import CELL, Mask, Plane, box_sum, cell_mean
from vau_agent.tools.video.base import Image

_RED: Final = 180.0
"""Flames shine: published fire rules ask for 115 to 190 of red; skin and brick lie below."""

_CHROMA: Final = 55.0
"""Least Cr - Cb (Celik and Demirel 2009 use 40 to 70): wood and skin reach 30 to 50."""

_STEADY_SECONDS: Final = 1.0
"""Flames burn in one place at least this long; a walker in an orange coat moves on."""

_STILL_PIXELS: Final = 0.3
"""Camera movement from which edges brighten and darken their cells in turn."""

FLASH_LEVELS: Final = 20.0
"""Grey levels the median of the picture must jump: exposure control moves 1 to 3 a frame."""

_FLASH_SECONDS: Final = 1.5
"""A flash has faded by half within this time; a lamp switched on has not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Light:
    """What one moment's light does."""

    flames: Plane
    """Per cell: share of flame-coloured pixels where the picture also keeps changing, 0 to 1."""
    flicker: Plane
    """Per cell: grey levels of alternating brightness."""
    flash: tuple[float, float] | None
    """Onset in seconds and jump in grey levels of a flash that has just proved to be one."""


@dataclass(kw_only=True, slots=True)
class LightMeter:
    """Measures one moment after another; holds a second of cell arrays."""

    _flames: Plane = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))
    _flicker: Plane = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))
    _means: Plane = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))
    _delta: Plane = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))
    _base: float = -1.0
    _onset: tuple[float, float] | None = None

    def reset(self) -> None:
        """Forget the past after a cut."""
        self._means = np.zeros((0, 0), dtype=np.float32)
        self._base = -1.0
        self._onset = None

    def step(self, image: Image, change: Change, timestamp: float) -> Light:
        """Measure one moment."""
        means = cell_mean(change.luma)
        if self._means.shape != means.shape:
            self._flames, self._flicker, self._delta = (np.zeros_like(means) for _ in range(3))
            self._means = means
        share = min(1.0, change.step / _STEADY_SECONDS)
        self._measure_flicker(
            means, share, steady=bool(np.abs(change.camera).max() < _STILL_PIXELS)
        )
        # flames churn: the change they make cannot be followed as a displacement
        churning = change.moving & ~change.tracked
        burning = np.where(churning, flame_share(image), 0) if churning.any() else np.float32(0)
        self._flames = (self._flames + share * (burning - self._flames)).astype(np.float32)
        return Light(
            flames=self._flames,
            flicker=self._flicker,
            flash=self._find_flash(float(np.median(means)), timestamp, change.step),
        )

    def _measure_flicker(self, means: Plane, share: float, *, steady: bool) -> None:
        # a lamp over the whole picture is no flickering place
        delta = means - self._means
        delta = delta - np.median(delta)
        swing = np.where(delta * self._delta < 0, np.minimum(np.abs(delta), np.abs(self._delta)), 0)
        if not steady:
            swing = np.zeros_like(swing)
        self._flicker = (self._flicker + share * (swing - self._flicker)).astype(np.float32)
        self._means, self._delta = means, delta.astype(np.float32)

    def _find_flash(
        self, level: float, timestamp: float, elapsed: float
    ) -> tuple[float, float] | None:
        if self._base < 0:
            self._base = level
        if self._onset is None:
            if level - self._base > FLASH_LEVELS:
                self._onset = (timestamp, level - self._base)
            else:
                self._base += min(1.0, elapsed) * (level - self._base)
            return None
        onset, jump = self._onset
        self._onset = (onset, max(jump, level - self._base))
        if level - self._base < 0.5 * jump:
            self._onset = None
            return onset, jump
        if timestamp - onset > _FLASH_SECONDS:
            self._onset, self._base = None, level
        return None


def flame_share(image: Image) -> Plane:
    """Give, per cell, the share of pixels in the colours of flames."""
    height, width = image.shape[0] // CELL * CELL, image.shape[1] // CELL * CELL
    red, green, blue = (image[:height, :width, channel] for channel in range(3))
    flame: Mask = red > _RED
    if not flame.any():
        return np.zeros((height // CELL, width // CELL), dtype=np.float32)
    flame &= (red >= green) & (green > blue)
    red, green, blue = image[:height, :width][flame].astype(np.float32).T
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    flame[flame] = 0.713 * (red - luma) - 0.564 * (blue - luma) > _CHROMA
    return cell_mean(flame.astype(np.float32))


def spread(plane: Plane) -> Plane:
    """Average over a neighbourhood of nine cells, so that one odd cell counts little."""
    return box_sum(plane, 1) / np.float32(9)
