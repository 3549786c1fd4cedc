"""What published systems do to anomaly scores between a model's words and the frame-level curve.

LAVAD (CVPR 2024) reads a score from text, fills the gaps, and mixes the scores of similar segments.
VERA (CVPR 2025), and CoReVAD after it, smooth over time and weigh by the position in the video. The
position weight is a fact about test sets, not about a video: print rows with it apart.
Parts of rewards and scores: pure functions of one curve, for training as for a table.
Scores are arrays of shape (segments,) in time order.
"""

import re
from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vau_agent.errors import MetricError

Edges = Literal["renormalised", "zeros"]
"""What lies beyond the ends while smoothing. `renormalised`: nothing, the weights inside sum to 1,
so a constant stays constant. `zeros`: scores of 0, as in VERA's released code, which lowers both
ends of every video and centres an odd kernel half a step late."""

_BRACKETED: Final = re.compile(r"\[\s*([01](?:\.\d+)?|\.\d+)\s*\]")
_LIST_MARK: Final = re.compile(r"^\s*\d+[.)]\s+(?=\S)", re.MULTILINE)
_BARE: Final = re.compile(r"(?<![\w.,/-])([01](?:\.\d+)?|\.\d+)(?![\w/%-]|[.,]\d)")


def parse_score(text: str) -> float | None:
    """Read a score of 0..1 from a model's words: `[0.7]` first, else the first plain one.

    `None` when there is none; numbers of a list ("1. A man") and numbers above 1 are no scores.
    LAVAD's released code reads brackets only.
    """
    found = _BRACKETED.search(text) or _BARE.search(_LIST_MARK.sub("", text))
    score = None if found is None else float(found[1])
    return score if score is not None and score <= 1 else None


def fill_missing(scores: Sequence[float | None]) -> NDArray[np.float64]:
    """Interpolate missing scores in a straight line; before the first and after the last they hold.

    Raises:
        MetricError: There is no score at all.
    """
    known = [place for place, score in enumerate(scores) if score is not None]
    if not known:
        raise MetricError(f"none of {len(scores)} scores could be read")
    values = [score for score in scores if score is not None]
    return np.interp(np.arange(len(scores)), known, values)


def mix_similar(
    scores: ArrayLike, similarities: ArrayLike, *, count: int, sharpness: float = 1.0
) -> NDArray[np.float64]:
    """Replace each score by a softmax-weighted mean over its most similar segments.

    LAVAD: `count` 10, `sharpness` 1. VERA: `count` 15 % of the segments, `sharpness` 10. Each
    result lies between the least and the greatest of the scores it is made from; equal similarity
    gives their plain mean; `count` 1 over a matrix whose diagonal is greatest gives the scores.

    Args:
        scores: Shape (sources,).
        similarities: Shape (segments, sources), e.g. cosines.
        count: How many sources each segment takes; of equally similar ones the earlier.
        sharpness: Factor on the similarities before the softmax.

    Returns:
        Shape (segments,).

    Raises:
        MetricError: The shapes do not fit, a value is not a number, or `count` is not 1 or more.
    """
    source, similar = _numbers(scores, 1), _numbers(similarities, 2)
    if similar.shape[1] != len(source) or count < 1:
        raise MetricError(
            f"{len(source)} scores, similarities of shape {similar.shape}, the {count} nearest"
        )
    nearest = np.argsort(-similar, axis=1, kind="stable")[:, :count]
    strength = sharpness * np.take_along_axis(similar, nearest, axis=1)
    weights = np.exp(strength - strength.max(axis=1, keepdims=True))
    taken = source[nearest]
    mixed: NDArray[np.float64] = (weights * taken).sum(axis=1) / weights.sum(axis=1)
    return np.clip(mixed, taken.min(axis=1), taken.max(axis=1))


def smooth_gaussian(
    scores: ArrayLike, *, size: int = 15, sigma: float = 10.0, edges: Edges = "renormalised"
) -> NDArray[np.float64]:
    """Average each score with its neighbours in time, weighted by a Gaussian.

    Defaults are VERA's. `size` is the number of neighbours, the score itself among them.

    Raises:
        MetricError: There are no scores, one is not a number, or `size` or `sigma` is not positive.
    """
    values = _numbers(scores, 1)
    if size < 1 or not sigma > 0:
        raise MetricError(f"a Gaussian of size {size} and sigma {sigma} smooths nothing")
    kernel = _kernel(size, sigma, edges)
    # A kernel longer than the scores would make numpy give as many values as the kernel has.
    start = (size - 1) // 2
    summed = np.convolve(values, kernel)[start : start + len(values)]
    if edges == "zeros":
        return summed
    weight = np.convolve(np.ones_like(values), kernel)[start : start + len(values)]
    return np.clip(summed / weight, values.min(), values.max())


def position_weights(count: int) -> NDArray[np.float64]:
    """Give VERA's weight of each of `count` frames: a Gaussian about the middle, shape (count,).

    Centre and sigma are `count // 2`: 1 in the middle, exp(-0.5) at the first frame.

    Raises:
        MetricError: `count` is not positive.
    """
    if count < 1:
        raise MetricError(f"there are no weights for {count} frames")
    middle = count // 2
    away: NDArray[np.float64] = (np.arange(count) - middle) / max(middle, 1)
    weights: NDArray[np.float64] = np.exp(-0.5 * away * away)
    return weights


def _kernel(size: int, sigma: float, edges: Edges) -> NDArray[np.float64]:
    half = (size - 1) / 2
    first, last = (-half, half) if edges == "renormalised" else (-size // 2, size // 2)
    kernel: NDArray[np.float64] = np.exp(-(np.linspace(first, last, size) ** 2) / (2 * sigma**2))
    total: float = kernel.sum()
    return kernel / total


def _numbers(values: ArrayLike, dimensions: int) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != dimensions or not array.size:
        raise MetricError(f"scores of shape {array.shape} cannot be used")
    if not np.isfinite(array).all():
        place = np.argwhere(~np.isfinite(array))[0].tolist()
        raise MetricError(f"the score at {place} is not a number")
    return array
