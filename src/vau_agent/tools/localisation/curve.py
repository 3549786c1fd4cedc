"""Scores over time: two readings of the same verdicts, joined.

*Whether* anything happens around a moment is the smoothed verdict, as far as it is borne out.
*When* it happens is the verdict weighted by what the sentences say, smoothed, and taken relative to
its own highest value in this video: a video's level says which video, its shape says when. The
score is their geometric mean.
"""

from collections.abc import Sequence

import numpy as np

from vau_agent.schemas import Segment
from vau_agent.tools.localisation.base import Series


def smooth(values: Series, looked: Series, scales: Sequence[float]) -> Series:
    """Give the mean of Gaussian averages of the looked-at values around every moment.

    Averages are of what was looked at inside the video (Nadaraya-Watson): nothing is assumed
    beyond its ends, so a place in the video alone changes nothing. Where looks are sparse, the
    Gaussians widen to the mean gap between them.

    Args:
        values: One number a moment; those not looked at do not count.
        looked: 1 for a moment that was looked at, else 0; at least one is.
        scales: Standard deviations in moments.
    """
    from scipy.ndimage import gaussian_filter1d

    gap = len(looked) / looked.sum()
    total = np.zeros(len(values))
    for scale in scales:
        width = max(scale, scale if gap <= 1 else gap)
        weights = gaussian_filter1d(looked, width, mode="constant", truncate=8)
        sums = gaussian_filter1d(values * looked, width, mode="constant", truncate=8)
        total += np.divide(sums, weights, out=np.zeros(len(values)), where=weights > 0)
    return total / len(scales)


def relative(evidence: Series, least_peak: float) -> Series:
    """Give evidence as a share of its highest value, 0..1; `least_peak` keeps small ones small."""
    shares: Series = evidence / (evidence.max() + least_peak)
    return shares


def join(whether: Series, when: Series) -> Series:
    """Give the geometric mean of both readings; 0..1 where they are."""
    scores: Series = np.sqrt(whether * when)
    return scores


def segments(scores: Series, moment_s: float, *, alarm: float, hold: float) -> tuple[Segment, ...]:
    """Give the spans in which the score stays at or above `hold` and reaches `alarm` once."""
    held = np.flatnonzero(np.diff(np.concatenate(([0], (scores >= hold).astype(int), [0]))))
    return tuple(
        Segment(start=start * moment_s, end=end * moment_s)
        for start, end in held.reshape(-1, 2).tolist()
        if scores[start:end].max() >= alarm
    )
