from collections.abc import Callable, Iterator

import pytest

from tests.agent.backends.chat_server import ChatServer
from vau_agent.agent.backends.base import BackendContext
from vau_agent.agent.backends.openai.backend import OpenAIBackend
from vau_agent.agent.conversation import Conversation, FramePart, Message, TextPart
from vau_agent.schemas import FrameRef
from vau_agent.settings import EndpointSettings

OpenBackend = Callable[..., OpenAIBackend]


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with ChatServer() as running:
        yield running


@pytest.fixture
def open_at(server: ChatServer) -> OpenBackend:
    """Open a backend at the server, in no hurry but with no wait between attempts."""

    def open_backend(**settings: object) -> OpenAIBackend:
        endpoint = EndpointSettings.model_validate(
            {"timeout_seconds": 20, "retries": 0, "backoff_seconds": 0, **settings}
        )
        context = BackendContext(
            pictures=lambda frame: b"picture of " + frame.frame_id.encode(), endpoint=endpoint
        )
        return OpenAIBackend.open(server.policy.removeprefix("openai:"), context)

    return open_backend


@pytest.fixture
def conversation() -> Conversation:
    """Two frames and a task."""
    frames = [
        FrameRef(frame_id=f"f{number}", timestamp=number, pts=number, sha256=f"{number:064}")
        for number in (1, 2)
    ]
    parts = (*(FramePart(frame=frame) for frame in frames), TextPart(text="Write <think>"))
    return Conversation(
        messages=(
            Message(role="system", parts=(TextPart(text="Be careful."),)),
            Message(role="user", parts=parts, stage="initial_reason"),
        )
    )
