"""Many completions at once are the completions of each by itself."""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from tests.agent.backends.tiny_models import build_tiny_fastvlm, build_tiny_qwen25vl
from vau_agent.agent.backends.base import BackendContext, Completion, GenerationSettings
from vau_agent.agent.backends.transformers.opening import open_transformers
from vau_agent.agent.conversation import Conversation, FramePart, Message, TextPart
from vau_agent.errors import ContextOverflowError
from vau_agent.motion import Image
from vau_agent.schemas import FrameRef
from vau_agent.training.validation.asking import Request
from vau_agent.training.validation.writing import BatchWriter

SETTINGS = GenerationSettings(max_new_tokens=12)


@pytest.fixture(scope="module")
def fastvlm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_fastvlm(tmp_path_factory.mktemp("models") / "fastvlm")


def conversation(name: str, frames: int, words: str) -> Conversation:
    shown = tuple(
        FramePart(frame=FrameRef(frame_id=f"f{n}", timestamp=float(n), pts=n, sha256=f"{name}/{n}"))
        for n in range(1, frames + 1)
    )
    parts = (*shown, TextPart(text=words))
    return Conversation(
        messages=(
            Message(role="system", parts=(TextPart(text="You judge."),)),
            Message(role="user", parts=parts, stage="initial_reason"),
        )
    )


def pictures_of(*conversations: Conversation) -> dict[str, Image]:
    found: dict[str, Image] = {}
    for one in conversations:
        for frame in one.frames:
            random = np.random.default_rng(sum(frame.sha256.encode()))
            found[frame.sha256] = random.integers(0, 255, (64, 64, 3), dtype=np.uint8)
    return found


def by_itself(folder: Path, asked: Conversation, pictures: Mapping[str, Image]) -> tuple[int, ...]:
    def load(frame: FrameRef) -> bytes:
        buffer = io.BytesIO()
        Picture.fromarray(pictures[frame.sha256]).save(buffer, format="PNG")
        return buffer.getvalue()

    backend = open_transformers(str(folder), BackendContext(pictures=load))
    return backend.generate(asked, SETTINGS).token_ids


def written(folder: Path, asked: list[Conversation], *, batch: int) -> list[tuple[int, ...]]:
    pictures = pictures_of(*asked)
    requests = [
        Request(conversation=one, pictures=pictures, album="a", settings=SETTINGS) for one in asked
    ]
    replies = BatchWriter(folder, batch=batch).write(requests)
    return [reply.completion.token_ids for reply in replies]


def test_prompts_of_unlike_length_are_completed_together_as_each_by_itself(fastvlm: Path) -> None:
    asked = [
        conversation("a", 1, "What?"),
        conversation("b", 3, "What happens here, and when does it begin?"),
        conversation("c", 2, "Judge."),
    ]
    pictures = pictures_of(*asked)

    together = written(fastvlm, asked, batch=3)

    assert together == [by_itself(fastvlm, one, pictures) for one in asked]
    assert len(set(together)) > 1
    assert written(fastvlm, asked, batch=2) == together


def test_later_turns_go_on_from_what_was_read_and_say_the_same(fastvlm: Path) -> None:
    first = [conversation("a", 1, "What?"), conversation("b", 3, "What happens here, and when?")]
    pictures = pictures_of(*first)
    writer = BatchWriter(fastvlm, batch=2)

    def ask(asked: list[Conversation]) -> list[Completion]:
        requests = [
            Request(conversation=one, pictures=pictures, album=str(place), settings=SETTINGS)
            for place, one in enumerate(asked)
        ]
        return [reply.completion for reply in writer.write(requests)]

    said = ask(first)
    later = [further(one, answer.text) for one, answer in zip(first, said, strict=True)]
    again = ask(later)

    assert all(one.usage.cached_tokens > 20 for one in again)
    assert [one.token_ids for one in again] == [by_itself(fastvlm, one, pictures) for one in later]
    other = [later[1], later[0]]  # rows that begin with something else are read anew
    assert [one.token_ids for one in ask(other)] == [
        by_itself(fastvlm, one, pictures) for one in other
    ]


def further(before: Conversation, said: str) -> Conversation:
    answer = Message(role="assistant", parts=(TextPart(text=said),), stage="initial_reason")
    asked = Message(role="user", parts=(TextPart(text="Check."),), stage="self_reflect")
    return before.with_message(answer).with_message(asked)


def test_another_picture_is_another_completion(fastvlm: Path) -> None:
    one, other = conversation("a", 2, "Judge."), conversation("z", 2, "Judge.")

    assert len(set(written(fastvlm, [one, other], batch=2))) == 2


@pytest.mark.slow
def test_a_model_with_positions_of_its_own_is_asked_one_at_a_time(tmp_path: Path) -> None:
    folder = build_tiny_qwen25vl(tmp_path / "qwen")
    asked = [conversation("a", 1, "What?"), conversation("b", 2, "What happens here?")]
    pictures = pictures_of(*asked)

    assert written(folder, asked, batch=2) == [by_itself(folder, one, pictures) for one in asked]


def test_a_conversation_that_does_not_fit_is_told_before_anything_is_written(fastvlm: Path) -> None:
    asked = conversation("a", 1, "What?")
    settings = GenerationSettings(max_new_tokens=20_000)

    with pytest.raises(ContextOverflowError, match="lower frames_per_window"):
        BatchWriter(fastvlm).write(
            [Request(conversation=asked, pictures=pictures_of(asked), album="a", settings=settings)]
        )


def test_nothing_asked_loads_nothing(tmp_path: Path) -> None:
    assert BatchWriter(tmp_path / "absent").write([]) == []
