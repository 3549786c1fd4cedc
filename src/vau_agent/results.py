"""What a run hands to other programs: `result.json` (schema `vau.result/1`), events, answers.

The JSON Schema is generated from these models (`vau-agent schema result`). Within version 1,
fields may be added; none is renamed, removed or given another meaning.
"""

from datetime import datetime
from typing import Any, Final, Literal

from pydantic import Field

from vau_agent.schemas import (
    Box,
    Claim,
    Coverage,
    CurvePoint,
    FrameId,
    FrameRateMode,
    Label,
    Score,
    Segment,
    Severity,
    Stage,
    Value,
    Verdict,
)

RESULT_SCHEMA: Final = "vau.result/1"
EVENT_TYPES: Final = (
    "run.started",
    "stage.started",
    "frames.sampled",
    "search.hit",
    "model.delta",
    "stage.finished",
    "verdict.changed",
    "answer.delta",
    "review.requested",
    "warning",
    "run.finished",
    "run.failed",
    "run.stopped",
)


class WallClock(Value):
    """When the video was recorded, as far as anybody said."""

    start_utc: datetime | None = None
    zone: str | None = None
    source: Literal["unknown", "given", "container"] = "unknown"
    offset_s: float = 0.0


class ResultVideo(Value):
    """The analysed file."""

    name: str
    """File name without its folder."""
    sha256: str
    bytes: int
    duration_s: float
    frame_rate_mode: FrameRateMode
    width: int
    height: int
    codec: str
    container: str
    clock: WallClock = WallClock()


class ResultVerdict(Value):
    """The answer about the whole video."""

    label: Label
    category: str | None = None
    severity: Severity = 0
    """0 nothing to do, 1 worth a look, 2 needs a person now (Frigate's review levels)."""
    confidence: Score | None = None
    calibrated: bool = False
    inconclusive_reason: str | None = None


class EvidenceFrame(Value):
    """A frame that an event cites."""

    frame_id: FrameId
    t_s: float
    sha256: str
    """Of the picture in `thumbs/`."""
    thumb: str | None = None
    """Path of the picture, relative to the output folder."""
    box: Box | None = None


class ResultEvent(Value):
    """One anomalous segment."""

    id: str
    start_s: float
    end_s: float
    category: str
    score: Score
    title: str
    summary: str
    scene: str = ""
    confidence: Score | None = None
    severity: Severity = 1
    evidence: tuple[EvidenceFrame, ...] = ()


class StageRecord(Value):
    """One policy call: what it said, which claims stood, what it looked at."""

    stage: Stage
    window: Segment
    round: int
    text: str
    verdict: Verdict | None = None
    claims_kept: tuple[Claim, ...] = ()
    claims_removed: tuple[Claim, ...] = ()
    doubts: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    """Looks that a reflection asked for, as text."""
    looks: tuple[str, ...] = ()
    """What became of the looks that a revision goes by, errors included."""
    frames: tuple[EvidenceFrame, ...] = ()
    seconds: float = 0.0


class Answer(Value):
    """A follow-up question and its reply."""

    question: str
    text: str
    claims: tuple[Claim, ...] = ()
    claims_removed: tuple[Claim, ...] = ()
    frames: tuple[EvidenceFrame, ...] = ()
    at: datetime | None = None


IN_PROCESS: Final = "in this process"
"""The endpoint of a model that sends frames nowhere."""


class ModelCard(Value):
    """Which model spoke, and where it ran."""

    id: str
    revision: str | None = None
    adapter: str | None = None
    endpoint: str = IN_PROCESS


class Models(Value):
    """The models of a run."""

    reasoner: ModelCard
    embedder: ModelCard | None = None


class UsageTotals(Value):
    """What a run cost."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0


class Review(Value):
    """What a person said of the run."""

    state: Literal["unreviewed", "accepted", "corrected", "rejected"] = "unreviewed"
    version: int = 0
    by: str | None = None
    at: datetime | None = None


class Result(Value):
    """Everything a run states, as one JSON document."""

    schema_id: Literal["vau.result/1"] = Field(default=RESULT_SCHEMA, alias="schema")
    run_id: str
    created: datetime
    tool: str
    """Name and version of the program that wrote this."""
    video: ResultVideo
    verdict: ResultVerdict
    events: tuple[ResultEvent, ...] = ()
    curve: tuple[CurvePoint, ...] = ()
    cuts: tuple[float, ...] = ()
    """Times at which the picture changes to another scene, in seconds."""
    coverage: Coverage
    stages: tuple[StageRecord, ...] = ()
    answers: tuple[Answer, ...] = ()
    models: Models
    prompts_sha256: dict[str, str] = Field(default_factory=dict)
    usage: UsageTotals = UsageTotals()
    warnings: tuple[str, ...] = ()
    stopped: str | None = None
    """Why the run ended early, at a limit it was given; `None` when it looked at everything."""
    review: Review = Review()


class ClipFile(Value):
    """One file cut out of a video."""

    name: str
    """File name inside `clips/`."""
    sha256: str
    bytes: int
    codec: str
    frames: int
    start_s: float
    """Source time of the first picture."""
    end_s: float
    """Source time at which the last picture ends."""
    first_s: float = 0.0
    """Time inside this file of the first picture: source time = start_s - first_s + file time."""
    audio: bool = False


class Clip(Value):
    """An event, cut out twice: as it was recorded, and as anybody can play it."""

    id: str
    """The event's id."""
    requested: Segment
    source_sha256: str
    stream_copy: ClipFile | None = None
    """Compressed data as recorded, from the keyframe at or before the start."""
    viewing_copy: ClipFile | None = None
    """H.264 of exactly the range, with each frame's time written above the picture."""
    notes: tuple[str, ...] = ()
    """What is missing or differs, each one sentence."""


class Event(Value):
    """One line of `--events` and, later, of the server's event stream."""

    seq: int
    at: datetime
    run_id: str
    type: str
    data: dict[str, Any] = Field(default_factory=dict)
