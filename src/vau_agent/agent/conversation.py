"""Append-only, backend-neutral chat: text, frames with timestamps, evidence.

The order is fixed by architecture: system, evidence with frames in time order, task; every later
turn is appended, so that a backend may reuse what it has already read.
"""

import hashlib
from typing import Annotated, Literal

from pydantic import Field

from vau_agent.schemas import Evidence, FrameRef, Stage, Value


class TextPart(Value):
    """Plain text."""

    kind: Literal["text"] = "text"
    text: str


class FramePart(Value):
    """A picture, by reference; backends that need pixels load the blob."""

    kind: Literal["frame"] = "frame"
    frame: FrameRef
    text: str = ""
    """How it is announced; empty says its id and time."""


class EvidencePart(Value):
    """Measured evidence; language models read its text, where it has any, `rules` its values."""

    kind: Literal["evidence"] = "evidence"
    evidence: Evidence
    text: str


Part = Annotated[TextPart | FramePart | EvidencePart, Field(discriminator="kind")]


class Message(Value):
    """One turn."""

    role: Literal["system", "user", "assistant"]
    parts: tuple[Part, ...]
    stage: Stage | None = None
    """The stage that a user turn asks for, or that an assistant turn answered."""

    @property
    def shown(self) -> tuple[Part, ...]:
        """What a language model is shown of the turn: frames, and all that has words."""
        return tuple(part for part in self.parts if isinstance(part, FramePart) or part.text)

    @property
    def text(self) -> str:
        """All text of the turn; frames appear as they are announced."""
        return "\n".join(part_text(part) for part in self.shown)


class Conversation(Value):
    """A chat so far; `with_*` gives a longer one and leaves this one as it is."""

    messages: tuple[Message, ...] = ()

    def with_message(self, message: Message) -> "Conversation":
        """Append one turn."""
        return Conversation(messages=(*self.messages, message))

    @property
    def stage(self) -> Stage:
        """The stage that the last user turn asks for.

        Raises:
            ValueError: The last turn is not a user turn with a stage.
        """
        last = self.messages[-1] if self.messages else None
        if last is None or last.role != "user" or last.stage is None:
            raise ValueError("a conversation is answered when its last turn is a user's stage")
        return last.stage

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """All evidence given so far, oldest first."""
        return tuple(
            part.evidence
            for message in self.messages
            for part in message.parts
            if isinstance(part, EvidencePart)
        )

    @property
    def frames(self) -> tuple[FrameRef, ...]:
        """All frames shown so far, oldest first."""
        return tuple(
            part.frame
            for message in self.messages
            for part in message.parts
            if isinstance(part, FramePart)
        )

    @property
    def digest(self) -> str:
        """Content hash: equal conversations have equal digests."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def part_text(part: TextPart | FramePart | EvidencePart) -> str:
    """Give what a part says in words; a frame is announced."""
    if isinstance(part, FramePart) and not part.text:
        return f"[{part.frame.frame_id} at {part.frame.timestamp:.2f} s]"
    return part.text
