from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.agent.backends.albums import Album
from vau_agent.agent.conversation import Conversation, FramePart, Message, TextPart
from vau_agent.schemas import FrameRef, Stage

pytest.importorskip("torch", reason="the extra 'local' is not installed")
pytest.importorskip("transformers", reason="the extra 'local' is not installed")


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tiny_qwen(tiny_models: dict[str, Path]) -> Path:
    return tiny_models["qwen2.5-vl"]


@pytest.fixture(scope="session")
def tiny_fastvlm(tiny_models: dict[str, Path]) -> Path:
    return tiny_models["fastvlm"]


@pytest.fixture(scope="session", params=["qwen", "fastvlm"])
def tiny_model(request: pytest.FixtureRequest, tiny_qwen: Path, tiny_fastvlm: Path) -> Path:
    return tiny_qwen if request.param == "qwen" else tiny_fastvlm


@pytest.fixture
def album() -> Album:
    return Album()


@pytest.fixture
def frames(album: Album) -> tuple[FrameRef, ...]:
    return tuple(album.add() for _ in range(6))


Turn = Callable[..., Conversation]


@pytest.fixture
def turn() -> Turn:
    """Append an assistant's turn, if one is given, and a user's turn of texts and frames."""

    def append(
        conversation: Conversation | None,
        *parts: str | FrameRef,
        stage: Stage = "initial_reason",
        after: str | None = None,
    ) -> Conversation:
        so_far = conversation or Conversation(
            messages=(Message(role="system", parts=(TextPart(text="Look with care."),)),)
        )
        if after is not None:
            so_far = so_far.with_message(
                Message(role="assistant", parts=(TextPart(text=after),), stage=stage)
            )
        said = tuple(
            TextPart(text=part) if isinstance(part, str) else FramePart(frame=part)
            for part in parts
        )
        return so_far.with_message(Message(role="user", parts=said, stage=stage))

    return append
