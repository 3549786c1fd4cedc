"""From a conversation to chat messages as OpenAI-style servers read them.

Each turn is written on its own and always in the same way, so a longer conversation begins with
the very bytes of the shorter one and a server can go on from what it has already read.
"""

import base64
from typing import TypedDict

from vau_agent.agent.backends.base import Pictures
from vau_agent.agent.conversation import Conversation, FramePart, Message, part_text


class ImageUrl(TypedDict):
    """Where a picture is: here always a `data:` address that holds the picture itself."""

    url: str


class ContentPart(TypedDict, total=False):
    """A piece of a turn: `text`, or a picture under `image_url`."""

    type: str
    text: str
    image_url: ImageUrl


class ChatMessage(TypedDict):
    """One turn."""

    role: str
    content: str | list[ContentPart]


def to_messages(conversation: Conversation, pictures: Pictures) -> list[ChatMessage]:
    """Write every turn; a frame becomes a line with its id and time, then its picture's bytes."""
    return [_message(message, pictures) for message in conversation.messages]


def _message(message: Message, pictures: Pictures) -> ChatMessage:
    if not any(isinstance(part, FramePart) for part in message.parts):
        return {"role": message.role, "content": _encodable(message.text)}
    content: list[ContentPart] = []
    lines: list[str] = []
    for part in message.parts:
        lines.append(part_text(part))
        if isinstance(part, FramePart):
            content.append(_text([*lines, ""], follows=bool(content)))
            content.append(_picture(pictures(part.frame)))
            lines = []
    if lines:
        content.append(_text(lines, follows=True))
    return {"role": message.role, "content": content}


def _text(lines: list[str], *, follows: bool) -> ContentPart:
    start = "\n" if follows else ""
    return {"type": "text", "text": _encodable(start + "\n".join(lines))}


def _picture(jpeg: bytes) -> ContentPart:
    encoded = base64.b64encode(jpeg).decode("ascii")
    return {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{encoded}"}}


def _encodable(text: str) -> str:
    """Replace what no UTF-8 can hold, e.g. bytes of a command line that were no text."""
    return text.encode("utf-8", "replace").decode("utf-8")
