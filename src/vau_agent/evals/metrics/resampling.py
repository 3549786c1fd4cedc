"""Frame figures of drawn videos: what the bootstrap of `frames.py` asks for a thousand times."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from vau_agent.evals.metrics.ranking import Floats, Places, Ranking
from vau_agent.evals.significance import resamples

FALSE_ALARM_RATE: Final = 0.05
"""Of `recall_at_far_5`."""

Figures = dict[str, float]


@dataclass(frozen=True, kw_only=True)
class RankedVideos:
    """Everything of some videos that stays the same from draw to draw."""

    frames: Ranking
    within: Ranking
    """Frames of anomalous videos only."""
    means: Ranking
    """One entry a video."""
    own_auc: Floats
    """AUC inside each video, NaN where it is undefined, shape (videos,)."""

    @classmethod
    def build(
        cls,
        *,
        video: Places,
        scores: Floats,
        labels: NDArray[np.bool_],
        weights: Floats,
        means: Floats,
        own_auc: Floats,
    ) -> Self:
        """Rank the entries once.

        Args:
            video: Number of each entry's video, from 0, shape (entries,).
            scores: Shape (entries,).
            labels: Shape (entries,).
            weights: Frames that each entry stands for, shape (entries,).
            means: Mean score of each video, shape (videos,).
            own_auc: AUC inside each video, NaN where it is undefined, shape (videos,).
        """
        numbers = np.arange(len(means))
        anomalous = np.isin(numbers, video[labels])
        inside = anomalous[video]
        return cls(
            frames=Ranking.build(video, scores, labels, weights),
            within=Ranking.build(video[inside], scores[inside], labels[inside], weights[inside]),
            means=Ranking.build(numbers, means, anomalous, np.ones(len(means))),
            own_auc=own_auc,
        )

    def figures(self, times: Floats) -> Figures:
        """Return each figure when video `i` is there `times[i]` times; NaN where undefined."""
        frames = self.frames.weigh(times)
        defined = ~np.isnan(self.own_auc)
        videos = float(times[defined].sum())
        own_auc = float(times[defined] @ self.own_auc[defined])
        return {
            "frame_auc": frames.roc_auc(),
            "frame_ap": frames.average_precision(),
            "trapezoid_pr_auc": frames.trapezoid_pr_auc(),
            "within_auc_pooled": self.within.weigh(times).roc_auc(),
            "within_auc_macro": own_auc / videos if videos else math.nan,
            "video_auc": self.means.weigh(times).roc_auc(),
            "recall_at_far_5": frames.recall_at(FALSE_ALARM_RATE),
        }


def draw_figures(
    rows: Sequence[RankedVideos], videos: int, *, draws: int, seed: int
) -> list[list[Figures]]:
    """Return the figures of each row in each draw; every row sees the same draws of its videos."""
    figures: list[list[Figures]] = [[] for _ in rows]
    for items in resamples(videos, draws=draws, seed=seed):
        times = np.bincount(items, minlength=videos).astype(np.float64)
        for row, drawn in zip(rows, figures, strict=True):
            drawn.append(row.figures(times))
    return figures
