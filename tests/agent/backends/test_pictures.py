import io

import numpy as np
import pytest
from PIL import Image as Picture

from tests.agent.backends.albums import Album
from vau_agent.agent.backends.openai.messages import to_messages
from vau_agent.agent.backends.pictures import decode_picture, picture_key, shown_pictures
from vau_agent.agent.conversation import Conversation, FramePart, Message
from vau_agent.errors import GenerationError
from vau_agent.motion import MOTION_SIDE, Image, pack_motion
from vau_agent.schemas import FrameRef


@pytest.fixture
def album() -> Album:
    return Album()


@pytest.fixture
def moving(album: Album) -> FrameRef:
    """A frame that is known with what was to be seen shortly before."""
    earlier = album.add(width=120, height=80)
    return album.add(width=120, height=80).model_copy(update={"before": earlier.sha256})


def pixels(content: bytes) -> Image:
    return np.asarray(Picture.open(io.BytesIO(content)).convert("RGB"))


def test_plain_pictures_are_shown_as_they_are(album: Album) -> None:
    assert shown_pictures(album.load, "plain") == album.load


def test_a_motion_picture_is_packed_of_both_and_loses_nothing(
    album: Album, moving: FrameRef
) -> None:
    shown = shown_pictures(album.load, "motion")(moving)

    assert moving.before is not None
    now, before = (pixels(album.pictures[one]) for one in (moving.sha256, moving.before))
    assert np.array_equal(pixels(shown), pack_motion(now, before))


def test_where_nothing_was_before_nothing_has_moved(album: Album) -> None:
    frame = album.add(width=120, height=80)

    packed = pixels(shown_pictures(album.load, "motion")(frame))

    assert np.array_equal(packed, pack_motion(pixels(album.pictures[frame.sha256]), None))
    assert set(packed[..., 2].flatten()) == {128}


def test_large_views_are_compared_at_the_size_of_training(album: Album) -> None:
    earlier = album.add(width=640, height=360)
    frame = album.add(width=640, height=360).model_copy(update={"before": earlier.sha256})

    packed = pixels(shown_pictures(album.load, "motion")(frame))

    assert packed.shape == (90, MOTION_SIDE, 3)


def test_the_same_view_after_another_one_is_another_picture(album: Album, moving: FrameRef) -> None:
    still = moving.model_copy(update={"before": moving.sha256})
    first = moving.model_copy(update={"before": None})

    assert len({picture_key(one) for one in (moving, still, first)}) == 3
    assert picture_key(moving) == picture_key(moving.model_copy(update={"frame_id": "f9"}))


def test_a_damaged_picture_is_named(album: Album, moving: FrameRef) -> None:
    assert moving.before is not None
    album.pictures[moving.before] = b"no picture"

    with pytest.raises(GenerationError, match="picture of frame f2 cannot be read"):
        shown_pictures(album.load, "motion")(moving)
    with pytest.raises(GenerationError, match="picture of frame f2 cannot be read"):
        decode_picture(moving, b"")


def test_a_server_is_told_which_kind_of_file_a_picture_is(album: Album, moving: FrameRef) -> None:
    shown = Conversation(messages=(Message(role="user", parts=(FramePart(frame=moving),)),))

    plain, packed = (
        str(to_messages(shown, shown_pictures(album.load, kind))[0]["content"])
        for kind in ("plain", "motion")
    )

    assert "data:image/jpeg;base64,/9j/" in plain
    assert "data:image/png;base64,iVBOR" in packed
