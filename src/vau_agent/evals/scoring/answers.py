"""Samples beside their records: whoever has no answer is named, and counts as wrong."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from vau_agent.evals.benchmarks.values import seconds_of
from vau_agent.evals.metrics.events import ScoredEvent
from vau_agent.evals.records import Choice, Opinion, Record
from vau_agent.evals.samples import Dataset, Gap, Sample
from vau_agent.evals.scoring.categories import plain_category
from vau_agent.schemas import Segment

When = Literal["initial", "final"]
"""Before any reflection, or in the end."""
ROWS: Final[tuple[tuple[str, When], ...]] = (
    ("agent", "final"),
    ("agent, never revising", "initial"),
)
"""What a run is scored as."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A sample, and what was said of it."""

    sample: Sample
    """Where the annotation lacks them: its length from the record, its times from the frames."""
    record: Record | None

    @property
    def is_answered(self) -> bool:
        """Tell whether there is a record that did not fail."""
        return self.record is not None and self.record.error is None

    @property
    def choice(self) -> Choice | None:
        """Give the option that was chosen; `None` when none was asked for, or nothing came."""
        return self.record.choice if self.record is not None else None

    def opinion(self, when: When) -> Opinion | None:
        """Give what was held; `None` when there is no answer."""
        if self.record is None:
            return None
        return self.record.initial if when == "initial" else self.record.final

    def said(self, when: When) -> bool | None:
        """Tell whether it was called anomalous; `None` when inconclusive or without answer."""
        opinion = self.opinion(when)
        if opinion is None or opinion.label == "inconclusive":
            return None
        return opinion.label == "anomalous"

    def is_right(self, when: When) -> bool:
        """Tell whether the label was right; inconclusive is not."""
        return self.said(when) == self.sample.truth.anomalous

    def is_category_right(self, when: When) -> bool:
        """Tell whether the category was right, in any spelling; one that is not known is not."""
        truth, said = self.sample.truth.category, self.category(when)
        return truth is not None and said == plain_category(truth)

    def category(self, when: When) -> str | None:
        """Give the category that was said, in one spelling; `None` where there is none."""
        opinion = self.opinion(when)
        if opinion is None or opinion.category is None:
            return None
        return plain_category(opinion.category)

    def events(self, when: When) -> tuple[Segment, ...]:
        """Give the events claimed; none where none was, or where there is no answer."""
        opinion = self.opinion(when)
        return opinion.events if opinion is not None else ()

    def scored_events(self, when: When) -> tuple[ScoredEvent, ...]:
        """Give the same with the confidence of each; 1 where none is stated."""
        opinion = self.opinion(when)
        if opinion is None:
            return ()
        stated = len(opinion.scores) == len(opinion.events)
        scores = opinion.scores if stated else (1.0,) * len(opinion.events)
        return tuple(
            ScoredEvent(segment=event, score=score)
            for event, score in zip(opinion.events, scores, strict=True)
        )

    def best_event(self, when: When) -> Segment | None:
        """Give the event of the highest confidence, of equals the longest."""
        ranked = sorted(
            self.scored_events(when), key=lambda event: (event.score, event.segment.duration)
        )
        return ranked[-1].segment if ranked else None


def align(
    dataset: Dataset, records: Sequence[Record]
) -> tuple[tuple[Answer, ...], tuple[Gap, ...]]:
    """Put each sample beside its record.

    Samples whose video is missing are left out; their gaps stay.

    Returns:
        Answers in the order of the dataset; the gaps of the dataset and of the records.
    """
    absent = {gap.id for gap in dataset.gaps if gap.kind == "missing-video"}
    kept = {record.sample_id: record for record in records}
    answers = tuple(
        Answer(sample=_completed(sample, kept.get(sample.id)), record=kept.get(sample.id))
        for sample in dataset.samples
        if sample.id not in absent
    )
    return answers, (*dataset.gaps, *_gaps(dataset, answers, records))


def _misfit(answer: Answer) -> str | None:
    """Say how the video cannot be the one that was annotated; its sample is scored all the same."""
    sample, found = answer.sample, answer.record.duration_s if answer.record is not None else None
    if found is None:
        return None
    annotated = sample.frames / sample.fps if sample.frames and sample.fps else sample.duration_s
    if annotated is not None and abs(annotated - found) > _tolerated(found):
        return f"annotated with {annotated:.1f} s, the video has {found:.1f} s; it is scored as is"
    last = max((event.end for event in sample.truth.events or ()), default=0.0)
    if last > found + _tolerated(found):
        return f"an event ends at {last:.1f} s, the video at {found:.1f} s; it is scored as is"
    return None


def _tolerated(duration_s: float) -> float:
    return max(1.0, 0.02 * duration_s)


def unanswered_note(answers: Sequence[Answer]) -> tuple[str, ...]:
    """Say how many answers a table that cannot count them as wrong leaves out."""
    count = sum(not answer.is_answered for answer in answers)
    return (f"{count} failed or missing answers take no part here",) if count else ()


def _completed(sample: Sample, record: Record | None) -> Sample:
    duration = sample.duration_s or (record.duration_s if record is not None else None)
    truth = sample.truth
    if truth.events is None and truth.spans and sample.fps:
        truth = truth.model_copy(update={"events": seconds_of(truth.spans, sample.fps)})
    return sample.model_copy(update={"duration_s": duration, "truth": truth})


def _gaps(dataset: Dataset, answers: Sequence[Answer], records: Sequence[Record]) -> Iterator[Gap]:
    for answer in answers:
        if answer.record is None:
            yield Gap(
                id=answer.sample.id,
                kind="missing-prediction",
                detail="there is no record of it; it counts as wrong",
            )
        elif answer.record.error is not None:
            detail = f"{answer.record.error}; it counts as wrong"
            yield Gap(id=answer.sample.id, kind="failed", detail=detail)
        elif (misfit := _misfit(answer)) is not None:
            yield Gap(id=answer.sample.id, kind="wrong-length", detail=misfit)
    known = {sample.id for sample in dataset.samples}
    seen = set()
    for record in records:
        if record.sample_id in seen:
            detail = "there are several records of it; the last one counts"
            yield Gap(id=record.sample_id, kind="duplicate-id", detail=detail)
        elif record.sample_id not in known:
            detail = "there is a record of it and no sample; it is not scored"
            yield Gap(id=record.sample_id, kind="unknown-id", detail=detail)
        seen.add(record.sample_id)
