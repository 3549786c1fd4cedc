"""Plots made from what was scored: curves of frames, calibration, differences, videos over time."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from vau_agent.evals.metrics.calibration import Bin
from vau_agent.evals.metrics.frames import ScoredVideo, frame_ap, frame_auc
from vau_agent.evals.records import Record
from vau_agent.evals.report.figures import defined, number
from vau_agent.evals.report.plots import (
    CostCurve,
    CostLine,
    CostPoint,
    Curve,
    Effect,
    Forest,
    Line,
    Point,
    Reliability,
    ReliabilityBin,
    Strip,
    Timeline,
)
from vau_agent.evals.samples import Dataset, Sample
from vau_agent.evals.significance import wilson
from vau_agent.evals.tables import RowKind, Table
from vau_agent.schemas import Segment

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_POINTS: Final = 300
"""Points a line keeps, evenly along it."""
MAX_VIDEOS: Final = 12
CALLS: Final = "calls_per_video_hour"
METRICS: Final[Mapping[str, str]] = {
    "frame_auc": "frame AUC",
    "within_auc_pooled": "within-video AUC, pooled",
    "within_auc_macro": "within-video AUC, macro",
    "miou": "mIoU",
    "set_iou": "IoU of covered time",
}
"""Metrics whose differences and cost are drawn, in this order, and their names in words."""


@dataclass(frozen=True, kw_only=True)
class ScoredMethod:
    """The frames that one method scored."""

    name: str
    kind: RowKind = "measured"
    videos: Sequence[ScoredVideo]


def roc_plot(methods: Sequence[ScoredMethod]) -> Curve:
    """Draw recall against false alarms over all frames of each method.

    Raises:
        MetricError: The frames of a method are all anomalous or all normal.
    """
    from sklearn.metrics import roc_curve

    lines = []
    for method in methods:
        area = frame_auc(method.videos)
        labels, scores, weights = _pooled(method.videos)
        alarms, recall, _ = roc_curve(labels, scores, sample_weight=weights)
        lines.append(_line(method, alarms, recall, f"area {number(area)}"))
    return Curve(
        title="ROC, frames",
        about=_extent(methods),
        x="false-alarm rate",
        y="recall",
        lines=tuple(lines),
        chance=Line(name="guessing", points=(Point(x=0, y=0), Point(x=1, y=1))),
    )


def precision_recall_plot(methods: Sequence[ScoredMethod]) -> Curve:
    """Draw precision against recall over all frames, in steps: the area is the frame AP.

    Raises:
        MetricError: The frames of a method are all anomalous or all normal.
    """
    import numpy as np
    from sklearn.metrics import precision_recall_curve

    lines = []
    for method in methods:
        area = frame_ap(method.videos)
        labels, scores, weights = _pooled(method.videos)
        falling, recall, _ = precision_recall_curve(labels, scores, sample_weight=weights)
        # From recall 0 on; each precision holds since the recall before it.
        corners, steps = np.repeat(recall[::-1], 2)[1:-1], np.repeat(falling[-2::-1], 2)
        lines.append(_line(method, corners, steps, f"AP {number(area)}"))
    chance = _anomalous_share(methods)
    return Curve(
        title="Precision against recall, frames",
        about=_extent(methods),
        x="recall",
        y="precision",
        lines=tuple(lines),
        chance=Line(name="guessing", points=(Point(x=0, y=chance), Point(x=1, y=chance))),
    )


def reliability_plot(bins: Sequence[Bin], *, title: str, about: str = "") -> Reliability:
    """Draw calibration; each share carries its Wilson interval."""
    return Reliability(
        title=title,
        about=about,
        bins=tuple(
            ReliabilityBin(
                confidence=one.confidence,
                accuracy=wilson(round(one.frequency * one.count), one.count).estimate(),
            )
            for one in bins
            if one.count
        ),
    )


def forest_plot(table: Table, metric: str) -> Forest:
    """Draw the differences of a table in one metric, in the order of its rows."""
    name = METRICS.get(metric, metric)
    return Forest(
        title=f"Difference in {name}",
        about=f"{table.title}.",
        x=name,
        effects=tuple(
            Effect(name=row.name, difference=row.metrics[metric])
            for row in table.rows
            if row.kind == "difference" and metric in row.metrics
        ),
    )


def cost_plot(table: Table, metric: str) -> CostCurve:
    """Draw one metric against the calls that each row of a table made for an hour of video.

    Measured rows are the agent at several costs, one line; other rows are lines of their own.
    """
    points: dict[tuple[str, RowKind], list[CostPoint]] = {}
    for row in table.rows:
        calls = row.metrics.get(CALLS)
        if row.kind == "difference" or metric not in row.metrics or calls is None:
            continue
        line = "agent" if row.kind == "measured" else row.name
        score = row.metrics[metric]
        if (cost := defined(calls)) is not None:
            points.setdefault((line, row.kind), []).append(CostPoint(cost=cost, score=score))
    name = METRICS.get(metric, metric)
    return CostCurve(
        title=f"Calls against {name}",
        about=f"{table.title}.",
        x="calls an hour of video",
        y=name,
        lines=tuple(
            CostLine(name=line, kind=kind, points=tuple(found))
            for (line, kind), found in points.items()
        ),
    )


def timeline_plot(
    dataset: Dataset, records: Sequence[Record], *, most: int = MAX_VIDEOS
) -> Timeline:
    """Draw some videos over time, chosen by the hash of their ids and shown under numbers.

    Videos that failed, have no known length, or whose truth nobody wrote down are left out.
    """
    samples = {sample.id: sample for sample in dataset.samples}
    by_hash = sorted(records, key=lambda one: hashlib.sha256(one.sample_id.encode()).hexdigest())
    strips = [
        strip
        for record in by_hash
        if record.sample_id in samples
        if (strip := _strip(samples[record.sample_id], record)) is not None
    ]
    return Timeline(
        title="Truth and prediction over time",
        about=f"{min(most, len(strips))} of {len(strips)} videos, chosen by the hash of their ids.",
        strips=tuple(strips[:most]),
    )


def _line(
    method: ScoredMethod, x: "NDArray[np.float64]", y: "NDArray[np.float64]", note: str
) -> Line:
    """Keep points evenly along a line, its ends always."""
    import numpy as np

    if len(x) > MAX_POINTS:
        along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
        kept = np.unique(np.searchsorted(along, np.linspace(0, along[-1], MAX_POINTS)))
        kept = np.unique(np.concatenate([[0], np.minimum(kept, len(x) - 1), [len(x) - 1]]))
        x, y = x[kept], y[kept]
    points = tuple(Point(x=float(a), y=float(b)) for a, b in zip(x, y, strict=True))
    return Line(name=method.name, kind=method.kind, points=points, note=note)


def _pooled(
    videos: Sequence[ScoredVideo],
) -> "tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]]":
    import numpy as np

    return (
        np.concatenate([video.labels for video in videos]),
        np.concatenate([video.scores for video in videos]),
        np.concatenate([video.weights for video in videos]),
    )


def _extent(methods: Sequence[ScoredMethod]) -> str:
    sizes = {(sum(video.total for video in one.videos), len(one.videos)) for one in methods}
    said = " or ".join(
        f"{frames:,} frames of {count:,} video{'' if count == 1 else 's'}"
        for frames, count in sorted(sizes)
    )
    return f"Pooled over {said}." if said else ""


def _anomalous_share(methods: Sequence[ScoredMethod]) -> float:
    """Give the share of anomalous frames of the first method: the precision of guessing."""
    if not methods:
        return 0.0
    videos = methods[0].videos
    return sum(video.anomalous_frames for video in videos) / sum(video.total for video in videos)


def _strip(sample: Sample, record: Record) -> Strip | None:
    duration = _duration(sample, record)
    truth = _true_times(sample)
    if record.final is None or duration is None or truth is None:
        return None
    return Strip(duration_s=duration, truth=truth, said=record.final.events, curve=record.curve)


def _duration(sample: Sample, record: Record) -> float | None:
    counted = sample.frames / sample.fps if sample.frames and sample.fps else None
    return record.duration_s or sample.duration_s or counted


def _true_times(sample: Sample) -> tuple[Segment, ...] | None:
    truth, fps = sample.truth, sample.fps
    if truth.events is not None or not truth.anomalous:
        return truth.events or ()
    if truth.spans is None or fps is None:
        return None
    return tuple(Segment(start=one.start / fps, end=one.end / fps) for one in truth.spans)
