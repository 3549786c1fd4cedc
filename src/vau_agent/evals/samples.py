"""What a benchmark gives: samples with their truth, and whatever could not be used, by name."""

from typing import Annotated, Final, Literal, Self, get_args

from pydantic import Field, model_validator

from vau_agent.schemas import Segment, Value

GapKind = Literal[
    "missing-video",
    "missing-prediction",
    "missing-truth",
    "missing-field",
    "unreadable",
    "reversed-times",
    "not-a-number",
    "wrong-length",
    "duplicate-id",
    "unknown-id",
    "no-times",
    "failed",
]
"""Why an item takes no part in a score, or is counted as wrong."""

Risk = Literal["low", "medium", "high"]
RISKS: Final[tuple[Risk, ...]] = get_args(Risk)
"""In the order of `schemas.Severity`."""


class Gap(Value):
    """One item that could not be used as it should. Counted and named, never skipped in silence."""

    id: str
    """Of the sample, or the place in the file (`row 12`)."""
    kind: GapKind
    detail: str
    """One sentence that names the value."""


class FrameSpan(Value):
    """A half-open span of frames, counted from 0."""

    start: Annotated[int, Field(ge=0)]
    end: int

    @model_validator(mode="after")
    def _end_follows_start(self) -> Self:
        if not self.end > self.start:
            raise ValueError(f"a span ends after it starts, got {self.start}..{self.end}")
        return self


class Truth(Value):
    """What is known to be so."""

    anomalous: bool
    category: str | None = None
    """In the benchmark's own words; `None` for normal or unknown."""
    events: tuple[Segment, ...] | None = None
    """In seconds; empty for a normal video, `None` when nobody wrote times down."""
    spans: tuple[FrameSpan, ...] | None = None
    """The same in frames, where the source counts frames."""
    risk: Risk | None = None
    """How urgent it is, where somebody wrote that down."""

    @model_validator(mode="after")
    def _normal_has_no_events(self) -> Self:
        if not self.anomalous and (self.events or self.spans or self.category):
            raise ValueError("a normal sample has neither category nor events")
        return self


class Question(Value):
    """A question with options, of which one is right."""

    text: str
    options: Annotated[tuple[str, ...], Field(min_length=2)]
    answer: Annotated[int, Field(ge=0)]
    """Place of the right option, from 0."""

    @model_validator(mode="after")
    def _answer_is_an_option(self) -> Self:
        if self.answer >= len(self.options):
            raise ValueError(f"answer {self.answer} of {len(self.options)} options")
        return self


class Sample(Value):
    """One video of a benchmark, and what is known of it."""

    id: Annotated[str, Field(min_length=1)]
    """Unique in its benchmark. May tell the answer: it never reaches a policy."""
    source: str
    """Data set the video comes from, e.g. `msad`."""
    video: str
    """File name as the annotation gives it, relative to the user's folder of videos."""
    truth: Truth
    duration_s: float | None = Field(default=None, gt=0)
    frames: int | None = Field(default=None, gt=0)
    fps: float | None = Field(default=None, gt=0)
    question: Question | None = None
    key_objects: tuple[str, ...] = ()
    description: str | None = None
    reasoning: str | None = None


class Dataset(Value):
    """The samples that a benchmark's annotation holds."""

    benchmark: str
    annotation: str
    """Which annotation was read, in words: it is printed with every result."""
    samples: tuple[Sample, ...]
    gaps: tuple[Gap, ...] = ()
