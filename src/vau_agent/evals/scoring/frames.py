"""Which moments are anomalous: curves of score against annotated times."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vau_agent.evals.blind import rows as blind
from vau_agent.evals.formats.frame_truth import frame_labels
from vau_agent.evals.metrics.frames import ScoredVideo, score_frames
from vau_agent.evals.records import CurveSample
from vau_agent.evals.report.plotting import ScoredMethod
from vau_agent.evals.samples import Gap
from vau_agent.evals.scoring.answers import Answer, unanswered_note
from vau_agent.evals.scoring.segments import true_events
from vau_agent.evals.tables import Row, Table
from vau_agent.schemas import Segment

MOMENTS_PER_SECOND: Final = 10.0
"""Where the frames of a video are not known."""


def frame_table(
    answers: Sequence[Answer], conventions: Mapping[str, str], *, draws: int, seed: int
) -> Table | None:
    """Score every frame; `None` when no anomalous video has both times and a curve."""
    methods = frame_methods(answers)
    if not methods:
        return None
    scored = {video.id for video in methods[0].videos}
    return Table(
        title="Frames: which moments are anomalous?",
        rows=tuple(
            Row(
                name=one.name,
                kind=one.kind,
                metrics=score_frames(
                    one.videos,
                    draws=draws if one.kind == "measured" else min(draws, blind.MANY),
                    seed=seed,
                ),
            )
            for one in methods
        ),
        conventions={
            **conventions,
            "frames": f"of the annotation where all videos have them, else {MOMENTS_PER_SECOND:g} "
            "moments a second",
            "curve": "a score holds until the next moment",
            "within_auc": "frames of anomalous videos only",
        },
        gaps=tuple(_gap(one) for one in answers if one.is_answered and one.sample.id not in scored),
        notes=unanswered_note(answers),
    )


def frame_methods(answers: Sequence[Answer]) -> tuple[ScoredMethod, ...]:
    """Score the frames of all videos that have times and a curve, by each method.

    Returns:
        Nothing when no anomalous video has both.
    """
    usable = [one for one in answers if true_events(one) is not None and _has_curve(one)]
    if not any(one.sample.truth.anomalous for one in usable):
        return ()
    grids = [_Grid(one, by_frame=_know_frames(usable)) for one in usable]
    return (
        ScoredMethod(name="curve, before any policy call", videos=[grid.curve() for grid in grids]),
        ScoredMethod(name="events of the agent", videos=[grid.events() for grid in grids]),
        *(
            ScoredMethod(name=name, kind=kind, videos=videos)
            for name, kind, videos in blind.frame_methods(
                [(grid.id, grid.labels) for grid in grids]
            )
        ),
    )


def paired_events(
    a: Sequence[Answer], b: Sequence[Answer]
) -> tuple[list[ScoredVideo], list[ScoredVideo]]:
    """Score the frames of the same samples by the events of two runs, where both know how long."""
    usable = [
        (one, other)
        for one, other in zip(a, b, strict=True)
        if true_events(one) is not None and _has_curve(one) and _has_curve(other)
    ]
    by_frame = _know_frames([one for one, _ in usable])
    return (
        [_Grid(one, by_frame=by_frame).events() for one, _ in usable],
        [_Grid(other, by_frame=by_frame).events() for _, other in usable],
    )


def _know_frames(answers: Sequence[Answer]) -> bool:
    return all(one.sample.frames and one.sample.fps for one in answers)


class _Grid:
    """The scored moments of one video."""

    def __init__(self, answer: Answer, *, by_frame: bool) -> None:
        self._answer = answer
        self.id = answer.sample.id
        sample, record = answer.sample, answer.record
        assert record is not None  # only answers with a curve come here
        if by_frame and sample.frames and sample.fps:
            self._times = np.arange(sample.frames) / sample.fps
        else:
            duration = sample.duration_s or record.curve[-1].t_s
            count = max(1, round(duration * MOMENTS_PER_SECOND))
            self._times = np.arange(count) / MOMENTS_PER_SECOND
        self.labels = _inside(self._times, true_events(answer) or ())
        if by_frame and sample.truth.spans:
            self.labels = frame_labels(sample.truth.spans, len(self._times))

    def curve(self) -> ScoredVideo:
        """Score by the curve."""
        assert self._answer.record is not None
        return self._video(_held(self._answer.record.curve, self._times))

    def events(self) -> ScoredVideo:
        """Score what the agent claims by its confidence, the rest 0."""
        scores = np.zeros(len(self._times))
        for event in self._answer.scored_events("final"):
            scores = np.maximum(scores, _inside(self._times, (event.segment,)) * event.score)
        return self._video(scores)

    def _video(self, scores: NDArray[np.float64]) -> ScoredVideo:
        return ScoredVideo(id=self.id, labels=self.labels, scores=scores)


def _held(curve: Sequence[CurveSample], times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the score that holds at each time; before the first moment, that of the first."""
    known = np.array([one.t_s for one in curve])
    scores = np.array([one.score for one in curve])
    places = np.searchsorted(known, times, side="right") - 1
    return np.asarray(scores[np.maximum(places, 0)], dtype=np.float64)


def _inside(times: NDArray[np.float64], segments: Sequence[Segment]) -> NDArray[np.bool_]:
    inside = np.zeros(len(times), dtype=np.bool_)
    for segment in segments:
        inside |= (times >= segment.start) & (times < segment.end)
    return inside


def _has_curve(answer: Answer) -> bool:
    return answer.record is not None and bool(answer.record.curve)


def _gap(answer: Answer) -> Gap:
    if true_events(answer) is None:
        return Gap(
            id=answer.sample.id, kind="no-times", detail="anomalous, and no times are annotated"
        )
    return Gap(id=answer.sample.id, kind="missing-prediction", detail="there is no curve of it")
