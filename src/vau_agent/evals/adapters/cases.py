"""A benchmark's samples as a harness carries them: one thing to ask of one video, and its score.

A case is known by a number that is dealt out at random. What a policy is shown is the prompt and
the video, never the case.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import ascii_uppercase
from typing import Final, Literal, get_args

from vau_agent.errors import BenchmarkError, ParseError, SettingsError
from vau_agent.evals.adapters.verdicts import read_verdict, verdict_prompt
from vau_agent.evals.benchmarks.registry import find_benchmark
from vau_agent.evals.benchmarks.videos import find_videos
from vau_agent.evals.metrics.intervals import set_iou
from vau_agent.evals.metrics.options import permuted_options
from vau_agent.evals.questions import chosen_option, render_question
from vau_agent.evals.samples import Dataset, Gap, Question, Sample, Truth
from vau_agent.schemas import Value

Subject = Literal["verdict", "qa"]
SUBJECTS: Final[tuple[Subject, ...]] = get_args(Subject)


class Case(Value):
    """One thing to ask of one video, and what is known of it."""

    number: int
    sample_id: str
    """Of the benchmark; may tell the answer."""
    subject: Subject
    prompt: str
    truth: Truth
    question: Question | None = None
    order: tuple[int, ...] = ()
    """Options as the prompt shows them."""

    @property
    def target(self) -> str:
        """The right answer, as a harness prints it."""
        if self.question is not None:
            return ascii_uppercase[self.order.index(self.question.answer)]
        return "anomalous" if self.truth.anomalous else "normal"


class CaseScore(Value):
    """How right one reply was."""

    correct: bool
    readable: bool
    """Whether the reply could be read at all; one that cannot be is wrong."""
    said: bool | None = None
    """Whether it called the video anomalous; `None` for anything else."""
    iou: float | None = None
    """Of the time that the reply and the truth call anomalous, 0..1; nothing against nothing is 1
    (normals counted). `None` where nobody wrote times down."""


@dataclass(frozen=True, kw_only=True)
class Cases:
    """What a harness runs."""

    dataset: Dataset
    """Its gaps name the samples that cannot take part."""
    cases: tuple[Case, ...]
    videos: Mapping[int, Path]
    """By number."""


def read_cases(
    benchmark: str,
    annotation: Path,
    videos: Path,
    *,
    subject: str = "verdict",
    limit: int | None = None,
    seed: int = 0,
) -> Cases:
    """Read a benchmark and find its videos.

    Args:
        benchmark: One of `evals.benchmarks`.
        annotation: The file that it reads.
        videos: The user's folder of videos.
        subject: `verdict` asks what happens and when, `qa` the benchmark's own questions.
        limit: Cases that take part, drawn with `seed`.
        seed: Of the numbers, of the draw and of the order of options.

    Raises:
        BenchmarkError: The file is not what it should be, or no video is there.
        SettingsError: There is no such subject.
    """
    asked = _subject(subject)
    dataset = find_benchmark(benchmark).read(annotation)
    found, gaps = find_videos(dataset, videos)
    missing = tuple(_without_question(one) for one in dataset.samples if not _fits(one, asked))
    drawn = sorted(
        (sample for sample in dataset.samples if sample.id in found and _fits(sample, asked)),
        key=lambda sample: hashlib.sha256(f"{seed}:{sample.id}".encode()).digest(),
    )[:limit]
    if not drawn:
        raise BenchmarkError(
            f"no sample of {benchmark!r} can be asked for {asked!r}: {len(found)} of "
            f"{len(dataset.samples)} videos are in {str(videos)!r}"
        )
    numbered = dict(enumerate(drawn, start=1))
    return Cases(
        dataset=dataset.model_copy(update={"gaps": (*dataset.gaps, *gaps, *missing)}),
        cases=tuple(_case(number, one, asked, seed) for number, one in numbered.items()),
        videos={number: found[one.id].resolve() for number, one in numbered.items()},
    )


def score_reply(case: Case, text: str) -> CaseScore:
    """Score a reply; one that cannot be read is wrong and finds nothing."""
    if case.question is not None:
        chosen = chosen_option(text, case.question, case.order)
        return CaseScore(correct=chosen == case.question.answer, readable=chosen is not None)
    events = case.truth.events
    try:
        opinion = read_verdict(text)
    except ParseError:
        return CaseScore(correct=False, readable=False, iou=None if events is None else 0.0)
    said = None if opinion.label == "inconclusive" else opinion.label == "anomalous"
    return CaseScore(
        correct=said == case.truth.anomalous,
        readable=True,
        said=said,
        iou=None if events is None else set_iou(opinion.events, events),
    )


def _subject(text: str) -> Subject:
    for subject in SUBJECTS:
        if subject == text:
            return subject
    raise SettingsError(f"no subject {text!r}; choose one of {', '.join(SUBJECTS)}")


def _fits(sample: Sample, subject: Subject) -> bool:
    return subject == "verdict" or sample.question is not None


def _without_question(sample: Sample) -> Gap:
    return Gap(id=sample.id, kind="missing-field", detail="it has no question; not asked")


def _case(number: int, sample: Sample, subject: Subject, seed: int) -> Case:
    if subject == "qa" and sample.question is not None:
        order = permuted_options(sample.question, seed, sample.id)
        return Case(
            number=number,
            sample_id=sample.id,
            subject=subject,
            prompt=render_question(sample.question, order),
            truth=sample.truth,
            question=sample.question,
            order=order,
        )
    return Case(
        number=number,
        sample_id=sample.id,
        subject=subject,
        prompt=verdict_prompt().render(),
        truth=sample.truth,
    )
