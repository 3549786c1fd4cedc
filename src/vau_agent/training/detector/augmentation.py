"""Variation of motion pictures. A clip changes as a whole, and time never runs backwards."""

from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from vau_agent.training.detector.config import AugmentConfig

_MIDDLE: Final = 128.0
"""Of redness and change: nothing of either."""
_LUMA_MIDDLE: Final = 110.0
"""Around which contrast is changed."""


def augment(
    pictures: Tensor, marks: Tensor, config: AugmentConfig, chance: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Vary windows of motion pictures, and move their marks with them.

    Args:
        pictures: Windows x bins x side x side x 3: luma, redness, change.
        marks: Windows x bins x cells x cells, 0..255.
        config: Largest changes.
        chance: Decides for every window.

    Returns:
        Pictures as float32, 0..255, and marks as shares, 0..1; of the sizes that were given.
    """
    bins, side, cells = pictures.shape[1], pictures.shape[2], marks.shape[2]
    large = nn.functional.interpolate(marks.float() / 255, (side, side), mode="nearest")
    whole = torch.cat((pictures.float(), large.unsqueeze(-1)), dim=-1)
    whole = torch.stack([_frame(window, config, chance) for window in whole])
    shown, moved = whole[..., :3], whole[..., 3].flatten(0, 1)
    marked = nn.functional.adaptive_avg_pool2d(moved, cells).view(-1, bins, cells, cells)
    gains, shifts = _light(len(shown), config, chance)
    shown = shown * gains.to(shown.device) + shifts.to(shown.device)
    sigma = torch.from_numpy(chance.uniform(0, config.noise, (len(shown), 1, 1, 1, 1)))
    noise = torch.randn_like(shown) * sigma.float().to(shown.device)
    return (shown + noise).clamp(0, 255), marked


def _frame(window: Tensor, config: AugmentConfig, chance: np.random.Generator) -> Tensor:
    """Mirror a window and cut its margins away."""
    side = window.shape[1]
    if chance.random() < config.flip:
        window = window.flip(2)
    kept = 1 - chance.uniform(0, config.zoom, 2) * (chance.random() < 0.7)
    height, width = (max(8, round(side * float(share))) for share in kept)
    top, left = (int(chance.integers(side - size + 1)) for size in (height, width))
    if (height, width) == (side, side):
        return window
    part = window[:, top : top + height, left : left + width].permute(0, 3, 1, 2)
    scaled = nn.functional.interpolate(part, (side, side), mode="bilinear", align_corners=False)
    return scaled.permute(0, 2, 3, 1)


def _light(
    windows: int, config: AugmentConfig, chance: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Give the gain and the shift of each channel of each window."""
    contrast = 1 + chance.uniform(-config.contrast, config.contrast, windows)
    brightness = 255 * chance.uniform(-config.brightness, config.brightness, windows)
    redness = contrast * 2 ** chance.uniform(-config.redness, config.redness, windows)
    redness *= chance.random(windows) >= config.grey
    motion = contrast * 2 ** chance.uniform(-config.motion, config.motion, windows)
    gains = np.stack((contrast, redness, motion), axis=1)
    middles = np.array((_LUMA_MIDDLE, _MIDDLE, _MIDDLE))
    shifts = middles * (1 - gains)
    shifts[:, 0] += brightness
    shape = (windows, 1, 1, 1, 3)
    return (
        torch.from_numpy(gains).float().reshape(shape),
        torch.from_numpy(shifts).float().reshape(shape),
    )
