"""Windows that fit a set of annotated times best: what one can say without looking.

They are searched over a grid, to the highest mean IoU; of several annotated events of one video
the best fitting one counts (`best_iou`). Fitted on the set they are scored on, they are an upper
bound and no method: rows must say so.
"""

import math
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vau_agent.errors import MetricError
from vau_agent.evals.metrics.intervals import to_shares
from vau_agent.schemas import Segment

FINE_S: Final = 300
"""Up to here a window's ends are tried at every second."""
COARSE_STEPS: Final = 100
"""Beyond, up to the last event, at this many places: annotations have outliers of hours."""
SHARE_STEPS: Final = 20
"""Steps of a window in shares of the video: twentieths."""

Events = Sequence[Segment]


def fit_constant(truths: Sequence[Events]) -> Segment:
    """Return the window, in seconds and the same for every video, of the highest mean IoU.

    Args:
        truths: Annotated events of each anomalous video; none is empty.

    Raises:
        MetricError: There are no videos, or one has no event.
    """
    _refuse_empty(truths)
    last = max(event.end for events in truths for event in events)
    fine = np.arange(min(math.ceil(last), FINE_S) + 1, dtype=np.float64)
    coarse = np.linspace(FINE_S, max(last, FINE_S), COARSE_STEPS + 1, dtype=np.float64)
    return _search(truths, np.unique(np.concatenate([fine, coarse.round()[coarse > FINE_S]])))


def fit_proportional(truths: Sequence[Events], durations: Sequence[float]) -> Segment:
    """Return the window, in shares of each video's length, of the highest mean IoU.

    Args:
        truths: Annotated events of each anomalous video, in seconds; none is empty.
        durations: Lengths in seconds.

    Raises:
        MetricError: There are no videos, one has no event, or one has no length.
    """
    _refuse_empty(truths)
    shares = [
        [to_shares(event, duration) for event in events]
        for events, duration in zip(truths, durations, strict=True)
    ]
    return _search(shares, np.asarray(np.arange(SHARE_STEPS + 1) / SHARE_STEPS, dtype=np.float64))


def _search(truths: Sequence[Events], grid: NDArray[np.float64]) -> Segment:
    """Return the best window whose ends lie on `grid`, shape (steps,); of equals the first."""
    mean_iou = _scorer(truths)
    best = (-1.0, 0, 1)
    for first in range(len(grid) - 1):
        scores = mean_iou(grid[first], grid[first + 1 :])
        last = int(np.argmax(scores))
        if scores[last] > best[0] + 1e-12:
            best = (float(scores[last]), first, first + 1 + last)
    return Segment(start=float(grid[best[1]]), end=float(grid[best[2]]))


def _scorer(
    truths: Sequence[Events],
) -> Callable[[float, NDArray[np.float64]], NDArray[np.float64]]:
    """Return the mean IoU of windows that share a start, as a function of start and ends."""
    starts = np.array([event.start for events in truths for event in events])
    ends = np.array([event.end for events in truths for event in events])
    firsts = np.cumsum([0, *(len(events) for events in truths[:-1])])

    def mean_iou(start: float, stops: NDArray[np.float64]) -> NDArray[np.float64]:
        shared = np.minimum(stops[:, None], ends) - np.maximum(start, starts)
        shared = np.maximum(shared, 0)
        union = (stops[:, None] - start) + (ends - starts) - shared
        best = np.maximum.reduceat(shared / union, firsts, axis=1)
        means: NDArray[np.float64] = best.mean(axis=1)
        return means

    return mean_iou


def _refuse_empty(truths: Sequence[Events]) -> None:
    if not truths or not all(truths):
        raise MetricError(f"a window is fitted to videos with events, got {len(truths)} videos")
