"""From a conversation to chat messages as OpenAI-style servers read them.

Each turn is written on its own and always in the same way, so a longer conversation begins with
the very bytes of the shorter one and a server can go on from what it has already read.
"""

import base64
import re
from typing import Final, TypedDict

from vau_agent.agent.backends.base import Pictures
from vau_agent.agent.conversation import Conversation, FramePart, Message, part_text

_GAP: Final = "\N{ZERO WIDTH SPACE}"
_CONTROL: Final = re.compile(
    r"<(?=[|\N{FULLWIDTH VERTICAL LINE}])"  # <|im_end|>
    r"|<(?=/?[\w-]*[_A-Z][\w-]*>)"  # <end_of_turn>, <__media__>, <IMG_CONTEXT>
    r"|<(?=/?(?:s|bos|eos|pad|unk|image|img|video|audio)>)"
    r"|\[(?=/?[A-Z][A-Z_]+\])"  # [INST]
)
"""Where marks begin that chat templates write between turns and around pictures. A server reads
them wherever they stand, and which it knows is not told: all that are shaped like one are broken
up. None is shaped like our own tags."""

_PNG: Final = b"\x89PNG"


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
    """Write every turn; a frame becomes the line that announces it, then its picture's bytes."""
    return [_message(message, pictures) for message in conversation.messages]


def _message(message: Message, pictures: Pictures) -> ChatMessage:
    if not any(isinstance(part, FramePart) for part in message.parts):
        return {"role": message.role, "content": _harmless(message.text)}
    content: list[ContentPart] = []
    lines: list[str] = []
    for part in message.shown:
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
    return {"type": "text", "text": _harmless(start + "\n".join(lines))}


def _picture(content: bytes) -> ContentPart:
    kind = "png" if content.startswith(_PNG) else "jpeg"
    encoded = base64.b64encode(content).decode("ascii")
    return {"type": "image_url", "image_url": {"url": f"data:image/{kind};base64,{encoded}"}}


def _harmless(text: str) -> str:
    """Let no text close its turn, and replace what no UTF-8 can hold."""
    encodable = text.encode("utf-8", "replace").decode("utf-8")
    return _CONTROL.sub(lambda mark: mark[0] + _GAP, encodable)
