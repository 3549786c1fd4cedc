"""Anomaly scores of single frames, of any method, against any benchmark that knows frames.

Read from a CSV (`video`, `frame`, `score`; frames counted from 0, each once), a JSON object
(video -> list of scores) or an NPZ (video -> array). Scores are any finite numbers, higher is more
anomalous, one for every frame: a method that scores every 16th frame repeats its scores first.

Figures are over the videos that are in the predictions. Others are named as gaps and left out: a
curve over all frames has no score that "wrong" would mean, so look at the count of videos.
"""

import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vau_agent.errors import PredictionError
from vau_agent.evals.blind.rows import MANY, frame_rows
from vau_agent.evals.formats.base import Format, need_truth
from vau_agent.evals.formats.files import read_pairs, read_rows
from vau_agent.evals.formats.frame_truth import frame_labels, frame_spans
from vau_agent.evals.formats.truths import ANY_TRUTH, read_truth, video_id
from vau_agent.evals.metrics.frames import ScoredVideo, score_frames
from vau_agent.evals.samples import Dataset, Gap, Sample
from vau_agent.evals.tables import Row, Table

Scores = Mapping[str, NDArray[np.float64]]
MAX_BYTES: Final = 2**30


def score(predictions: Path, truth: Path | None, *, draws: int, seed: int) -> Table:
    """Score every frame of the videos that were predicted.

    Raises:
        PredictionError: No video can be scored.
        BenchmarkError: The truth belongs to no benchmark.
    """
    path = need_truth(truth, ANY_TRUTH)
    scores, gaps = read_scores(predictions)
    dataset = read_truth(path, scores.keys())
    videos, unusable = join(scores, dataset)
    if not videos:
        first = unusable[0].detail if unusable else "there are none"
        raise PredictionError(f"no video in {predictions} can be scored: {first}")
    present = {video.id: video.total for video in videos}
    samples = [
        sample.model_copy(update={"frames": present[sample.id]})
        for sample in dataset.samples
        if sample.id in present
    ]
    measured = score_frames(videos, draws=draws, seed=seed)
    return Table(
        title=f"Scores of frames on {dataset.benchmark}",
        rows=(
            Row(name="predictions", metrics=measured),
            *frame_rows(samples, draws=min(draws, MANY), seed=seed),
        ),
        conventions={
            "benchmark": dataset.benchmark,
            "annotation": dataset.annotation,
            "frames": "one score for each frame; videos of another length are left out",
            "videos": "those in the predictions",
            "ap": "average precision, step-wise",
            "within_auc": "frames of anomalous videos only",
            "intervals": "95 %, bootstrap over videos",
        },
        gaps=(*dataset.gaps, *gaps, *unusable),
    )


def read_scores(path: Path) -> tuple[Scores, tuple[Gap, ...]]:
    """Return the scores of each video, and what could not be used.

    Raises:
        PredictionError: The file cannot be read, or holds no scores.
    """
    match path.name.lower().removesuffix(".gz").rpartition(".")[2]:
        case "npz":
            found = _read_npz(path)
        case "csv":
            found = _read_csv(path)
        case "json":
            found = ((video_id(video), value) for video, value in read_pairs(path))
        case _:
            raise PredictionError(f"{path} is neither .csv nor .json nor .npz")
    scores: dict[str, NDArray[np.float64]] = {}
    gaps: list[Gap] = []
    for video, value in found:
        if isinstance(value, Gap):
            gaps.append(value)
        elif video in scores:
            gaps.append(Gap(id=video, kind="duplicate-id", detail="again; the first stays"))
        else:
            array = _numbers(value)
            if isinstance(array, str):
                gaps.append(Gap(id=video, kind="not-a-number", detail=array))
            else:
                scores[video] = array
    if not scores:
        first = f"{gaps[0].id}: {gaps[0].detail}" if gaps else "it is empty"
        raise PredictionError(f"{path} holds no scores of a video: {first}")
    return scores, tuple(gaps)


def join(scores: Scores, dataset: Dataset) -> tuple[tuple[ScoredVideo, ...], tuple[Gap, ...]]:
    """Put scores beside the labels of the same frames, in the order of the benchmark."""
    items = tuple(_joined(scores, dataset.samples))
    return (
        tuple(item for item in items if isinstance(item, ScoredVideo)),
        tuple(item for item in items if isinstance(item, Gap)),
    )


def _joined(scores: Scores, samples: Sequence[Sample]) -> Iterator[ScoredVideo | Gap]:
    for sample in samples:
        spans = frame_spans(sample)
        if sample.id not in scores:
            yield Gap(id=sample.id, kind="missing-prediction", detail="no scores; left out")
        elif spans is None:
            yield Gap(id=sample.id, kind="no-times", detail="the annotation tells no frames")
        elif sample.frames is not None and sample.frames != len(scores[sample.id]):
            detail = f"{len(scores[sample.id])} scores for {sample.frames} frames"
            yield Gap(id=sample.id, kind="wrong-length", detail=detail)
        else:
            array = scores[sample.id]
            labels = frame_labels(spans, len(array))
            yield ScoredVideo(id=sample.id, labels=labels, scores=array)
    known = {sample.id for sample in samples}
    for video in scores:
        if video not in known:
            yield Gap(id=video, kind="unknown-id", detail="scored, and not in the annotation")


def _numbers(value: object) -> NDArray[np.float64] | str:
    """Return the scores of a video, or what is wrong with them."""
    if isinstance(value, list) and not all(type(one) in (int, float) for one in value):
        return "not every score is a number"
    if not isinstance(value, list | np.ndarray):
        return "no list of scores"
    try:
        array = np.asarray(value, dtype=np.float64)
    except (ValueError, TypeError, OverflowError):
        return "no array of numbers"
    if array.ndim == 2 and 1 in array.shape:
        array = array.ravel()
    if array.ndim != 1 or not array.size:
        return f"an array of shape {np.shape(value)}; one score for each frame is wanted"
    bad = np.flatnonzero(~np.isfinite(array))
    return f"the score of frame {bad[0]} is {array[bad[0]]}" if len(bad) else array


def _read_csv(path: Path) -> Iterator[tuple[str, object]]:
    videos: dict[str, dict[int, str]] = {}
    for place, row in read_rows(path, ["video", "frame", "score"]):
        frame = row["frame"]
        video = video_id(row["video"])
        if not video or not (frame.isascii() and frame.isdigit() and len(frame) < 10):
            detail = f"video {row['video'][:40]!r}, frame {frame[:20]!r}"
            yield place, Gap(id=place, kind="missing-field", detail=detail)
        elif int(frame) in videos.setdefault(video, {}):
            yield place, Gap(id=place, kind="duplicate-id", detail=f"{video}, frame {frame}")
        else:
            videos[video][int(frame)] = row["score"]
    for video, frames in videos.items():
        if max(frames, default=-1) + 1 != len(frames):
            detail = f"{len(frames)} scores up to frame {max(frames, default=-1)}"
            yield video, Gap(id=video, kind="wrong-length", detail=detail)
        elif frames:
            yield video, [_number(frames[number]) for number in range(len(frames))]


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _read_npz(path: Path) -> Iterator[tuple[str, object]]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise PredictionError(f"{path} has more than {MAX_BYTES} bytes")
        # Opened here: numpy leaves a file open that it cannot read.
        with path.open("rb") as file:
            if not zipfile.is_zipfile(file):
                raise PredictionError(f"{path} is no NPZ of arrays: it is not packed as one")
            file.seek(0)
            with np.load(file, allow_pickle=False) as arrays:
                yield from ((video_id(name), _array(arrays, name)) for name in arrays.files)
    except OSError as error:
        raise PredictionError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise PredictionError(f"{path} is no NPZ of arrays: {error}") from error


def _array(arrays: Mapping[str, NDArray[np.float64]], name: str) -> object:
    try:
        return arrays[name]
    except (ValueError, EOFError, OSError, zipfile.BadZipFile, zlib.error, NotImplementedError):
        return None


FRAME_SCORES: Final = Format(
    name="frame-scores",
    title="Anomaly scores of every frame, of any method",
    predictions="CSV video,frame,score | JSON video -> scores | NPZ video -> array",
    truth=ANY_TRUTH,
    score=score,
)
