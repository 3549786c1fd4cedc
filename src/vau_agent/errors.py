"""Every error a caller may want to tell apart.

VauAgentError
├── SettingsError                   a value is invalid or contradicts another
├── MissingDependencyError          names the extra to install
├── VideoError                      `kind` is one of `VideoRefusal`
│   ├── VideoOpenError              the file cannot be read as a video
│   ├── VideoDecodeError            decoding failed, ran over a budget, or the child died
│   └── SegmentOutOfRangeError      a segment lies outside its video
├── BlobError                       a stored blob is absent or does not match its hash
├── JournalError                    the journal is unreadable, newer than this program, or in use
│   ├── RunLeaseError               another process owns the run
│   ├── NoSpaceError                nothing can be written; the run can go on once there is room
│   ├── StateTooLargeError          a graph's state is larger than a checkpoint may be
│   ├── CheckpointError             a checkpoint holds what may not be loaded
│   └── IntegrityError              a hash chain or manifest does not hold
├── ClipIndexError                  an index is damaged, absent, or of another embedder
├── ModelError                      a model's parts are absent, altered, or cannot be fetched
├── BudgetExceededError             a run reached a limit it was given
├── EvaluationError                 what was to be scored cannot be, as a whole
│   ├── BenchmarkError              an annotation file is not what it should be
│   ├── PredictionError             a file of predictions is not what it should be
│   └── MetricError                 a metric is not defined for what it was given
├── BackendError
│   ├── GenerationError
│   └── ContextOverflowError
├── ParseError                      carries the completion
└── ToolError
    ├── ToolArgumentError           the policy may correct its call
    └── ToolExecutionError          final

Each class carries the `exit_code` of docs/cli.md. A message is one line: what, which value, what
next.
"""

from typing import ClassVar, Literal

VideoRefusal = Literal[
    "not-found",
    "not-a-file",
    "empty",
    "not-a-video",
    "format-not-allowed",
    "codec-not-allowed",
    "no-video-stream",
    "frame-too-large",
    "too-many-streams",
    "truncated",
    "no-frames",
    "no-permission",
    "over-budget",
    "decoder-died",
]


class VauAgentError(Exception):
    """A failure that a person can act on: printed as one line, without a traceback."""

    exit_code: ClassVar[int] = 1


class SettingsError(VauAgentError):
    """A setting or argument is invalid or contradicts another."""

    exit_code = 2


class MissingDependencyError(VauAgentError):
    """An optional package is absent; the message names the extra that brings it."""

    exit_code = 7


class VideoError(VauAgentError):
    """A video cannot be used; `kind` names the refusal."""

    exit_code = 3

    def __init__(self, message: str, *, kind: VideoRefusal) -> None:
        super().__init__(message)
        self.kind: VideoRefusal = kind


class VideoOpenError(VideoError):
    """The file cannot be read as a video."""


class VideoDecodeError(VideoError):
    """Decoding failed, ran over its budget, or the decoding child died."""


class SegmentOutOfRangeError(VauAgentError):
    """A segment lies outside its video."""

    exit_code = 2


class BlobError(VauAgentError):
    """A stored blob is absent or does not match its hash."""

    exit_code = 8


class JournalError(VauAgentError):
    """The journal is unreadable, was written by a newer version, or is in use."""


class RunLeaseError(JournalError):
    """Another process owns the run."""


class NoSpaceError(JournalError):
    """Nothing can be written for lack of space; the run goes on once there is room."""


class StateTooLargeError(JournalError):
    """A graph's state is larger than a checkpoint may be."""


class CheckpointError(JournalError):
    """A checkpoint is damaged, or holds a type that may not be loaded."""

    exit_code = 8


class IntegrityError(JournalError):
    """A hash chain or a manifest does not hold."""

    exit_code = 8


class ClipIndexError(VauAgentError):
    """A saved index is damaged, absent, or was made by another embedder."""

    exit_code = 8


class ModelError(VauAgentError):
    """A model's parts are absent, altered, or cannot be fetched."""

    exit_code = 7


class BudgetExceededError(VauAgentError):
    """A run reached a limit it was given; it goes on when it is given a higher one."""

    exit_code = 6


class EvaluationError(VauAgentError):
    """What was to be scored cannot be, as a whole; single bad items are gaps, not errors."""

    exit_code = 3


class BenchmarkError(EvaluationError):
    """An annotation file cannot be read, or lacks what its format promises."""


class PredictionError(EvaluationError):
    """A file of predictions cannot be read, or lacks what its format promises."""


class MetricError(EvaluationError):
    """A metric is not defined for these numbers: a class is absent, a value is not a number."""


class BackendError(VauAgentError):
    """A policy's backend failed."""

    exit_code = 4


class GenerationError(BackendError):
    """The backend produced no completion."""


class ContextOverflowError(BackendError):
    """The conversation does not fit the policy's context."""


class ParseError(VauAgentError):
    """A completion does not follow its format."""

    def __init__(self, message: str, *, completion: str) -> None:
        super().__init__(message)
        self.completion = completion


class ToolError(VauAgentError):
    """A tool call failed."""


class ToolArgumentError(ToolError):
    """The arguments of a tool call are invalid; the policy may correct its call."""


class ToolExecutionError(ToolError):
    """A tool call failed for good."""
