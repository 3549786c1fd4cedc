"""When is a match a match? Every search finds something nearest; this says whether it means much.

A score alone does not tell: how close a text comes to *any* picture depends on the text and on the
embedder. So a few unrelated texts (unrelated.txt: what no camera of ours shows) are looked up in
the same frames, and the query has to do better than they do. If a query had no more to do with the
video than they have, its rank among them would be a matter of luck, each rank alike: it is in the
best share `p` of them with probability `p`. So `LEVEL` is how often a query about nothing that is
there may pass all the same, whatever the embedder, the video or the number of frames; nothing is
fitted.

Two things can be ranked. In one video it is how close the best frame is: a video that burns from
end to end matches "flames" everywhere, and nothing in it stands out. Over several videos it is also
how far the best frame stands out of what the same text usually scores in them, in standard
deviations: some texts are close to no picture, some to all. Either may show a match, so each then
has half the level (Bonferroni).
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vau_agent.memory.clip_index import ClipIndex
from vau_agent.memory.embedders.base import Vectors

LEVEL: Final = 0.05
"""Share of queries about nothing in the video that may pass for a match."""

_ROUNDING: Final = 1e-3
"""Scores closer than this are equal: vectors are kept at half precision."""

Scores = NDArray[np.float32]


@functools.cache
def unrelated_texts() -> tuple[str, ...]:
    """Read the texts that a query has to do better than."""
    lines = files("vau_agent.tools").joinpath("unrelated.txt").read_text("utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Contrast:
    """What unrelated texts reach in the videos that are searched, and the query's own scale."""

    closest: Scores
    """Best score of each unrelated text."""
    outstanding: Scores | None = None
    """The same, in deviations from what that text usually scores; `None` in a single video."""
    usual: float = 0.0
    """What the query usually scores."""
    spread: float = 1.0
    """By how much that varies."""

    @classmethod
    def over(cls, indexes: Sequence[ClipIndex], bank: Vectors, query: Vectors) -> "Contrast":
        """Look unrelated texts up, beside a query (1 x dim); there is one index at least."""
        if len(indexes) == 1:
            return cls(closest=best_scores(indexes[0], bank))
        texts = np.concatenate([bank, query])
        centre = np.stack([index.centre for index in indexes]).mean(axis=0)
        usual = texts @ centre
        best = np.full(len(texts), -np.inf, dtype=np.float32)
        square = np.zeros(len(texts), dtype=np.float32)
        for index in indexes:
            scores = texts @ index.vectors.T
            best = np.maximum(best, scores.max(axis=1))
            # every video counts alike, however long
            square += ((scores - usual[:, None]) ** 2).mean(axis=1) / len(indexes)
        spread = np.maximum(np.sqrt(square), _ROUNDING)
        return cls(
            closest=best[:-1],
            outstanding=((best - usual) / spread)[:-1],
            usual=float(usual[-1]),
            spread=float(spread[-1]),
        )

    def chance(self, score: float) -> float:
        """Give how easily an unrelated text does as well as a frame that the query scored."""
        least = score - _ROUNDING
        close = _rank(self.closest, least)
        if self.outstanding is None:
            return close
        out = _rank(self.outstanding, (least - self.usual) / self.spread)
        return min(1.0, 2 * min(close, out))

    def is_strong(self, score: float) -> bool:
        """Tell whether a score of the query is more than luck."""
        return self.chance(score) <= LEVEL


def best_scores(index: ClipIndex, vectors: Vectors) -> Scores:
    """Give each vector's best score in a video."""
    found = index.search(vectors, 1)
    return np.array([matches[0].score for matches in found], dtype=np.float32)


def _rank(bank: Scores, value: float) -> float:
    """Give the share of unrelated texts, the query counted in, that reach `value`."""
    return (1 + int((bank >= value).sum())) / (1 + len(bank))
