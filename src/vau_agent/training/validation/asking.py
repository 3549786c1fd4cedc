"""Many dialogues at once: those that wait for a completion are completed together."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from vau_agent.agent.backends.base import Completion, GenerationSettings
from vau_agent.agent.conversation import Conversation
from vau_agent.agent.profile import ModelProfile
from vau_agent.motion import Image
from vau_agent.schemas import Score, Stage
from vau_agent.training.validation.dialogue import KnownCompletions, Unanswered

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Request:
    """A conversation to complete, and the pictures that its frames stand for."""

    conversation: Conversation
    pictures: Mapping[str, Image]
    """By the blob that a frame names."""
    album: str
    """Tells pictures of one video from those of another, whose frames may name equal blobs."""
    settings: GenerationSettings


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A completion, and how sure it is of what it accepts."""

    completion: Completion
    accept: Score | None = None
    """Probability of `true` where a reflection says whether it accepts."""


class Writer(Protocol):
    """Completes several conversations; what it writes of one does not depend on the others."""

    @property
    def profile(self) -> ModelProfile:
        """How the model wants to be asked."""

    def write(self, requests: Sequence[Request]) -> list[Reply]:
        """Complete each conversation, in order."""


class Remembering:
    """A writer that asks another one the same only once: rows share many of their turns."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._known: dict[bytes, Reply] = {}

    @property
    def profile(self) -> ModelProfile:
        """Of the model that writes."""
        return self._writer.profile

    def write(self, requests: Sequence[Request]) -> list[Reply]:
        """Complete each conversation that was not completed before."""
        keys = [_digest(request) for request in requests]
        new = {
            key: request
            for key, request in zip(keys, requests, strict=True)
            if key not in self._known
        }
        self._known.update(zip(new, self._writer.write(list(new.values())), strict=True))
        return [self._known[key] for key in keys]

    def forget(self) -> None:
        """Drop what is known: the videos are done with."""
        self._known.clear()


@dataclass(frozen=True, kw_only=True)
class Lead(Generic[T]):
    """A dialogue that can be led from its beginning, as often as it takes."""

    run: Callable[[KnownCompletions], T]
    """Raises `Unanswered` where a completion is wanted."""
    pictures: Mapping[str, Image]
    album: str


@dataclass(frozen=True, kw_only=True)
class Led(Generic[T]):
    """What came of a dialogue, with all that was written in it."""

    value: T
    replies: tuple[Reply, ...]
    stages: tuple[Stage, ...]
    """What each reply was asked for."""


def converse(leads: Sequence[Lead[T]], writer: Writer) -> list[Led[T]]:
    """Lead every dialogue to its end, all of them a step further at a time."""
    replies: list[list[Reply]] = [[] for _ in leads]
    stages: list[list[Stage]] = [[] for _ in leads]
    values: dict[int, T] = {}
    while len(values) < len(leads):
        wanted: list[int] = []
        requests: list[Request] = []
        for number, lead in enumerate(leads):
            if number in values:
                continue
            known = [reply.completion for reply in replies[number]]
            try:
                values[number] = lead.run(KnownCompletions(writer.profile, known))
            except Unanswered as open_:
                wanted.append(number)
                stages[number].append(open_.conversation.stage)
                requests.append(
                    Request(
                        conversation=open_.conversation,
                        pictures=lead.pictures,
                        album=lead.album,
                        settings=open_.settings,
                    )
                )
        for number, reply in zip(wanted, writer.write(requests), strict=True):
            replies[number].append(reply)
    return [
        Led(value=values[number], replies=tuple(replies[number]), stages=tuple(stages[number]))
        for number in range(len(leads))
    ]


def _digest(request: Request) -> bytes:
    told = (
        request.album,
        request.conversation.model_dump_json(),
        request.settings.model_dump_json(),
    )
    return hashlib.sha256("\0".join(told).encode()).digest()
