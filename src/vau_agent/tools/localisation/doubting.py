"""A verdict that the moments around it contradict is doubted; similar moments then have a say."""

import numpy as np

from vau_agent.memory.embedders.base import Vectors
from vau_agent.tools.localisation.base import Series


def doubt(verdicts: Series, *, neighbours: int) -> Series:
    """Give how far each verdict is from the mean of those around it, 0..1.

    Args:
        verdicts: In time order, 0..1.
        neighbours: Verdicts on either side that count; fewer at the ends.
    """
    reach = np.ones(2 * neighbours + 1)
    reach[neighbours] = 0
    total = np.convolve(np.pad(verdicts, neighbours), reach, mode="valid")
    count = np.convolve(np.pad(np.ones_like(verdicts), neighbours), reach, mode="valid")
    around = np.where(count > 0, total / np.maximum(count, 1), verdicts)
    return np.abs(verdicts - around)


def recall(verdicts: Series, sentences: Vectors, *, similar: int) -> Series:
    """Give the mean verdict of the `similar` moments whose sentences are most alike, itself too."""
    similar = min(similar, len(verdicts))
    likeness = sentences @ sentences.T
    nearest = np.argpartition(-likeness, similar - 1, axis=1)[:, :similar]
    means: Series = verdicts[nearest].mean(axis=1)
    return means


def settle(verdicts: Series, doubts: Series, recalled: Series) -> Series:
    """Let what was recalled replace each verdict as far as it is doubted."""
    return (1 - doubts) * verdicts + doubts * recalled
