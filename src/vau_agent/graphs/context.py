"""What the graphs work with, given at invoke time and never saved."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter

from vau_agent.agent.backends.base import Backend, GenerationSettings
from vau_agent.agent.calibration import Calibration
from vau_agent.agent.conversation import Conversation
from vau_agent.agent.policy import Policy, Turn
from vau_agent.graphs.budget import Budget
from vau_agent.graphs.frames import FrameKeeper
from vau_agent.graphs.recorder import JournaledBackend, Recorder
from vau_agent.graphs.state import AnalysisState
from vau_agent.memory.blobs import BlobStore
from vau_agent.results import ModelCard
from vau_agent.schemas import Evidence, Finding, FrameRef, ToolResult
from vau_agent.settings import Settings
from vau_agent.tools.base import Meter, Tool
from vau_agent.tools.retrieval import Retrieval
from vau_agent.tools.triage import TriageResult
from vau_agent.tools.video.base import VideoReader

_RESULTS: Final = TypeAdapter(tuple[ToolResult, ...])

_REVISION_CHARS: Final = 12

OnProgress = Callable[[str, float], None]
"""Called with the stage and the share of it that is done; never stored."""


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """Collaborators of one process working on one run."""

    settings: Settings
    backend: Backend
    tools: Mapping[str, Tool]
    blobs: BlobStore
    recorder: Recorder
    budget: Budget
    calibration: Calibration | None = None
    """How the policy's token probabilities become confidences, where that was learned."""
    reader: VideoReader | None
    """`None` when the video is no longer where it was: then nothing can be looked at anew."""

    def policy(self, step: str) -> Policy:
        """Give the policy for one step; its calls are journaled under the step's name."""
        generation = GenerationSettings(max_new_tokens=self.settings.analysis.max_new_tokens)
        return Policy(
            backend=JournaledBackend(self.backend, self.recorder, step, budget=self.budget),
            run_id=self.recorder.run_id,
            generation=generation,
            max_calls=self.settings.analysis.calls_per_round,
            tools=tuple(tool.description for tool in self.tools.values()),
            calibration=self.calibration,
        )

    def keeper(self, *, known: Iterable[FrameRef], next_number: int) -> FrameKeeper:
        """Open what keeps frames, as the policy looks at them."""
        motion = self.reader if self.backend.profile.pictures == "motion" else None
        return FrameKeeper(self.blobs, known=known, next_number=next_number, motion=motion)

    def remark(self, step: str, turn: Turn[Any]) -> None:
        """Let a person know how a completion was read, where that was not straightforward."""
        for number, text in enumerate(turn.remarks):
            self.recorder.emit("warning", f"{step}/remark/{number}", {"step": step, "text": text})

    def store(self, value: Conversation | Evidence | Finding | TriageResult) -> str:
        """Keep a value as a blob; give its reference."""
        return self.blobs.put_json(value.model_dump(mode="json"))

    def load_conversation(self, blob: str) -> Conversation:
        """Load a conversation."""
        return Conversation.model_validate(self.blobs.get_json(blob))

    def load_evidence(self, blob: str) -> Evidence:
        """Load one piece of evidence."""
        return Evidence.model_validate(self.blobs.get_json(blob))

    def load_finding(self, blob: str) -> Finding:
        """Load one window's finding."""
        return Finding.model_validate(self.blobs.get_json(blob))


@dataclass(frozen=True, kw_only=True)
class FollowupContext(RunContext):
    """What a question about a finished run works with."""

    duration_s: float


@dataclass(frozen=True, kw_only=True)
class AnalysisContext(RunContext):
    """What an analysis works with."""

    reader: VideoReader
    retrieval: Retrieval | None = None
    """`None` when the video is not to be searchable."""
    detector: Meter | None = None
    """Measures what the policy is shown, for one that was trained with a detector."""
    on_progress: OnProgress

    @property
    def embedder_card(self) -> ModelCard | None:
        """What made the video searchable; `None` without retrieval."""
        if self.retrieval is None:
            return None
        embedder = self.retrieval.embedder
        return ModelCard(id=embedder.name, revision=embedder.digest[:_REVISION_CHARS])

    def progress(self, stage: str, share: float) -> None:
        """Tell how far a stage is.

        Raises:
            BudgetExceededError: The deadline has passed.
        """
        self.budget.check_time()
        self.on_progress(stage, share)

    def triage(self, state: AnalysisState) -> TriageResult:
        """Load the run's triage."""
        return TriageResult.model_validate(self.blobs.get_json(_held(state["triage_blob"])))

    def conversation(self, state: AnalysisState) -> Conversation:
        """Load the current window's conversation."""
        return self.load_conversation(_held(state["conversation_blob"]))

    def evidence(self, state: AnalysisState) -> tuple[Evidence, ...]:
        """Load the current window's evidence, oldest first."""
        return tuple(self.load_evidence(blob) for blob in state["evidence_blobs"])

    def findings(self, state: AnalysisState) -> tuple[Finding, ...]:
        """Load what stood at the end of each finished window, in time order."""
        return tuple(self.load_finding(blob) for blob in state["finding_blobs"])

    def frames(self, state: AnalysisState) -> dict[str, FrameRef]:
        """Give all frames the current window was shown, by id."""
        return {frame.frame_id: frame for part in self.evidence(state) for frame in part.frames}

    def results(self, state: AnalysisState) -> tuple[ToolResult, ...]:
        """Load what the latest round of looks brought."""
        return _RESULTS.validate_python(self.blobs.get_json(_held(state["results_blob"])))

    def store_results(self, results: Sequence[ToolResult]) -> str:
        """Keep the results of a round of looks as a blob; give its reference."""
        return self.blobs.put_json([one.model_dump(mode="json") for one in results])


def _held(blob: str | None) -> str:
    if blob is None:
        raise ValueError("the state holds no such reference: a node ran before its turn")
    return blob
