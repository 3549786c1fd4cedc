"""That pictures reach the model, all of them and in the form that it was trained on."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.agent.backends.albums import Album
from tests.agent.backends.tiny_models import QWEN_VIDEO
from vau_agent.agent.backends.base import BackendContext, GenerationSettings
from vau_agent.agent.backends.pictures import shown_pictures
from vau_agent.agent.backends.transformers.loading import load_model
from vau_agent.agent.backends.transformers.opening import open_transformers
from vau_agent.agent.conversation import Conversation
from vau_agent.agent.nano.profile import NANO_PROFILE, write_profile
from vau_agent.schemas import FrameRef

SHORT = GenerationSettings(max_new_tokens=6)
Turn = Callable[..., Conversation]


@pytest.fixture(scope="module")
def motion_model(tiny_fastvlm: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny FastVLM, asking to be shown motion pictures, as nano does."""
    folder = tmp_path_factory.mktemp("motion") / "model"
    shutil.copytree(tiny_fastvlm, folder)
    write_profile(folder, NANO_PROFILE)
    return folder


def blank(album: Album, frame: FrameRef) -> FrameRef:
    """The same frame of a camera that shows nothing."""
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (160, 90), (127, 127, 127)).save(buffer, format="JPEG")
    kept = album.keep(buffer.getvalue())
    return frame.model_copy(update={"sha256": kept.sha256, "before": None})


def test_without_their_pictures_frames_get_another_answer(
    tiny_model: Path, album: Album, frames: tuple[FrameRef, ...], turn: Turn
) -> None:
    backend = open_transformers(str(tiny_model), BackendContext(pictures=album.load))

    seen = backend.generate(turn(None, *frames, "judge"), SHORT)
    blind = backend.generate(turn(None, *(blank(album, one) for one in frames), "judge"), SHORT)

    assert seen.usage.prompt_tokens == blind.usage.prompt_tokens
    assert abs(seen.logprobs[0] - blind.logprobs[0]) > 0.01
    assert seen.token_ids != blind.token_ids


def test_every_single_frame_counts(
    tiny_model: Path, album: Album, frames: tuple[FrameRef, ...], turn: Turn
) -> None:
    backend = open_transformers(str(tiny_model), BackendContext(pictures=album.load))
    whole = backend.generate(turn(None, *frames, "judge"), SHORT)

    for place in range(len(frames)):
        shown = [blank(album, one) if at == place else one for at, one in enumerate(frames)]
        other = backend.generate(turn(None, *shown, "judge"), SHORT)
        assert other.logprobs != pytest.approx(whole.logprobs, abs=1e-4), f"frame {place}"


def test_a_model_of_motion_is_shown_motion(
    motion_model: Path, tiny_fastvlm: Path, album: Album, frames: tuple[FrameRef, ...], turn: Turn
) -> None:
    moving = [
        one.model_copy(update={"before": other.sha256})
        for one, other in zip(frames[:3], frames[3:], strict=True)
    ]
    packed = shown_pictures(album.load, "motion")

    backend = open_transformers(str(motion_model), BackendContext(pictures=album.load))
    asked = turn(None, *moving, "judge")
    completion = backend.generate(asked, SHORT)

    plain = open_transformers(str(tiny_fastvlm), BackendContext(pictures=packed))
    assert completion.logprobs == plain.generate(asked, SHORT).logprobs
    unpacked = open_transformers(str(tiny_fastvlm), BackendContext(pictures=album.load))
    assert completion.logprobs != unpacked.generate(asked, SHORT).logprobs


def test_the_same_view_that_moved_otherwise_is_encoded_anew(
    motion_model: Path, album: Album, frames: tuple[FrameRef, ...], turn: Turn
) -> None:
    backend = open_transformers(str(motion_model), BackendContext(pictures=album.load))
    first, second = (frames[0].model_copy(update={"before": other.sha256}) for other in frames[1:3])

    one = backend.generate(turn(None, first, "judge"), SHORT)
    other = backend.generate(turn(None, second, "judge"), SHORT)
    again = backend.generate(turn(None, first, "judge"), SHORT)

    assert backend.encoded_pictures == 2
    assert one.logprobs != other.logprobs
    assert one.logprobs == pytest.approx(again.logprobs, abs=1e-3)


def test_a_video_goes_through_the_published_models_own_video_processor(tiny_qwen: Path) -> None:
    import torch

    loaded = load_model(tiny_qwen, "tiny", Path)
    chance = np.random.default_rng(0)
    shown: list[Any] = []
    for video in (
        chance.integers(0, 255, (8, 3, 56, 84), dtype=np.uint8),
        np.full((8, 3, 56, 84), 127, dtype=np.uint8),
    ):
        text = f"<|im_start|>user\n{QWEN_VIDEO}judge<|im_end|>\n<|im_start|>assistant\n"
        inputs: Any = loaded.processor(
            text=[text], videos=[torch.from_numpy(video)], return_tensors="pt"
        )
        with torch.inference_mode():
            shown.append((inputs, loaded.model(**inputs).logits[0, -1]))

    (seen, said), (_, blind) = shown
    pairs, high, wide = seen["video_grid_thw"][0].tolist()
    assert pairs == 4  # two frames become one patch in time
    assert int((seen["input_ids"] == loaded.model.config.video_token_id).sum()) == (
        pairs * high * wide // 4
    )
    assert float((said - blind).abs().max()) > 0.01
