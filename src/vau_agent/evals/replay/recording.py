"""The recorded answers of one video, as the localisation graph perceives them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from vau_agent.errors import PredictionError
from vau_agent.evals.benchmarks.ucf_crime import FPS
from vau_agent.evals.formats.corevad import (
    ENTRY_FRAMES,
    AnsweredVideo,
    join,
    parse_verdict,
    read_answers,
)
from vau_agent.evals.samples import Dataset, Gap
from vau_agent.tools.localisation.base import Observation


@dataclass(frozen=True, kw_only=True)
class Recording:
    """What a model answered about each moment of a video; it has neither name nor truth."""

    observations: tuple[Observation, ...]

    @classmethod
    def of(cls, answers: Sequence[str]) -> Self:
        """Read answers that open with a verdict; one that opens with neither counts as normal."""
        return cls(observations=tuple(_observation(answer) for answer in answers))

    @property
    def moments(self) -> int:
        """How many answers there are."""
        return len(self.observations)

    @property
    def moment_s(self) -> float:
        """Seconds that each stands for."""
        return ENTRY_FRAMES / FPS

    def look(self, moments: Sequence[int]) -> tuple[Observation, ...]:
        """Give what was answered about each of the moments, in order."""
        return tuple(self.observations[moment] for moment in moments)


def read_recordings(
    path: Path, dataset: Dataset
) -> tuple[tuple[AnsweredVideo, ...], tuple[Gap, ...]]:
    """Read the answers about the videos of a benchmark; videos without answers are gaps.

    Raises:
        PredictionError: The file cannot be read, or none of its videos is in the benchmark.
    """
    answers, unusable = read_answers(path)
    videos, unknown = join(answers, dataset)
    if not videos:
        raise PredictionError(
            f"none of the {len(answers)} videos in {path} is in {dataset.benchmark}; "
            "--truth names the annotation of the same videos"
        )
    answered = {video.id for video in videos}
    missing = tuple(
        Gap(id=sample.id, kind="missing-prediction", detail="no answers are recorded; left out")
        for sample in dataset.samples
        if sample.id not in answered
    )
    return videos, (*unusable, *unknown, *missing)


def _observation(answer: str) -> Observation:
    verdict = parse_verdict(answer)
    sentence = answer.partition(".")[2] if verdict is not None else answer
    return Observation(verdict=float(verdict is True), sentence=" ".join(sentence.split()))
