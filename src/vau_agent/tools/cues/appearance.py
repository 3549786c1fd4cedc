"""Novelty of looks: how unlike the rest of its video a moment is, in an embedder's space.

Movement tells when something happens; this tells that something is there which is there at no
other time. It knows nothing of the scene but its other moments, so what fills a whole video is not
new, and a video too short to have other moments has no novelty at all.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vau_agent.memory.clip_index import ClipIndex
from vau_agent.tools.cues.normal import Curve

_APART_SECONDS: Final = 5.0
"""Moments closer than this are one moment: neighbours always look alike."""

_NEIGHBOURS: Final = 3
"""Moments that must look alike before a look is known: one may itself be part of what is new."""

_FEWEST: Final = 8
"""Entries below which a video has no usual novelty to compare with."""

_HALF: Final = 2.0
"""Times the video's usual novelty at which the cue says 0.5, as with speed and motion."""

_STEEPNESS: Final = 3.0
_LEAST: Final = 0.02
"""Cosine distance taken as usual at least: below, vectors differ by coding noise."""

_ROWS_AT_ONCE: Final = 512


@dataclass(frozen=True, kw_only=True, slots=True)
class Appearance:
    """How new the looks of a video's indexed moments are."""

    starts: NDArray[np.float64]
    """Seconds, ascending."""
    untils: NDArray[np.float64]
    """Seconds at which what each stands for ends."""
    novelty: Curve
    """0 to 1; 0.5 is twice what is usual in this video."""

    @classmethod
    def of(cls, index: ClipIndex) -> "Appearance":
        """Compare each indexed moment with the most alike ones at other times."""
        starts = np.array([frame.timestamp for frame in index.frames])
        untils = np.array([frame.until for frame in index.frames])
        distance = _distances(index, starts, untils)
        known = distance[~np.isnan(distance)]
        novelty = np.zeros(len(index), dtype=np.float32)
        if len(known) >= _FEWEST:
            usual = max(_LEAST, float(np.median(known)))
            power = (np.nan_to_num(distance) / usual / _HALF) ** _STEEPNESS
            novelty = (power / (power + 1)).astype(np.float32)
        return cls(starts=starts, untils=untils, novelty=novelty)

    def at(self, times: NDArray[np.float64]) -> Curve:
        """Give the novelty at other times: level over what an entry stands for, linear between."""
        if not len(self.starts):
            return np.zeros(len(times), dtype=np.float32)
        # an entry that stands for many moments holds until shortly before the next
        holds = np.maximum(self.starts, self.untils - np.minimum(1.0, self.untils - self.starts))
        places = np.stack([self.starts, holds], axis=1).ravel()
        values = np.repeat(self.novelty, 2)
        curve: Curve = np.interp(times, places, values).astype(np.float32)
        return curve


def _distances(
    index: ClipIndex, starts: NDArray[np.float64], untils: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Give the cosine distance of each moment to its likes elsewhere; NaN where there are none."""
    vectors = index.vectors
    distance = np.full(len(index), np.nan, dtype=np.float32)
    for first in range(0, len(index), _ROWS_AT_ONCE):
        rows = slice(first, first + _ROWS_AT_ONCE)
        likeness = vectors[rows] @ vectors.T
        apart = (starts[None] - untils[rows, None] >= _APART_SECONDS) | (
            starts[rows, None] - untils[None] >= _APART_SECONDS
        )
        likeness[~apart] = -np.inf
        enough = apart.sum(axis=1) >= _NEIGHBOURS
        nearest = np.partition(likeness, -min(_NEIGHBOURS, len(index)), axis=1)
        kth = nearest[:, -min(_NEIGHBOURS, len(index))]
        distance[rows] = np.where(enough, 1 - kth, np.nan)
    return distance
