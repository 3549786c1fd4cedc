"""CoReVAD's recorded answers: one verdict and one sentence for every 30 frames of a video.

A JSON object: name of the video -> its answers in order, each a text that opens with "Normal
scenes." or "Anomalous scenes." (the file may be gzip). Three rows are scored, as CoReVAD's
`src/ucf/eval_ucf.py` does without its CLIP parts (Muk-00/CoReVAD, read in the code):

- `raw`: 1 for an anomalous answer, else 0; an answer that says neither is 0, and counted.
- `smoothed`: convolved with a Gaussian of 9 answers and sigma 5, zeros beyond the ends. Its points
  lie at `linspace(-5, 4, 9)`, so it is not symmetric; published so, kept so. (On a video of fewer
  than 9 answers the published code also shifts the result; this one does not: below 1e-5 of AUC.)
- `smoothed_and_position_weighted`: times a Gaussian over the frames, centred on frame `n // 2`,
  with sigma `n // 2`: a fact about the test set, not about any video.

Each answer counts for 30 frames, cut at the length of the video as the annotation tells it; an
annotation without lengths leaves 30 frames to every answer. Figures are over the videos that are
in the predictions; of a published half, that is the half.

`video_level_auc_of_mean` ranks videos by the plain mean of their raw answers in every row.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vau_agent.errors import PredictionError
from vau_agent.evals.benchmarks.ucf_crime import UCF_CRIME
from vau_agent.evals.blind.rows import MANY, frame_rows
from vau_agent.evals.formats.base import Format, need_truth
from vau_agent.evals.formats.files import read_pairs
from vau_agent.evals.formats.frame_truth import frame_labels, frame_spans
from vau_agent.evals.metrics.curves import position_weights, smooth_gaussian
from vau_agent.evals.metrics.frames import ScoredVideo, score_frames
from vau_agent.evals.samples import Dataset, Gap, Sample
from vau_agent.evals.tables import Estimate, Row, Table

ENTRY_FRAMES: Final = 30
"""Frames that one answer stands for."""
MOST_OFF: Final = 2
"""Answers too many or too few, as decoders differ; such a video is scored as far as both reach."""
SIZE: Final = 9
SIGMA: Final = 5.0

Series = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class AnsweredVideo:
    """The answers about one video, and which of its frames are anomalous."""

    id: str
    answers: tuple[str, ...]
    labels: NDArray[np.bool_]
    """Shape (frames,)."""

    @property
    def raw(self) -> Series:
        """1 for each anomalous answer, else 0; shape (answers,)."""
        return np.array([float(parse_verdict(answer) is True) for answer in self.answers])


def read_answers(path: Path) -> tuple[Mapping[str, tuple[str, ...]], tuple[Gap, ...]]:
    """Return the answers of each video in order, and what in the file could not be used.

    Raises:
        PredictionError: The file cannot be read, or no video in it has answers.
    """
    answers: dict[str, tuple[str, ...]] = {}
    gaps: list[Gap] = []
    for video, value in read_pairs(path):
        if video in answers:
            gaps.append(
                Gap(id=video, kind="duplicate-id", detail="answered again; the first stays")
            )
        elif not isinstance(value, list) or not value:
            gaps.append(Gap(id=video, kind="unreadable", detail="no list of answers"))
        else:
            texts = tuple(entry for entry in value if isinstance(entry, str))
            if len(texts) == len(value):
                answers[video] = texts
            else:
                wrong = f"{len(value) - len(texts)} of {len(value)} answers are no text"
                gaps.append(Gap(id=video, kind="unreadable", detail=wrong))
    if not answers:
        raise PredictionError(f"{path} holds no answers; wanted: video -> list of texts")
    return answers, tuple(gaps)


def parse_verdict(text: str) -> bool | None:
    """Tell whether an answer opens as anomalous; `None` when it says neither."""
    opening = " ".join(text.split()).casefold()
    if opening.startswith("anomalous scenes"):
        return True
    return False if opening.startswith("normal scenes") else None


def score(predictions: Path, truth: Path | None, *, draws: int, seed: int) -> Table:
    """Score answers against UCF-Crime's frames; see the module for the rules.

    Raises:
        PredictionError: No video of the predictions can be scored.
        BenchmarkError: The annotation cannot be used.
    """
    dataset = UCF_CRIME.read(need_truth(truth, UCF_CRIME.annotations))
    answers, gaps = read_answers(predictions)
    videos, unusable = join(answers, dataset)
    present = {video.id: len(video.labels) for video in videos}
    samples = [
        sample.model_copy(update={"frames": present[sample.id]})
        for sample in dataset.samples
        if sample.id in present
    ]
    if not videos:
        raise PredictionError(f"none of the videos in {predictions} is in {truth}")
    unparsed = sum(parse_verdict(text) is None for video in videos for text in video.answers)
    total = sum(len(video.answers) for video in videos)
    return Table(
        title="CoReVAD's answers on UCF-Crime",
        rows=(
            *score_answers(videos, draws=draws, seed=seed),
            *(
                row.model_copy(update={"metrics": _named(row.metrics)})
                for row in frame_rows(samples, draws=min(draws, MANY), seed=seed)
            ),
        ),
        conventions={
            "annotation": dataset.annotation,
            "frames": "30 an answer, cut at the annotated length",
            "smoothing": f"Gaussian, size {SIZE}, sigma {SIGMA:g}, zero-padded",
            "position": "Gaussian over frames at n/2, sigma n/2; a fact about the test set",
            "ap": "average precision, step-wise",
            "videos": "those in the predictions",
            "intervals": "95 %, bootstrap over videos",
        },
        gaps=(*dataset.gaps, *gaps, *unusable),
        notes=(f"{unparsed} of {total} answers say neither and count as normal, as published",),
    )


def score_answers(videos: Sequence[AnsweredVideo], *, draws: int, seed: int) -> tuple[Row, ...]:
    """Return the rows `raw`, `smoothed` and `smoothed_and_position_weighted`.

    Raises:
        MetricError: There is no video.
    """
    means = [
        ScoredVideo(
            id=video.id, labels=np.array([video.labels.any()]), scores=np.array([video.raw.mean()])
        )
        for video in videos
    ]
    ranked = score_frames(means, draws=draws, seed=seed)["frame_auc"]
    return tuple(
        Row(
            name=name,
            metrics=_named(score_frames(scored, draws=draws, seed=seed))
            | {"video_level_auc_of_mean": ranked},
        )
        for name, scored in series(videos).items()
    )


def series(videos: Sequence[AnsweredVideo]) -> dict[str, tuple[ScoredVideo, ...]]:
    """Return the frames of every video with their scores, by the name of the row."""
    rows: dict[str, list[ScoredVideo]] = {}
    for video in videos:
        frames = len(video.labels)
        soft = spread(smooth_gaussian(video.raw, size=SIZE, sigma=SIGMA, edges="zeros"), frames)
        scores = {
            "raw": spread(video.raw, frames),
            "smoothed": soft,
            "smoothed_and_position_weighted": soft * position_weights(frames),
        }
        for name, one in scores.items():
            scored = ScoredVideo(id=video.id, labels=video.labels, scores=one)
            rows.setdefault(name, []).append(scored)
    return {name: tuple(scored) for name, scored in rows.items()}


def spread(scores: Series, frames: int) -> Series:
    """Return the score of each frame, shape (frames,), from one score for every 30."""
    return np.repeat(scores, ENTRY_FRAMES)[:frames]


def join(
    answers: Mapping[str, tuple[str, ...]], dataset: Dataset
) -> tuple[tuple[AnsweredVideo, ...], tuple[Gap, ...]]:
    """Put answers beside the labels of the same frames; videos are joined by their name."""
    samples = {sample.id: sample for sample in dataset.samples}
    items = tuple(_joined(answers, samples))
    return (
        tuple(item for item in items if isinstance(item, AnsweredVideo)),
        tuple(item for item in items if isinstance(item, Gap)),
    )


def _joined(
    answers: Mapping[str, tuple[str, ...]], samples: Mapping[str, Sample]
) -> Iterator[AnsweredVideo | Gap]:
    for video, texts in answers.items():
        sample = samples.get(video)
        if sample is None:
            yield Gap(id=video, kind="unknown-id", detail="answered, and not in the annotation")
            continue
        covered = ENTRY_FRAMES * len(texts)
        frames = covered if sample.frames is None else sample.frames
        spans = frame_spans(sample)
        if spans is None:
            yield Gap(id=video, kind="no-times", detail="the annotation tells no frames")
            continue
        wanted = -(-frames // ENTRY_FRAMES)
        shared = min(frames, covered)
        close = abs(len(texts) - wanted) <= MOST_OFF
        if len(texts) != wanted:
            done = f"the first {shared} frames are scored" if close else "left out"
            detail = f"{len(texts)} answers for a video of {frames} frames, not {wanted}; {done}"
            yield Gap(id=video, kind="wrong-length", detail=detail)
        if close:
            yield AnsweredVideo(id=video, answers=texts, labels=frame_labels(spans, shared))


def _named(scores: Mapping[str, Estimate]) -> dict[str, Estimate]:
    """Give the figures the names of the published table."""
    names = {"frame_auc": "auc", "frame_ap": "ap"}
    return {names.get(name, name): one for name, one in scores.items() if name != "video_auc"}


COREVAD: Final = Format(
    name="corevad",
    title="CoReVAD's answers, one for every 30 frames of UCF-Crime",
    predictions="JSON: video -> list of answers ('Normal scenes. ...'), .gz allowed",
    truth=UCF_CRIME.annotations,
    score=score,
)
