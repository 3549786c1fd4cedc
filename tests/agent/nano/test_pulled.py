"""The real nano, where it can be had: that it sees, that it is asked as it was trained."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vau_agent.agent.backends.base import BackendContext, Completion, GenerationSettings
from vau_agent.agent.backends.transformers.opening import open_transformers
from vau_agent.agent.conversation import Conversation, FramePart, Message, TextPart
from vau_agent.agent.profile import load_profile
from vau_agent.schemas import FrameRef
from vau_agent.settings import LocalSettings

pytestmark = pytest.mark.slow

FRAMES = 8
Ask = Callable[..., Completion]


def draw(place: int) -> bytes:
    """Draw a bright figure that crosses a dark street."""
    picture = np.full((90, 160, 3), (60, 62, 66), dtype=np.uint8)
    picture[50:] = (90, 88, 84)
    left = 10 + 16 * place
    picture[35:75, left : left + 12] = (210, 190, 170)
    return encode(picture)


def encode(picture: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="JPEG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def ask(nano_folder: Path) -> Ask:
    """Show the frames and ask, or the same of a camera that shows nothing."""

    def answer(*, blank: bool) -> Completion:
        pictures = {f"{place:064x}": draw(place) for place in range(FRAMES)}
        if blank:
            grey = encode(np.full((90, 160, 3), 127, dtype=np.uint8))
            pictures = dict.fromkeys(pictures, grey)
        context = BackendContext(
            pictures=lambda frame: pictures[frame.sha256], local=LocalSettings(engine="torch")
        )
        backend = open_transformers(str(nano_folder), context)
        return backend.generate(conversation(), GenerationSettings(max_new_tokens=60))

    return answer


def conversation() -> Conversation:
    shown: list[TextPart | FramePart] = []
    for place in range(FRAMES):
        frame = FrameRef(
            frame_id=f"f{place + 1}",
            timestamp=place + 0.5,
            pts=place,
            sha256=f"{place:064x}",
            before=f"{max(0, place - 1):064x}",
        )
        shown.append(FramePart(frame=frame, text=f"{place:.1f} f{place + 1}"))
    task = (TextPart(text=f"{FRAMES:.1f}"), TextPart(text=f"Judge 0.0-{FRAMES:.1f}."))
    system = Message(role="system", parts=(TextPart(text="You judge surveillance video."),))
    return Conversation(
        messages=(system, Message(role="user", parts=(*shown, *task), stage="initial_reason"))
    )


def test_without_the_video_its_verdict_is_another_one(ask: Ask) -> None:
    seen, blind = ask(blank=False), ask(blank=True)

    assert seen.usage.prompt_tokens == blind.usage.prompt_tokens
    assert seen.verdict_token is not None
    assert blind.verdict_token is not None
    shared = seen.verdict_token.alternatives.keys() & blind.verdict_token.alternatives.keys()
    assert (
        max(
            abs(seen.verdict_token.alternatives[token] - blind.verdict_token.alternatives[token])
            for token in shared
        )
        > 0.05
    )


def test_it_writes_in_the_tags_that_are_read(ask: Ask) -> None:
    written = ask(blank=False)

    assert written.text.startswith("<think>")
    assert "</answer>" in written.text
    assert written.finish_reason == "stop"


def test_it_says_how_it_was_trained_to_be_asked(nano_folder: Path) -> None:
    profile = load_profile(nano_folder)

    assert (profile.prompts, profile.pictures, profile.detector) == ("compact", "motion", True)
