"""From a conversation to the messages that a chat template reads, and the frames they show."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypedDict

from vau_agent.agent.conversation import Conversation, FramePart, Message, part_text
from vau_agent.schemas import FrameRef

_GAP: Final = "\N{ZERO WIDTH SPACE}"
"""Breaks a control token that stands in a text, so that it is read as text."""


class Content(TypedDict, total=False):
    """One part of a message, as chat templates read it."""

    type: str
    text: str


class ChatMessage(TypedDict):
    """One turn, as chat templates read it."""

    role: str
    content: list[Content]


@dataclass(frozen=True, kw_only=True, slots=True)
class Chat:
    """A conversation, ready for a template."""

    messages: tuple[ChatMessage, ...]
    frames: tuple[FrameRef, ...]
    """One for each picture of the messages, in order."""


def render_chat(conversation: Conversation, control_tokens: Sequence[str]) -> Chat:
    """Write every turn as text and pictures; a frame is announced, then its picture.

    No text can close its turn, open another or stand for a picture: `control_tokens` in it are
    broken up.
    """
    messages = tuple(_message(message, control_tokens) for message in conversation.messages)
    return Chat(messages=messages, frames=conversation.frames)


def _message(message: Message, control_tokens: Sequence[str]) -> ChatMessage:
    content: list[Content] = []
    pending = ""
    for number, part in enumerate(message.shown):
        pending += "\n" if number else ""
        if isinstance(part, FramePart):
            pending += f"{part_text(part)}\n"  # as servers are told: the same words everywhere
            content += [{"type": "text", "text": pending}, {"type": "image"}]
            pending = ""
        else:
            pending += break_tokens(part.text, control_tokens)
    if pending:
        content.append({"type": "text", "text": pending})
    return {"role": message.role, "content": content}


def break_tokens(text: str, control_tokens: Iterable[str]) -> str:
    """Break up every control token in a text; what is left holds none."""
    for token in control_tokens:
        if len(token) > 1:
            text = text.replace(token, token[0] + _GAP + token[1:])
    return text
