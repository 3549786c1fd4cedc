"""An anomalous verdict that stands alone is doubted: alone in time, and alone in what it saw.

Doubt only lowers: to call a moment anomalous takes a look, and these steps bring no new picture.
"""

from collections.abc import Sequence

import numpy as np

from vau_agent.memory.embedders.base import Vectors
from vau_agent.tools.localisation.base import Series


def around(verdicts: Series, moments: Sequence[int], *, neighbours: int) -> Series:
    """Give the mean verdict of the moments around each, itself left out; its own if it is alone.

    Args:
        verdicts: In time order, 0..1.
        moments: Which moments they are of, ascending; others were not looked at.
        neighbours: Moments on either side that count.
    """
    places = np.array(moments)
    length = int(places[-1]) + 1
    said, seen = np.zeros(length), np.zeros(length)
    said[places], seen[places] = verdicts, 1
    reach = np.ones(2 * neighbours + 1)
    reach[neighbours] = 0
    total = np.convolve(np.pad(said, neighbours), reach, mode="valid")[places]
    count = np.convolve(np.pad(seen, neighbours), reach, mode="valid")[places]
    return np.where(count > 0, total / np.maximum(count, 1), verdicts)


def recall(verdicts: Series, sentences: Vectors, *, similar: int) -> Series:
    """Give the mean verdict of the moments whose sentences are most alike; its own if it is alone.

    Args:
        verdicts: 0..1, in any order.
        sentences: Their vectors, one row each.
        similar: Moments that count, itself left out; fewer where there are fewer.
    """
    similar = min(similar, len(verdicts) - 1)
    if similar < 1:
        return verdicts
    likeness = sentences @ sentences.T
    np.fill_diagonal(likeness, -np.inf)
    nearest = np.argpartition(-likeness, similar - 1, axis=1)[:, :similar]
    means: Series = verdicts[nearest].mean(axis=1)
    return means


def support(doubts: Series, recalled: Series) -> Series:
    """Give how far a verdict is borne out, 0..1: by its neighbours and by similar moments alike."""
    return ((1 - doubts) + recalled) / 2
