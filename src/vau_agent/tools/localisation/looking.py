"""Which moments to look at: spread evenly first, then between those that seem to matter."""

from collections.abc import Sequence
from itertools import pairwise

from vau_agent.tools.localisation.base import Series

QUIET_WORTH = 0.05
"""What a gap between quiet moments is worth: a long one is looked into after all."""


def spread(moments: int, count: int) -> tuple[int, ...]:
    """Give `count` moments of `moments`, in the middle of equal parts; all where they are fewer."""
    count = min(count, moments)
    return tuple((2 * place + 1) * moments // (2 * count) for place in range(count))


def between(looked: Sequence[int], scores: Series, moments: int, count: int) -> tuple[int, ...]:
    """Give up to `count` new moments, in the middle of the gaps worth most.

    A gap is worth its length times the higher score at its ends.

    Args:
        looked: Moments looked at so far, ascending, at least one.
        scores: Of every moment, shape (moments,).
        moments: How many there are.
        count: How many may be looked at now.
    """
    gaps = [(-1, looked[0]), *pairwise(looked), (looked[-1], moments)]
    open_gaps = [(start, end) for start, end in gaps if end - start > 1]

    def worth(gap: tuple[int, int]) -> float:
        start, end = gap
        peak = max(scores[max(start, 0)], scores[min(end, moments - 1)])
        return (end - start - 1) * (QUIET_WORTH + float(peak))

    best = sorted(open_gaps, key=worth, reverse=True)[:count]
    return tuple(sorted((start + end) // 2 for start, end in best))
