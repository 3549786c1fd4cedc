"""Predicted segments against annotated ones: temporal IoU of one segment or a set a video.

Times are seconds, or all are shares of the video (`to_shares`, `to_seconds`): IoU is the same in
both. Two conventions split the field:

- Normal videos are `skipped` (VAU-R1), or `counted`: a normal answer scores 1 and any other 0
  (Vad-R1, inferred from the size of its numbers).
- The union of two segments is exact. VAU-R1 takes the hull of both, which changes no score of
  segments: where they overlap it is the same, elsewhere both give 0. It matters only for times
  that are no segments (`formats/vau_r1.py`).

Events with scores and their mAP are in `events.py`.
"""

from collections.abc import Sequence
from typing import Final

from vau_agent.errors import MetricError
from vau_agent.evals.significance import bootstrap_mean
from vau_agent.evals.tables import Estimate
from vau_agent.schemas import Segment

TAUS: Final = (0.3, 0.5, 0.7)
"""IoU thresholds of VAU-R1, Vad-R1 and SRVAU-R1."""


def temporal_iou(predicted: Segment | None, truth: Segment | None) -> float:
    """Return the temporal intersection over union, 0..1.

    `None` is no anomaly: it scores 1 against `None` and 0 against a segment. An answer that cannot
    be read, or ends where it starts, is neither; its caller counts it 0.
    """
    if predicted is None or truth is None:
        return float(predicted is truth)
    return predicted.iou(truth)


def best_iou(predicted: Segment | None, truths: Sequence[Segment]) -> float:
    """Return the IoU with the annotated segment that fits best, as QVHighlights' R@1 takes it.

    No annotated segment is a normal video: 1 for a normal answer, else 0.
    """
    return max(
        (temporal_iou(predicted, truth) for truth in truths),
        default=temporal_iou(predicted, None),
    )


def set_iou(predicted: Sequence[Segment], truth: Sequence[Segment]) -> float:
    """Return the IoU of the time that several segments cover, 0..1.

    Overlapping segments of one side count once. Nothing against nothing is 1, else 0.
    """
    if not predicted or not truth:
        return float(not predicted and not truth)
    ours, theirs = merge_segments(predicted), merge_segments(truth)
    shared = sum(one.overlap(other) for one in ours for other in theirs)
    covered = sum(one.duration for one in (*ours, *theirs))
    return shared / (covered - shared)


def merge_segments(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """Join segments that overlap or touch, in time order."""
    merged: list[Segment] = []
    for segment in sorted(segments, key=lambda one: (one.start, one.end)):
        if merged and segment.start <= merged[-1].end:
            end = max(segment.end, merged[-1].end)
            merged[-1] = Segment(start=merged[-1].start, end=end)
        else:
            merged.append(segment)
    return tuple(merged)


def score_ious(
    ious: Sequence[float], *, normal: Sequence[bool] | None = None, draws: int, seed: int
) -> dict[str, Estimate]:
    """Return `miou`, `r_at_0.3`, `r_at_0.5` and `r_at_0.7`, with intervals over the items.

    R@tau is the share of items whose IoU is at least tau, the bound included. Without items a
    figure is undefined.

    Args:
        ious: One of each item, however it was taken.
        normal: Which items are normal videos. They are skipped, and `miou_normals_counted` stands
            beside `miou`; where it is `None`, no item is.
        draws: Samples of the items.
        seed: Equal seeds draw equal items.

    Raises:
        MetricError: An IoU is not a finite number, or the lengths differ.
    """
    if normal is not None and len(normal) != len(ious):
        raise MetricError(f"{len(ious)} IoUs cannot be of {len(normal)} videos")
    taken = [iou for iou, skip in zip(ious, normal or [False] * len(ious), strict=True) if not skip]
    columns: dict[str, Sequence[float]] = {"miou": taken}
    if normal is not None:
        columns["miou_normals_counted"] = ious
    columns |= {f"r_at_{tau}": [float(iou >= tau) for iou in taken] for tau in TAUS}
    return {
        name: bootstrap_mean(column, draws=draws, seed=seed).estimate()
        if column
        else Estimate(value=None, n=0, note="no item takes part")
        for name, column in columns.items()
    }


def to_seconds(share: Segment, duration_s: float) -> Segment:
    """Turn a segment in shares of the video, 0..1 (Vad-R1), into seconds.

    Raises:
        MetricError: The video has no length.
    """
    _refuse_no_length(duration_s)
    return Segment(start=share.start * duration_s, end=share.end * duration_s)


def to_shares(segment: Segment, duration_s: float) -> Segment:
    """Turn a segment in seconds into shares of the video; past its end they exceed 1.

    Raises:
        MetricError: The video has no length.
    """
    _refuse_no_length(duration_s)
    return Segment(start=segment.start / duration_s, end=segment.end / duration_s)


def _refuse_no_length(duration_s: float) -> None:
    if not 0 < duration_s < float("inf"):
        raise MetricError(f"shares of a video need its length in seconds, got {duration_s}")
