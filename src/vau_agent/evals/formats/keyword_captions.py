"""Captions of single frames, scored by keywords alone: a floor for any system that reads captions.

JSON lines, each with `video`, `frame`, `label` (0 or 1) and `caption`, as made from AnomalyRuler's
published captions of UCSD Ped2. A frame scores 1 when its caption names a thing that has no place
on a foot path (`KEYWORDS`, Ped2's own definition of an anomaly: anything but walking people), else
0; `smoothed` is the mean over the 9 frames around it.

The keywords come from the data set's description. The window does not come from any paper: of the
odd ones from 3 to 25 it is the one that meets the floor known for these captions, so the figure
says how little language this set asks for, and nothing about a method.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from vau_agent.errors import PredictionError
from vau_agent.evals.formats.base import Format
from vau_agent.evals.formats.files import read_lines
from vau_agent.evals.metrics.frames import ScoredVideo, score_frames
from vau_agent.evals.samples import Gap
from vau_agent.evals.tables import Row, Table

KEYWORDS: Final = ("bicycle", "bike", "skateboard", "cart", "vehicle", "car", "truck", "riding")
"""As whole words, with or without a plural s, in either case."""
WINDOW: Final = 9
"""Frames that `smoothed` takes the mean of; the last one is repeated beyond the ends."""
_KEYWORD: Final = re.compile(rf"\b(?:{'|'.join(KEYWORDS)})s?\b", re.IGNORECASE)


def names_keyword(caption: str) -> bool:
    """Tell whether a caption holds a keyword."""
    return _KEYWORD.search(caption) is not None


def score(predictions: Path, truth: Path | None, *, draws: int, seed: int) -> Table:
    """Score captions against the label beside each of them; `truth` is not read.

    Raises:
        PredictionError: No line can be used.
    """
    lines, gaps = read_lines(predictions)
    frames, unusable = _frames(lines)
    if not frames:
        raise PredictionError(f"{predictions} holds no line with video, frame, label and caption")
    raw = [_video(name, entries) for name, entries in frames.items()]
    smoothed = [
        ScoredVideo(id=video.id, labels=video.labels, scores=moving_mean(video.scores))
        for video in raw
    ]
    rows = {"keyword, smoothed": smoothed, "keyword": raw}
    return Table(
        title="Captions scored by keywords",
        rows=tuple(
            Row(
                name=name,
                kind="floor",
                metrics={
                    {"frame_auc": "keyword_auc", "frame_ap": "keyword_ap"}.get(key, key): one
                    for key, one in score_frames(videos, draws=draws, seed=seed).items()
                },
            )
            for name, videos in rows.items()
        ),
        conventions={
            "keywords": ", ".join(KEYWORDS),
            "smoothing": f"mean over {WINDOW} frames; our reading: no paper names it",
            "ap": "average precision, step-wise",
            "truth": "the field `label` of each line",
            "intervals": "95 %, bootstrap over videos",
        },
        gaps=(*gaps, *unusable),
    )


def moving_mean(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean over the frames around each, shape (frames,)."""
    from scipy.ndimage import uniform_filter1d

    smoothed: NDArray[np.float64] = uniform_filter1d(scores, WINDOW, mode="nearest")
    # A running sum leaves dust of 1e-17 that would break ties between equal means.
    return np.round(smoothed, 9)


def _frames(
    lines: Sequence[tuple[str, Mapping[str, JsonValue]]],
) -> tuple[dict[str, dict[int, tuple[bool, bool]]], list[Gap]]:
    """Return label and keyword of each frame, by video and frame."""
    videos: dict[str, dict[int, tuple[bool, bool]]] = {}
    gaps: list[Gap] = []
    for place, line in lines:
        video, frame, label, caption = (
            line.get(name) for name in ("video", "frame", "label", "caption")
        )
        if not isinstance(video, str) or not video or type(frame) is not int:
            gaps.append(Gap(id=place, kind="missing-field", detail="no video or no frame number"))
        elif label not in (0, 1):
            gaps.append(Gap(id=place, kind="missing-truth", detail=f"label is {label!r}"[:80]))
        elif frame in videos.get(video, {}):
            gaps.append(Gap(id=place, kind="duplicate-id", detail=f"{video}, frame {frame}"))
        else:
            if not isinstance(caption, str):
                detail = "no caption; scored as one without keyword"
                gaps.append(Gap(id=place, kind="missing-prediction", detail=detail))
            found = isinstance(caption, str) and names_keyword(caption)
            videos.setdefault(video, {})[frame] = bool(label), found
    return videos, gaps


def _video(name: str, frames: Mapping[int, tuple[bool, bool]]) -> ScoredVideo:
    ordered = [frames[number] for number in sorted(frames)]
    return ScoredVideo(
        id=name,
        labels=np.array([label for label, _ in ordered]),
        scores=np.array([float(found) for _, found in ordered]),
    )


KEYWORD_CAPTIONS: Final = Format(
    name="keyword-captions",
    title="Captions of frames, scored by keywords",
    predictions="JSON lines with video, frame, label (0 or 1) and caption, .gz allowed",
    truth="",
    score=score,
)
