"""Anomaly scores of frames against their labels, over all videos and inside the anomalous ones.

Pooled figures mix two questions: which video is anomalous, and when. A perfect video label that is
flat in time already scores 81.6 on UCF-Crime, so `within_video_auc`, which asks only "when", stands
beside every frame AUC. Figures are shares, 0..1.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from vau_agent.errors import MetricError
from vau_agent.evals.metrics.resampling import FALSE_ALARM_RATE, RankedVideos, draw_figures
from vau_agent.evals.significance import Interval, percentile_interval
from vau_agent.evals.tables import Estimate

Average = Literal["pooled", "macro"]
"""`pooled`: one curve over all frames. `macro`: the mean of one figure a video."""

PAIRED: Final = ("frame_auc", "frame_ap", "within_auc_pooled", "within_auc_macro")


@dataclass(frozen=True, kw_only=True)
class ScoredVideo:
    """The frames of one video: entries of shape (entries,), each standing for equal frames.

    Raises:
        MetricError: The arrays differ in length or are empty, a score is not finite, or `frames`
            does not fit the entries.
    """

    id: str
    labels: NDArray[np.bool_]
    """Whether the frame is anomalous."""
    scores: NDArray[np.float64]
    """How anomalous it seems; any finite number."""
    repeat: int = 1
    """Frames that each entry stands for."""
    frames: int | None = None
    """Frames in all, when the last entry stands for fewer than `repeat`."""

    def __post_init__(self) -> None:
        entries = len(self.labels)
        if self.labels.shape != (entries,) or self.scores.shape != (entries,):
            raise MetricError(
                f"video {self.id!r}: {self.labels.shape} labels and {self.scores.shape} scores; "
                "give one score for each label"
            )
        if entries == 0:
            raise MetricError(f"video {self.id!r} has no frames; leave it out and count it")
        if self.labels.dtype != np.bool_ or not np.issubdtype(self.scores.dtype, np.floating):
            raise MetricError(
                f"video {self.id!r}: labels are {self.labels.dtype} and scores "
                f"{self.scores.dtype}; give bool and float"
            )
        bad = np.flatnonzero(~np.isfinite(self.scores))
        if len(bad):
            raise MetricError(
                f"video {self.id!r}: the score of entry {bad[0]} is {self.scores[bad[0]]}; "
                "give a finite number"
            )
        if self.repeat < 1 or not (entries - 1) * self.repeat < self.total <= entries * self.repeat:
            raise MetricError(
                f"video {self.id!r}: {entries} entries of {self.repeat} frames "
                f"do not make {self.total} frames"
            )

    @property
    def total(self) -> int:
        """Frames in all."""
        return len(self.labels) * self.repeat if self.frames is None else self.frames

    @property
    def weights(self) -> NDArray[np.float64]:
        """Frames that each entry stands for, shape (entries,)."""
        weights = np.full(len(self.labels), float(self.repeat))
        weights[-1] = self.total - (len(self.labels) - 1) * self.repeat
        return weights

    @property
    def anomalous_frames(self) -> int:
        """Frames with an anomaly."""
        return int(self.weights[self.labels].sum())

    @property
    def is_anomalous(self) -> bool:
        """Whether any frame is."""
        return bool(self.labels.any())

    @property
    def has_both(self) -> bool:
        """Whether some frames are anomalous and some are not."""
        return self.is_anomalous and not self.labels.all()

    @property
    def mean_score(self) -> float:
        """Mean over its frames, to 12 digits: equal scores have an equal mean at any length."""
        return float(f"{np.average(self.scores, weights=self.weights):.12g}")


def frame_auc(videos: Sequence[ScoredVideo]) -> float:
    """Return the area under the ROC curve of all frames together.

    Raises:
        MetricError: The frames are all anomalous or all normal, or an id comes twice.
    """
    from sklearn.metrics import roc_auc_score

    labels, scores, weights = _pool(videos, "frame AUC")
    return float(roc_auc_score(labels, scores, sample_weight=weights))


def frame_ap(videos: Sequence[ScoredVideo]) -> float:
    """Return the average precision of all frames: the step-wise sum, without interpolation.

    Raises:
        MetricError: As `frame_auc`.
    """
    from sklearn.metrics import average_precision_score

    labels, scores, weights = _pool(videos, "frame AP")
    return float(average_precision_score(labels, scores, sample_weight=weights))


def trapezoid_pr_auc(videos: Sequence[ScoredVideo]) -> float:
    """Return the trapezoid area under precision and recall, which flatters tied scores.

    Not comparable with `frame_ap`; some published "AP" values are this (VADTree, Probe-VAD).

    Raises:
        MetricError: As `frame_auc`.
    """
    from sklearn.metrics import auc, precision_recall_curve

    labels, scores, weights = _pool(videos, "trapezoid PR AUC")
    precision, recall, _ = precision_recall_curve(labels, scores, sample_weight=weights)
    return float(auc(recall, precision))


def within_video_auc(videos: Sequence[ScoredVideo], *, average: Average) -> float:
    """Return the frame AUC inside anomalous videos: it asks "when", not "which video".

    Args:
        videos: Normal ones take no part.
        average: `pooled` makes one curve over all frames of anomalous videos (as VADTree's
            "Abnormal" pool), `macro` is the mean AUC of the videos that hold both classes
            (`macro_videos` of them).

    Raises:
        MetricError: No anomalous video has a normal frame, or an id comes twice.
    """
    _refuse_twins(videos)
    if average == "pooled":
        return frame_auc([video for video in videos if video.is_anomalous])
    both = [video for video in videos if video.has_both]
    if not both:
        raise MetricError("within-video AUC needs an anomalous video with normal frames, got none")
    return float(np.mean([frame_auc([video]) for video in both]))


def macro_videos(videos: Sequence[ScoredVideo]) -> int:
    """Return how many videos hold both classes: those of the macro within-video AUC."""
    return sum(video.has_both for video in videos)


def video_auc(videos: Sequence[ScoredVideo]) -> float:
    """Return the ROC area of the mean score of each video against "any frame is anomalous".

    Raises:
        MetricError: The videos are all anomalous or all normal, or an id comes twice.
    """
    from sklearn.metrics import roc_auc_score

    _refuse_twins(videos)
    labels = [video.is_anomalous for video in videos]
    _refuse_one_class(np.array(labels), "video AUC")
    return float(roc_auc_score(labels, [video.mean_score for video in videos]))


def recall_at_false_alarms(videos: Sequence[ScoredVideo], rate: float) -> float:
    """Return the recall of anomalous frames at a fixed false-alarm rate.

    It is the highest recall of any threshold at which at most `rate` of the normal frames score as
    high; between thresholds nothing is interpolated, so a tie counts whole or not at all.

    Args:
        videos: All frames together.
        rate: Share of normal frames, 0..1.

    Raises:
        MetricError: As `frame_auc`, or `rate` is no share.
    """
    from sklearn.metrics import roc_curve

    if not 0 <= rate <= 1:
        raise MetricError(f"a false-alarm rate lies in 0..1, got {rate}")
    labels, scores, weights = _pool(videos, "recall at a false-alarm rate")
    alarms, recall, _ = roc_curve(labels, scores, sample_weight=weights, drop_intermediate=False)
    return float(recall[alarms <= rate].max())


def score_frames(videos: Sequence[ScoredVideo], *, draws: int, seed: int) -> dict[str, Estimate]:
    """Return every figure of this module, with 95 % intervals from a bootstrap over videos.

    Videos are drawn whole and not by class. A figure that is undefined on these videos has no
    value and a note; draws that leave one undefined are counted in its note.

    Args:
        videos: Each id once.
        draws: Samples of the videos; 0 leaves the intervals out.
        seed: Equal seeds draw equal videos.

    Returns:
        `frame_auc`, `frame_ap`, `trapezoid_pr_auc`, `within_auc_pooled`, `within_auc_macro`,
        `video_auc`, `recall_at_far_5`, and the counts `frames`, `anomalous_frames`, `videos`.

    Raises:
        MetricError: There is no video, or an id comes twice.
    """
    _refuse_none(videos)
    _refuse_twins(videos)
    drawn = draw_figures([_rank(videos)], len(videos), draws=draws, seed=seed)[0] if draws else []
    scores = {
        name: _estimate(measure, videos, [one[name] for one in drawn], _rests_on(name, videos))
        for name, measure in _MEASURES.items()
    }
    counts = {
        "frames": sum(video.total for video in videos),
        "anomalous_frames": sum(video.anomalous_frames for video in videos),
        "videos": len(videos),
    }
    n = len(videos)
    return scores | {name: Estimate(value=count, n=n) for name, count in counts.items()}


def paired_frames(
    a: Sequence[ScoredVideo], b: Sequence[ScoredVideo], *, draws: int, seed: int
) -> dict[str, Interval]:
    """Return `b - a` for the frame and within-video figures, the same videos drawn for both.

    Returns:
        `frame_auc`, `frame_ap`, `within_auc_pooled` and `within_auc_macro`; one that is undefined
        on these videos, or in every draw of them, is absent.

    Raises:
        MetricError: There is no video or no draw, the two do not score the same videos, or their
            truths differ.
    """
    _refuse_none(a)
    b = _align(a, b)
    rows = [_rank(a), _rank(b)]
    of_a, of_b = draw_figures(rows, len(a), draws=draws, seed=seed)
    whole_a, whole_b = (row.figures(np.ones(len(a))) for row in rows)
    differences: dict[str, Interval] = {}
    for name in PAIRED:
        value = whole_b[name] - whole_a[name]
        pairs = zip(of_a, of_b, strict=True)
        drawn = np.array([second[name] - first[name] for first, second in pairs])
        if not math.isnan(value) and not np.isnan(drawn).all():
            differences[name] = percentile_interval(value, drawn, _rests_on(name, a))
    return differences


_MEASURES: Final[Mapping[str, Callable[[Sequence[ScoredVideo]], float]]] = {
    "frame_auc": frame_auc,
    "frame_ap": frame_ap,
    "trapezoid_pr_auc": trapezoid_pr_auc,
    "within_auc_pooled": lambda videos: within_video_auc(videos, average="pooled"),
    "within_auc_macro": lambda videos: within_video_auc(videos, average="macro"),
    "video_auc": video_auc,
    "recall_at_far_5": lambda videos: recall_at_false_alarms(videos, FALSE_ALARM_RATE),
}


def _rank(videos: Sequence[ScoredVideo]) -> RankedVideos:
    return RankedVideos.build(
        video=np.repeat(np.arange(len(videos)), [len(video.labels) for video in videos]),
        scores=np.concatenate([video.scores for video in videos]),
        labels=np.concatenate([video.labels for video in videos]),
        weights=np.concatenate([video.weights for video in videos]),
        means=np.array([video.mean_score for video in videos]),
        own_auc=np.array([frame_auc([v]) if v.has_both else math.nan for v in videos]),
    )


def _estimate(
    measure: Callable[[Sequence[ScoredVideo]], float],
    videos: Sequence[ScoredVideo],
    drawn: Sequence[float],
    n: int,
) -> Estimate:
    try:
        value = measure(videos)
    except MetricError as error:
        return Estimate(value=None, n=n, note=str(error))
    if np.isnan(drawn).all():
        note = f"undefined in all {len(drawn)} draws" if drawn else ""
        return Estimate(value=value, n=n, note=note)
    return percentile_interval(value, np.array(drawn), n).estimate()


def _rests_on(name: str, videos: Sequence[ScoredVideo]) -> int:
    """Return how many videos a figure rests on."""
    match name:
        case "within_auc_macro":
            return macro_videos(videos)
        case "within_auc_pooled":
            return sum(video.is_anomalous for video in videos)
        case _:
            return len(videos)


def _pool(
    videos: Sequence[ScoredVideo], metric: str
) -> tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]]:
    """Return labels, scores and weights of all entries."""
    _refuse_twins(videos)
    labels = np.concatenate([np.empty(0, np.bool_), *(video.labels for video in videos)])
    _refuse_one_class(labels, metric)
    scores = np.concatenate([video.scores for video in videos])
    return labels, scores, np.concatenate([video.weights for video in videos])


def _refuse_one_class(labels: NDArray[np.bool_], metric: str) -> None:
    if not labels.any() or labels.all():
        kind = "anomalous" if labels.any() else "normal"
        what = f"all {len(labels)} are {kind}" if len(labels) else "there is none"
        raise MetricError(f"{metric} needs anomalous and normal items, but {what}")


def _refuse_none(videos: Sequence[ScoredVideo]) -> None:
    if not videos:
        raise MetricError("there is no video to score; see the gaps")


def _refuse_twins(videos: Sequence[ScoredVideo]) -> None:
    seen: set[str] = set()
    for video in videos:
        if video.id in seen:
            raise MetricError(f"video {video.id!r} is scored twice; keep one of them")
        seen.add(video.id)


def _align(a: Sequence[ScoredVideo], b: Sequence[ScoredVideo]) -> list[ScoredVideo]:
    """Return `b` in the order of `a`."""
    _refuse_twins(a)
    _refuse_twins(b)
    by_id = {video.id: video for video in b}
    strangers = sorted({video.id for video in a} ^ by_id.keys())
    if strangers:
        raise MetricError(f"a pair scores the same videos, but {strangers[0]!r} is in one only")
    aligned = [by_id[video.id] for video in a]
    for one, other in zip(a, aligned, strict=True):
        if (one.total, one.anomalous_frames) != (other.total, other.anomalous_frames):
            raise MetricError(
                f"video {one.id!r}: {one.anomalous_frames} of {one.total} frames are anomalous in "
                f"one, {other.anomalous_frames} of {other.total} in the other; use one truth"
            )
    return aligned
