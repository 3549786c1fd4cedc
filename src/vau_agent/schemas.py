"""Values that cross a folder, are saved, or are parsed.

Times are seconds of presentation time from the start of the video, as `float`. Scores and
confidences lie in 0..1. What a run writes for other programs is in `results.py`.
"""

from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

Label = Literal["normal", "anomalous", "inconclusive"]
FrameRateMode = Literal["constant", "variable"]
Stage = Literal["initial_reason", "self_reflect", "verify", "revise", "answer"]
ReflectionForm = Literal["critique", "blind", "both"]
Severity = Literal[0, 1, 2]
Score = Annotated[float, Field(ge=0, le=1)]
ToolName = Literal["search_clips", "zoom", "crop", "compare", "track_motion", "detect"]
FrameId = Annotated[str, Field(pattern=r"^f\d+$")]

TOOL_NAMES: Final[tuple[ToolName, ...]] = get_args(ToolName)
ConfidenceSource = Literal["written", "token", "calibrated"]

CATEGORIES: Final[tuple[str, ...]] = (
    "abandoned object",
    "abuse",
    "arrest",
    "arson",
    "assault",
    "burglary",
    "crowd panic",
    "explosion",
    "fall",
    "fighting",
    "fire",
    "intrusion",
    "loitering",
    "object removed",
    "road accident",
    "robbery",
    "shooting",
    "shoplifting",
    "stealing",
    "unusual motion",
    "vandalism",
)
"""Names a verdict may carry: the UCF-Crime classes and what else investigators look for."""


CUES: Final[dict[str, str]] = {
    "motion": "more block motion than this video's own normal",
    "speed": "something moves faster than things in this video normally do",
    "erratic": "motion whose direction and strength change quickly in one place",
    "impact": "fast motion that stops or turns within a fraction of a second",
    "stillness": "something that moved a moment ago lies still",
    "object_left": "something new stays where nothing was",
    "object_removed": "something that was there for long is gone",
    "fire_colour": "a growing or moving area in the colours of flames",
    "flicker": "an area whose brightness flickers",
    "flash": "a sudden change of brightness over a large part of the picture",
    "crowd": "motion that suddenly spreads over much of the picture",
    "appearance": "the picture looks unlike the rest of this video",
    "detector": "a trained detector takes it for something abnormal",
}
"""What is measured, by the name that traces, prompts and reports use."""


SCREENED_WORTH: Final = 0.5


class Value(BaseModel):
    """A frozen value that refuses unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Segment(Value):
    """A half-open span of one video, in seconds."""

    start: float = Field(ge=0)
    end: float

    @model_validator(mode="after")
    def _end_follows_start(self) -> Self:
        if not self.end > self.start:
            raise ValueError(f"a segment ends after it starts, got {self.start}..{self.end}")
        return self

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.end - self.start

    def contains(self, timestamp: float) -> bool:
        """Tell whether `timestamp` lies inside."""
        return self.start <= timestamp < self.end

    def overlap(self, other: "Segment") -> float:
        """Return the shared length in seconds."""
        return max(0.0, min(self.end, other.end) - max(self.start, other.start))

    def iou(self, other: "Segment") -> float:
        """Return the temporal intersection over union, 0..1."""
        shared = self.overlap(other)
        return shared / (self.duration + other.duration - shared)


class Box(Value):
    """A region of the picture; all four numbers are shares of its width or height."""

    x: Score
    y: Score
    width: Score
    height: Score


class VideoInfo(Value):
    """What is known of a video before its pictures are looked at."""

    sha256: str
    """Digest of the source file, taken before anything else opened it."""
    bytes: int
    container: str
    codec: str
    width: int
    """As shown, rotation applied."""
    height: int
    rotation: Literal[0, 90, 180, 270] = 0
    """Clockwise degrees that were applied."""
    duration_s: float
    frame_rate_mode: FrameRateMode
    average_fps: float
    frame_count: int
    keyframe_count: int
    has_audio: bool = False
    warnings: tuple[str, ...] = ()
    """What the reader mended or could not trust, each one sentence."""


class FrameRef(Value):
    """One looked-at frame: where it stands in the video and where its picture is kept."""

    frame_id: FrameId
    timestamp: float
    pts: int
    """In the stream's own time base: with the video's sha256 it addresses the frame exactly."""
    sha256: str
    """Blob of the JPEG picture."""
    crop: Box | None = None
    """The part of the picture that is kept; `None` is all of it."""
    before: str | None = None
    """Blob of the same view shortly before (`vau_agent.motion`), kept for policies that look at
    motion; `None` where there is none."""


class CurvePoint(Value):
    """How unusual one moment is, and which cues say so."""

    timestamp: float
    score: Score
    cues: dict[str, Score] = Field(default_factory=dict)


class Candidate(Value):
    """A segment that measurement proposes, with its strongest cues."""

    segment: Segment
    peak: float
    """Time of the highest score, in seconds."""
    score: Score
    cues: dict[str, Score]
    """Highest value of each cue inside the segment, by name (see `CUES`)."""
    box: Box | None = None
    """Where in the picture the strongest cue was measured at the peak."""


class Coverage(Value):
    """How much of the video was looked at, and how densely."""

    duration_s: float
    looked_at_s: float
    frames: int
    """Frames decoded and measured."""
    share: Score
    note: str = ""
    gaps: tuple[Segment, ...] = ()
    """Parts of the video that were not looked at."""
    screened: Score = 0
    """Share that was at least screened by packet sizes and keyframes, gaps included."""

    @property
    def worth(self) -> float:
        """How much 'nothing was found' is worth; what was only screened counts half.

        Screening tells how much changes and what comes or goes for good, not what moves.
        """
        return self.share + max(0.0, self.screened - self.share) * SCREENED_WORTH


class Claim(Value):
    """One sentence of reasoning and the frames it cites."""

    text: str
    frames: tuple[FrameId, ...] = ()
    struck: str | None = None
    """Why the claim was struck out; `None` while it stands."""


class Verdict(Value):
    """The policy's decision about a window or a video."""

    label: Label
    category: str | None = None
    segment: Segment | None = None
    confidence: Score | None = None
    confidence_from: ConfidenceSource = "written"
    """A number that the policy wrote, the probability of its verdict token, or that, calibrated."""
    reason: str | None = None
    """Why nothing could be concluded; only with `inconclusive`."""

    @model_validator(mode="after")
    def _label_fits(self) -> Self:
        if self.label == "normal" and (self.category or self.segment):
            raise ValueError("a normal verdict has neither category nor segment")
        if self.label == "anomalous" and not self.category:
            raise ValueError("an anomalous verdict names its category")
        if self.label == "inconclusive" and not self.reason:
            raise ValueError("an inconclusive verdict says why")
        return self


class Reasoning(Value):
    """Initial or revised reasoning: claims, then the verdict they lead to."""

    claims: tuple[Claim, ...]
    verdict: Verdict

    @property
    def text(self) -> str:
        """The claims as running text."""
        return " ".join(claim.text for claim in self.claims)


class ToolCall(Value):
    """A look that the policy asks for; tools have no side effects."""

    tool: str
    arguments: dict[str, Any] = Field(default_factory=dict)


class Reflection(Value):
    """The policy's judgement of its own reasoning, and what it wants to see next."""

    text: str
    accept: bool
    doubts: tuple[str, ...] = ()
    queries: tuple[str, ...] = ()
    """Text searches over the video's frames."""
    calls: tuple[ToolCall, ...] = ()


class Verification(Value):
    """A second look that has not seen the first answer; it may abstain."""

    text: str
    verdict: Verdict | None
    """`None` when the verifier abstains."""


class Measurement(Value):
    """What one tool found in one segment, in words and numbers."""

    tool: str
    segment: Segment
    candidates: tuple[Candidate, ...]
    """Empty when nothing unusual was measured."""
    notes: tuple[str, ...] = ()
    seeks_events: bool = True
    """Whether unusual things were looked for at all; where not, no candidates mean nothing."""


class Evidence(Value):
    """What a policy call is given to look at: measurements and frames, nothing else."""

    window: Segment
    measurements: tuple[Measurement, ...] = ()
    frames: tuple[FrameRef, ...] = ()
    warnings: tuple[str, ...] = ()
    coverage: Coverage | None = None
    """How much of the video was measured; `None` when that was not told."""


class Finding(Value):
    """The outcome of one window: what stood at the end, and every stage that led there."""

    window: Segment
    verdict: Verdict
    claims: tuple[Claim, ...]
    frames: tuple[FrameRef, ...]
    """Frames that standing claims cite."""
    rounds: int
    conversation: str = ""
    """Blob of the window's conversation, which follow-up questions go on from."""


class ToolResult(Value):
    """What a tool call brought: evidence to append, or the reason why not."""

    call: ToolCall
    evidence: Evidence | None = None
    error: str | None = None
