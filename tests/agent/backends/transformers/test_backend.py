import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Picture

from tests.agent.backends.albums import Album
from tests.agent.backends.tiny_models import TinySize, build_tiny_fastvlm
from vau_agent.agent.backends.base import BackendContext, Completion, GenerationSettings
from vau_agent.agent.backends.factory import open_backend
from vau_agent.agent.backends.transformers.backend import TransformersBackend
from vau_agent.agent.backends.transformers.rendering import render_chat
from vau_agent.agent.conversation import Conversation
from vau_agent.errors import ContextOverflowError, GenerationError, ModelError, SettingsError
from vau_agent.schemas import FrameRef
from vau_agent.settings import LocalSettings

SHORT = GenerationSettings(max_new_tokens=12)
Turn = Callable[..., Conversation]


def open_at(folder: Path, album: Album, **limits: int) -> TransformersBackend:
    context = BackendContext(pictures=album.load, local=LocalSettings(**limits))
    backend = open_backend(f"transformers:{folder}", context)
    assert isinstance(backend, TransformersBackend)
    return backend


def three_turns(
    backend: TransformersBackend, frames: tuple[FrameRef, ...], turn: Turn
) -> tuple[Completion, ...]:
    """Judge, reflect, and revise with two frames more, as a run does."""
    asked = turn(None, "measurements", *frames[:4], "judge")
    first = backend.generate(asked, SHORT)
    asked = turn(asked, "reflect", stage="self_reflect", after=first.text)
    second = backend.generate(asked, SHORT)
    asked = turn(asked, *frames[4:], "revise", stage="revise", after=second.text)
    return first, second, backend.generate(asked, SHORT)


def test_going_on_from_what_was_read_writes_what_reading_anew_writes(
    tiny_model: Path, album: Album, frames: tuple[FrameRef, ...], turn: Turn
) -> None:
    kept = three_turns(open_at(tiny_model, album), frames, turn)
    anew = three_turns(open_at(tiny_model, album, kept_conversations=0), frames, turn)

    assert [one.text for one in kept] == [one.text for one in anew]
    assert [one.token_ids for one in kept] == [one.token_ids for one in anew]
    for one, other in zip(kept, anew, strict=True):
        assert one.logprobs == pytest.approx(other.logprobs, abs=1e-3)
    assert [one.usage.cached_tokens for one in anew] == [0, 0, 0]
    assert kept[0].usage.cached_tokens == 0
    assert kept[1].usage.cached_tokens >= kept[0].usage.prompt_tokens
    assert kept[2].usage.cached_tokens >= kept[1].usage.prompt_tokens
    assert kept[2].usage.prompt_tokens > kept[2].usage.cached_tokens


def test_it_writes_what_the_library_itself_writes(
    tiny_model: Path, album: Album, frames: tuple[FrameRef, ...], turn: Turn
) -> None:
    from transformers import AutoModelForImageTextToText, AutoProcessor

    asked = turn(None, "measurements", *frames[:3], "judge")
    completion = open_at(tiny_model, album).generate(asked, SHORT)

    load: Any = AutoProcessor.from_pretrained
    processor = load(tiny_model)
    model: Any = AutoModelForImageTextToText.from_pretrained(tiny_model)
    messages: Any = list(render_chat(asked, ()).messages)
    pictures = [Picture.open(io.BytesIO(album.load(frame))) for frame in frames[:3]]
    text = processor.apply_chat_template(messages, add_generation_prompt=True)
    inputs = processor(text=[text], images=pictures, return_tensors="pt")
    written = model.generate(**inputs, max_new_tokens=12, do_sample=False)
    length = inputs["input_ids"].shape[1]

    assert completion.usage.prompt_tokens == length
    assert list(completion.token_ids) == written[0, length:].tolist()


def test_probabilities_are_those_of_the_written_tokens(
    tiny_model: Path, album: Album, frames: tuple[FrameRef, ...], turn: Turn
) -> None:
    greedy = open_at(tiny_model, album).generate(turn(None, *frames[:2], "judge"), SHORT)
    sampled = open_at(tiny_model, album).generate(
        turn(None, *frames[:2], "judge"), SHORT.model_copy(update={"temperature": 5.0})
    )

    assert len(greedy.token_ids) == len(greedy.logprobs) == greedy.usage.completion_tokens == 12
    assert all(one <= 0 for one in greedy.logprobs)
    assert sum(sampled.logprobs) < sum(greedy.logprobs)


def test_frames_are_encoded_once_whatever_conversation_shows_them(
    tiny_model: Path, album: Album, frames: tuple[FrameRef, ...], turn: Turn
) -> None:
    backend = open_at(tiny_model, album)

    backend.generate(turn(None, *frames[:4], "judge"), SHORT)
    backend.generate(turn(None, *frames[2:], "an opinion", stage="verify"), SHORT)

    assert backend.encoded_pictures == 6
    assert album.asked == ["f1", "f2", "f3", "f4", "f5", "f6"]


def test_without_room_for_pictures_they_are_encoded_again_to_the_same_text(
    tiny_fastvlm: Path, album: Album, frames: tuple[FrameRef, ...], turn: Turn
) -> None:
    roomy = open_at(tiny_fastvlm, album)
    bare = open_at(tiny_fastvlm, album, kept_pictures_mb=0)

    texts = [one.text for one in three_turns(bare, frames, turn)]

    assert texts == [one.text for one in three_turns(roomy, frames, turn)]
    assert bare.encoded_pictures == 4 + 4 + 6
    assert roomy.encoded_pictures == 6


def test_another_conversation_between_two_turns_does_not_disturb_them(
    tiny_model: Path, album: Album, frames: tuple[FrameRef, ...], turn: Turn
) -> None:
    disturbed, quiet = open_at(tiny_model, album), open_at(tiny_model, album)
    asked = turn(None, *frames[:3], "judge")
    first = disturbed.generate(asked, SHORT)
    quiet.generate(asked, SHORT)
    disturbed.generate(turn(None, *frames[3:], "an opinion", stage="verify"), SHORT)
    asked = turn(asked, "reflect", after=first.text)

    second = disturbed.generate(asked, SHORT)

    assert second.text == quiet.generate(asked, SHORT).text
    assert second.usage.cached_tokens >= first.usage.prompt_tokens


def test_pictures_in_the_same_place_are_not_taken_for_one_another(
    tiny_model: Path, album: Album, frames: tuple[FrameRef, ...], turn: Turn
) -> None:
    backend = open_at(tiny_model, album)
    one, other = frames[0], frames[1].model_copy(update={"frame_id": "f1", "timestamp": 1.0})
    seen_before = backend.generate(turn(None, one, "judge"), SHORT)

    seen_after = backend.generate(turn(None, other, "judge"), SHORT)
    seen_alone = open_at(tiny_model, album).generate(turn(None, other, "judge"), SHORT)

    assert seen_after.text == seen_alone.text
    assert seen_after.logprobs != pytest.approx(seen_before.logprobs, abs=1e-3)
    assert 0 < seen_after.usage.cached_tokens < seen_after.usage.prompt_tokens - 4


def test_the_same_question_twice_gets_the_same_answer(
    tiny_model: Path, album: Album, frames: tuple[FrameRef, ...], turn: Turn
) -> None:
    backend = open_at(tiny_model, album)
    asked = turn(None, *frames[:2], "judge")

    first, second = backend.generate(asked, SHORT), backend.generate(asked, SHORT)

    assert first.text == second.text
    assert second.usage.cached_tokens == second.usage.prompt_tokens - 1


def test_the_seed_decides_what_is_sampled_and_nothing_else(
    tiny_model: Path, album: Album, frames: tuple[FrameRef, ...], turn: Turn
) -> None:
    backend = open_at(tiny_model, album)
    asked = turn(None, *frames[:2], "judge")

    def text(seed: int, temperature: float) -> str:
        settings = GenerationSettings(max_new_tokens=12, temperature=temperature, seed=seed)
        return backend.generate(asked, settings).text

    assert text(1, 2.0) == text(1, 2.0)
    assert text(1, 2.0) != text(2, 2.0)
    assert text(1, 0.0) == text(2, 0.0)


def test_a_text_only_conversation_is_answered(tiny_model: Path, album: Album, turn: Turn) -> None:
    backend = open_at(tiny_model, album)
    asked = turn(None, "nothing was seen")
    first = backend.generate(asked, SHORT)

    second = backend.generate(turn(asked, "again", after=first.text), SHORT)

    assert len(second.token_ids) == 12
    assert second.usage.cached_tokens >= first.usage.prompt_tokens


def test_a_response_schema_is_left_alone(tiny_fastvlm: Path, album: Album, turn: Turn) -> None:
    backend = open_at(tiny_fastvlm, album)
    asked = turn(None, "judge")
    bound = SHORT.model_copy(update={"response_schema": {"type": "object"}})

    assert backend.generate(asked, bound).text == backend.generate(asked, SHORT).text


def test_a_conversation_fits_up_to_the_last_token(
    tmp_path: Path, album: Album, frames: tuple[FrameRef, ...], turn: Turn
) -> None:
    backend = open_at(build_tiny_fastvlm(tmp_path, TinySize(context=160)), album)
    asked = turn(None, *frames[:2], "judge")
    prompt = backend.generate(asked, SHORT).usage.prompt_tokens
    room = 160 - prompt

    whole = backend.generate(asked, GenerationSettings(max_new_tokens=room))
    with pytest.raises(
        ContextOverflowError,
        match=rf"{prompt} tokens of conversation and {room + 1} to write do not fit the 160",
    ):
        backend.generate(asked, GenerationSettings(max_new_tokens=room + 1))

    assert len(whole.token_ids) <= room


def test_a_large_picture_is_scaled_down_to_its_limit(
    tiny_qwen: Path, album: Album, turn: Turn
) -> None:
    large = album.add(width=640, height=360)
    asked = turn(None, large, "judge")

    roomy = open_at(tiny_qwen, album).generate(asked, SHORT).usage.prompt_tokens
    bound = open_at(tiny_qwen, album, picture_pixels=56 * 112).generate(asked, SHORT)

    assert bound.usage.prompt_tokens < roomy


def test_a_model_that_cannot_go_on_reads_all_anew(
    tmp_path: Path, album: Album, frames: tuple[FrameRef, ...], turn: Turn
) -> None:
    folder = build_tiny_fastvlm(tmp_path, TinySize(sliding_window=32))
    backend = open_at(folder, album)

    completions = three_turns(backend, frames, turn)

    assert not backend.keeps_what_it_read
    assert [one.usage.cached_tokens for one in completions] == [0, 0, 0]
    assert all(len(one.token_ids) == len(one.logprobs) == 12 for one in completions)
    assert completions[0].text != completions[1].text


def test_a_damaged_picture_is_named(tiny_fastvlm: Path, album: Album, turn: Turn) -> None:
    broken = album.keep(b"no picture")

    with pytest.raises(GenerationError, match="picture of frame f1 cannot be read"):
        open_at(tiny_fastvlm, album).generate(turn(None, broken, "judge"), SHORT)


def test_the_card_tells_one_model_from_another(
    tiny_qwen: Path, tiny_fastvlm: Path, album: Album
) -> None:
    one, other = open_at(tiny_qwen, album).card, open_at(tiny_fastvlm, album).card

    assert one.id == str(tiny_qwen)
    assert one.endpoint == "in this process"
    assert one.revision != other.revision
    assert one == open_at(tiny_qwen, album).card


def test_a_model_has_to_be_named() -> None:
    with pytest.raises(SettingsError, match="needs a model"):
        open_backend("transformers:")


def test_a_model_that_is_not_here_is_refused_when_it_is_opened(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nowhere"):
        open_backend("transformers:nowhere", BackendContext(models=tmp_path))


@pytest.mark.parametrize(
    "template",
    ["{{ raise_exception('no system turns, please') }}", "<image><image><image>", "nothing"],
)
def test_a_chat_template_that_does_not_fit_is_told_in_one_line(
    tiny_fastvlm: Path, tmp_path: Path, album: Album, turn: Turn, template: str
) -> None:
    folder = shutil.copytree(tiny_fastvlm, tmp_path / "model")
    (folder / "chat_template.jinja").write_text(template)

    with pytest.raises(GenerationError, match="cannot read this conversation") as raised:
        open_at(folder, album).generate(turn(None, album.add(), "judge"), SHORT)

    assert "\n" not in str(raised.value)
