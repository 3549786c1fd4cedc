"""Highlights of QVHighlights: is the best clip rated high, and how well are all of them ranked?"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vau_agent.evals.formats.queries import Query

THRESHOLDS: Final[Mapping[str, int]] = MappingProxyType({"Fair": 2, "Good": 3, "VeryGood": 4})
"""Lowest rating, of 0..4, of a clip that counts as a highlight."""


def hit_at_1(query: Query, saliency: Sequence[float] | None, least: int) -> float:
    """Tell whether the first clip of the highest score is a highlight for any annotator, 0 or 1."""
    if not saliency:
        return 0.0
    best = int(np.argmax(np.asarray(saliency)[: query.clips]))
    return float(any(rating >= least for rating in query.saliency.get(best, ())))


def average_precision(query: Query, saliency: Sequence[float] | None, least: int) -> float:
    """Return the interpolated average precision of the clips, mean over the annotators, 0..1.

    As in the published program, an annotator who rates no clip as high as `least` gives 0, and
    clips beyond the last score are left out.
    """
    if not saliency or not query.annotators:
        return 0.0
    scores = np.asarray(saliency, dtype=np.float64)[: query.clips]
    relevant = np.zeros((len(scores), query.annotators), dtype=np.bool_)
    for clip, ratings in query.saliency.items():
        if 0 <= clip < len(scores):
            relevant[clip, : len(ratings)] = np.asarray(ratings) >= least
    return float(np.mean([_interpolated(column, scores) for column in relevant.T]))


def _interpolated(relevant: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    """Return the mean, over the thresholds that raise recall, of the precision there or beyond.

    The published program takes this plain mean; it is the area under the curve where no scores tie.
    """
    if not relevant.any():
        return 0.0
    order = np.argsort(-scores, kind="stable")
    last_of_tie = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    hits = np.cumsum(relevant[order])[last_of_tie]
    at_or_beyond = np.maximum.accumulate((hits / (last_of_tie + 1))[::-1])[::-1]
    return float(at_or_beyond[np.diff(hits, prepend=0) > 0].mean())
