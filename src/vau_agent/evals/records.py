"""What a run leaves of each sample: one line of `records.jsonl` (schema `vau.record/1`)."""

from typing import Final, Literal

from pydantic import Field

from vau_agent.results import UsageTotals
from vau_agent.schemas import Label, Score, Segment, Severity, Value

RECORD_SCHEMA: Final = "vau.record/1"


class Opinion(Value):
    """What was held at one stage about the whole video."""

    label: Label
    category: str | None = None
    events: tuple[Segment, ...] = ()
    scores: tuple[Score, ...] = ()
    """Confidence of each event, in order; empty when none was given."""
    confidence: Score | None = None
    """Probability that the video is anomalous."""
    severity: Severity | None = None
    """As in a result: 0 nothing to do, 1 worth a look, 2 needs a person now."""


class Choice(Value):
    """The answer to a question with options."""

    order: tuple[int, ...]
    """Options as they were shown: `order[i]` is the place, in the sample, of the i-th shown."""
    initial: int | None = None
    """Place, in the sample, of the option chosen at first; `None` when none could be read."""
    final: int | None = None
    """The same once claims that cite no frame are struck out."""
    text: str = ""


class CurveSample(Value):
    """The anomaly score at one moment."""

    t_s: float
    score: Score


class Record(Value):
    """What became of one sample. Exactly one of `final` and `error` is given."""

    schema_id: Literal["vau.record/1"] = Field(default=RECORD_SCHEMA, alias="schema")
    sample_id: str
    run_id: str | None = None
    """Of the agent's run, whose folder holds the whole trace."""
    initial: Opinion | None = None
    """Before any reflection; equal to `final` in a never-revise row."""
    final: Opinion | None = None
    curve: tuple[CurveSample, ...] = ()
    """Moments in time order; a score holds until the next moment."""
    duration_s: float | None = None
    choice: Choice | None = None
    description: str | None = None
    """The agent's own words, for text scores and judges."""
    reasoning: str | None = None
    initial_text: str | None = None
    """First reasoning, for the echo score."""
    reflection_text: str | None = None
    usage: UsageTotals = UsageTotals()
    coverage: Score | None = None
    """Share of the video that was looked at."""
    error: str | None = None


class RunHeader(Value):
    """What a folder of records was made from (`run.json`); a resumed run must match it."""

    benchmark: str
    annotation: str
    annotation_sha256: str
    policy: str
    settings: dict[str, str]
    """Everything else that changes an outcome, by name."""
    samples: int
    tool: str
    """Name and version of the program."""
