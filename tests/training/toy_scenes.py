"""Scenes that are drawn in no time: a square that walks, falls over or burns."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from vau_agent.motion import Image
from vau_agent.schemas import Box, Segment
from vau_agent.training.scenes.splits import Split, generator
from vau_agent.training.scenes.truth import SceneTruth

KINDS: Final = {"walk": None, "fall": "fall", "burn": "fire"}
_HEIGHT: Final = 60
_WIDTH: Final = 80


@dataclass(frozen=True)
class ToyScene:
    """One square before a grey wall."""

    split: Split
    seed: int
    fps: float = 10.0

    @cached_property
    def duration_s(self) -> float:
        """Four to eight seconds."""
        return float(generator(self.split, self.seed, "duration").uniform(4, 8))

    @cached_property
    def truth(self) -> SceneTruth:
        """A third of the scenes each walk, fall and burn."""
        kind = tuple(KINDS)[self.seed % 3]
        category = KINDS[kind]
        if category is None:
            return SceneTruth(kind=kind, caption="A square walks.", place="a wall")
        chance = generator(self.split, self.seed, "event")
        start = float(chance.uniform(0.1, 0.5)) * self.duration_s
        end = start + float(chance.uniform(0.3, 0.5)) * self.duration_s
        return SceneTruth(
            kind=kind,
            category=category,
            segment=Segment(start=start, end=end),
            risk=1,
            caption="A square is in trouble.",
            place="a wall",
        )

    def picture(self, timestamp: float) -> Image:
        """Draw it."""
        chance = generator(self.split, self.seed, f"picture {timestamp:.3f}")
        picture = np.full((_HEIGHT, _WIDTH, 3), 110, dtype=np.int16)
        left, high, wide = self._square(timestamp)
        colour = (40, 40, 60)
        if self._happens(timestamp) and self.truth.kind == "burn":
            colour = (230, 120 + int(chance.integers(60)), 30)
        picture[50 - high : 50, left : left + wide] = colour
        picture += chance.integers(-4, 5, picture.shape, dtype=np.int16)
        return np.clip(picture, 0, 255).astype(np.uint8)

    def boxes(self, timestamp: float) -> dict[str, Box]:
        """Tell where the square is."""
        left, high, wide = self._square(timestamp)
        box = Box(
            x=left / _WIDTH,
            y=(50 - high) / _HEIGHT,
            width=min(wide, _WIDTH - left) / _WIDTH,
            height=high / _HEIGHT,
        )
        return {"square": box}

    def _happens(self, timestamp: float) -> bool:
        segment = self.truth.segment
        return segment is not None and segment.contains(timestamp)

    def _square(self, timestamp: float) -> tuple[int, int, int]:
        """Give left edge, height and width."""
        left = int(10 + 6 * timestamp)
        if self._happens(timestamp) and self.truth.kind == "fall":
            return left, 8, 24
        return left, 24, 8


def draw_toy(split: Split, seed: int) -> ToyScene:
    """Draw a scene of a split and a seed."""
    return ToyScene(split, seed)
