"""Every step and every policy call goes through here into the journal, once.

A key names a step's place in the run (`w0/r1/revise`), so a step that runs again after a crash
finds what it wrote and adds nothing.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Protocol

from pydantic import TypeAdapter

from vau_agent.agent.backends.base import Backend, Completion, GenerationSettings, Usage
from vau_agent.agent.conversation import Conversation, Message
from vau_agent.agent.profile import ModelProfile
from vau_agent.graphs.state import AnalysisState
from vau_agent.memory.chain import Record
from vau_agent.memory.journal import Journal
from vau_agent.memory.leases import Lease
from vau_agent.results import EVENT_TYPES, Event, ModelCard
from vau_agent.schemas import FrameRef

CALL_KIND: Final = "policy.call"
FRAMES_SAMPLED: Final = "frames.sampled"
_FRAMES: Final = TypeAdapter(tuple[FrameRef, ...])


class Recorder:
    """Writes one run's records under its lease and tells listeners about new events."""

    def __init__(
        self,
        journal: Journal,
        lease: Lease,
        *,
        timer: Callable[[], float],
        on_event: Callable[[Event], None] | None = None,
    ) -> None:
        self._journal = journal
        self._lease = lease
        self._on_event = on_event
        self.timer = timer
        """Monotonic seconds, for durations."""

    @property
    def run_id(self) -> str:
        """The run that is recorded."""
        return self._lease.run_id

    def emit(self, kind: str, key: str, data: Mapping[str, Any]) -> Record:
        """Store one event, unless its key is stored already; tell the listener if it is new."""
        found = self._journal.find(self.run_id, key)
        if found is not None:
            return found
        record = self._journal.append(self._lease, kind, key, dict(data))
        if self._on_event is not None and kind in EVENT_TYPES:
            self._on_event(to_event(record))
        return record

    def find(self, key: str) -> Record | None:
        """Give the record stored under `key`."""
        return self._journal.find(self.run_id, key)

    def records(self, after_seq: int = 0) -> Iterator[Record]:
        """Give the records of the run after one's number, oldest first."""
        return self._journal.records(self.run_id, after_seq)


class Spending(Protocol):
    """Allows calls, or ends the run; see `budget.py`."""

    def check_call(self) -> None:
        """Raise when no further call may be made."""

    def count(self, usage: Usage) -> None:
        """Count a call that was made."""


class JournaledBackend:
    """Asks its backend only what the journal does not already answer, and what may be spent."""

    def __init__(
        self, backend: Backend, recorder: Recorder, step: str, *, budget: Spending
    ) -> None:
        self._backend = backend
        self._recorder = recorder
        self._step = step
        self._budget = budget

    @property
    def name(self) -> str:
        """The policy string of the backend."""
        return self._backend.name

    @property
    def card(self) -> ModelCard:
        """The model of the backend."""
        return self._backend.card

    @property
    def profile(self) -> ModelProfile:
        """How the backend wants to be asked."""
        return self._backend.profile

    def generate(self, conversation: Conversation, settings: GenerationSettings) -> Completion:
        """Look up, ask whether it may be spent, call, commit, return.

        Raises:
            BudgetExceededError: The journal does not answer it, and a limit is reached.
        """
        key = self._key(conversation, settings)
        found = self._recorder.find(key)
        if found is not None:
            return called_completion(found)
        self._budget.check_call()
        started = self._recorder.timer()
        completion = self._backend.generate(conversation, settings)
        prefix, appended = _split(conversation)
        self._recorder.emit(
            CALL_KIND,
            key,
            {
                "step": self._step,
                "policy": self.name,
                "settings": settings.model_dump(mode="json"),
                "prefix": prefix,
                "messages": [message.model_dump(mode="json") for message in appended],
                "completion": completion.model_dump(mode="json"),
                "seconds": round(self._recorder.timer() - started, 3),
            },
        )
        self._budget.count(completion.usage)
        return completion

    def _key(self, conversation: Conversation, settings: GenerationSettings) -> str:
        parts = (
            self._recorder.run_id,
            self._step,
            self.name,
            settings.model_dump_json(),
            conversation.digest,
        )
        return f"call/{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()}"


def called_completion(record: Record) -> Completion:
    """Read the completion of a policy call."""
    return Completion.model_validate(record.body["completion"])


def sampled_frames(record: Record) -> tuple[FrameRef, ...]:
    """Read the frames that a step was shown; none for other records."""
    if record.kind != FRAMES_SAMPLED:
        return ()  # an answer names frames too, in another form
    return _FRAMES.validate_python(record.body["frames"])


def step_seconds(record: Record) -> float:
    """Read how long a finished step took; 0 for other records."""
    seconds = record.body.get("seconds") if record.kind == "stage.finished" else None
    return seconds if isinstance(seconds, float) else 0.0


def step_key(state: AnalysisState, name: str) -> str:
    """Name a step by its place in the run: node, window and round decide it, never a clock."""
    if not state["windows"] or name in ("decide", "report"):
        return name
    return f"w{state['cursor']}/r{state['round']}/{name}"


def to_event(record: Record) -> Event:
    """Show a journal record as the event that programs read."""
    return Event(
        seq=record.seq, at=record.at, run_id=record.run_id, type=record.kind, data=record.body
    )


def _split(conversation: Conversation) -> tuple[str | None, tuple[Message, ...]]:
    """Part a conversation into the digest of what an earlier call holds and what came since."""
    messages = conversation.messages
    for index in range(len(messages) - 1, -1, -1):
        if messages[index].role == "assistant":
            prefix = Conversation(messages=messages[: index + 1])
            return prefix.digest, messages[index + 1 :]
    return None, messages
