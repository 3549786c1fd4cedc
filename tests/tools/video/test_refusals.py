"""Every way a file is refused: by name, on one line, with the file and what to do about it."""

import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final, get_args

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from tests.tools.video.barcoded import HEIGHT, KINDS, WIDTH, Kind, draw, encode
from vau_agent.errors import VideoDecodeError, VideoError, VideoOpenError, VideoRefusal
from vau_agent.settings import VideoLimits
from vau_agent.tools.video.factory import hash_file, open_video
from vau_agent.tools.video.refusals import refusal

BY_NAME: Final = {kind.name: kind for kind in KINDS}
FileOf = Callable[[Kind], Path]


def refused_as(path: Path, limits: VideoLimits | None = None) -> VideoRefusal:
    with pytest.raises(VideoError) as caught, open_video(path, limits=limits):
        pass
    assert str(path) in str(caught.value)
    return caught.value.kind


@pytest.mark.parametrize("kind", get_args(VideoRefusal))
def test_every_refusal_is_one_line_with_the_file_and_the_next_step(kind: VideoRefusal) -> None:
    error = refusal(kind, "yard.mp4", detail="20000x10")

    assert error.kind == kind
    assert str(error).startswith("'yard.mp4' ")
    assert "; " in str(error) and "\n" not in str(error)
    assert str(error).endswith("(20000x10)")
    assert isinstance(error, VideoOpenError | VideoDecodeError)


def test_what_is_not_a_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "nothing.mp4").touch()

    assert refused_as(tmp_path / "pipe.mp4") == "not-a-file"
    assert refused_as(tmp_path) == "not-a-file"
    assert refused_as(Path("/dev/zero")) == "not-a-file"
    assert refused_as(tmp_path / "nothing.mp4") == "empty"
    assert refused_as(tmp_path / "absent.mp4") == "not-found"
    assert refused_as(tmp_path / "nothing.mp4" / "x.mp4") == "not-found"
    assert refused_as(tmp_path / ("x" * 300)) == "not-found"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_read_permission_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret.mp4"
    path.write_bytes(b"x")
    path.chmod(0)

    assert refused_as(path) == "no-permission"


def test_a_link_to_a_video_is_followed(tmp_path: Path, file_of: FileOf) -> None:
    link = tmp_path / "link.mp4"
    link.symlink_to(file_of(BY_NAME["h264-closed-gop"]))

    with open_video(link) as reader:
        assert reader.info.sha256 == hash_file(link)


def test_what_is_not_a_video_is_refused(tmp_path: Path) -> None:
    noise, sound = tmp_path / "noise.mp4", tmp_path / "sound.mkv"
    noise.write_bytes(np.random.default_rng(0).bytes(20_000))
    write_sound(sound)

    assert refused_as(noise) == "not-a-video"
    assert refused_as(sound) == "no-video-stream"


def test_a_still_picture_and_an_unlisted_container_are_refused(tmp_path: Path) -> None:
    picture, gif = tmp_path / "picture.png", tmp_path / "moving.gif"
    write_with(picture, "png", "rgb24", count=1)
    write_with(gif, "gif", "rgb8", count=3)

    assert refused_as(picture) == "format-not-allowed"
    assert refused_as(gif) == "format-not-allowed"


def test_an_unlisted_codec_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "jpeg2000.mkv"
    write_with(path, "jpeg2000", "yuv420p", count=3)

    assert refused_as(path) == "codec-not-allowed"


def test_cover_art_alone_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "song.mp4"
    write_sound(path, codec="aac", with_cover=True)

    assert refused_as(path) == "no-video-stream"


@pytest.mark.parametrize(("width", "allowed"), [(160, True), (159, False)])
def test_pictures_beyond_the_limit_are_refused_before_they_are_decoded(
    width: int, allowed: bool, file_of: FileOf
) -> None:
    path = file_of(BY_NAME["h264-closed-gop"])
    limits = VideoLimits(max_width=width, max_height=96)

    if allowed:
        open_video(path, limits=limits).close()
    else:
        assert refused_as(path, limits) == "frame-too-large"


@pytest.mark.parametrize(("streams", "allowed"), [(2, True), (1, False)])
def test_streams_beyond_the_limit_are_refused(streams: int, allowed: bool, file_of: FileOf) -> None:
    path = file_of(BY_NAME["two-streams"])
    limits = VideoLimits(max_streams=streams)

    if allowed:
        with open_video(path, limits=limits) as reader:
            assert reader.info.warnings == ("1 more video streams are not read.",)
    else:
        assert refused_as(path, limits) == "too-many-streams"


def test_an_mp4_without_its_index_is_cut_short(tmp_path: Path, file_of: FileOf) -> None:
    path = tmp_path / "half.mp4"
    data = file_of(BY_NAME["h264-closed-gop"]).read_bytes()
    path.write_bytes(data[: data.index(b"moov") - 4])

    assert refused_as(path) == "truncated"


def test_half_a_file_gives_its_first_half_and_says_so(tmp_path: Path, file_of: FileOf) -> None:
    path = tmp_path / "half.avi"
    data = file_of(BY_NAME["all-intra"]).read_bytes()
    path.write_bytes(data[: len(data) // 2])

    with open_video(path) as reader:
        found = len(list(reader.frames()))

    assert 40 <= found <= 52


@pytest.mark.parametrize(("share", "allowed"), [(1.0, True), (0.2, False)])
def test_damage_beyond_the_limit_ends_in_a_refusal_and_is_always_counted(
    share: float, allowed: bool, tmp_path: Path, file_of: FileOf
) -> None:
    path = tmp_path / "scratched.avi"
    path.write_bytes(spoil_pictures(file_of(BY_NAME["all-intra"]).read_bytes()))

    with open_video(path, limits=VideoLimits(max_damaged_share=share)) as reader:
        if allowed:
            assert 30 <= len(list(reader.frames())) <= 70
        else:
            with pytest.raises(VideoDecodeError, match="does not decode") as caught:
                list(reader.frames())
            assert caught.value.kind == "truncated"
        assert any("did not decode" in warning for warning in reader.info.warnings) or not allowed


def test_a_file_none_of_whose_pictures_decode_is_refused(tmp_path: Path, file_of: FileOf) -> None:
    path = tmp_path / "hollow.avi"
    path.write_bytes(spoil_pictures(file_of(BY_NAME["all-intra"]).read_bytes(), every=1))

    assert refused_as(path) in {"no-frames", "truncated"}


def spoil_pictures(data: bytes, *, every: int = 2) -> bytes:
    """Overwrite the content of every n-th picture of an AVI with zeros."""
    spoiled, place, number = bytearray(data), data.index(b"movi") + 4, 0
    while data[place : place + 4] == b"00dc":
        (size,) = struct.unpack("<I", data[place + 4 : place + 8])
        if number % every == 0 and (number or every == 1):
            spoiled[place + 8 : place + 8 + size] = bytes(size)
        place += 8 + size + size % 2
        number += 1
    return bytes(spoiled)


def write_sound(path: Path, *, codec: str = "pcm_s16le", with_cover: bool = False) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=8000, layout="mono")
        assert isinstance(stream, AudioStream)
        cover = container.add_stream("mjpeg", rate=1) if with_cover else None
        if cover is not None:
            assert isinstance(cover, VideoStream)
            cover.width, cover.height, cover.pix_fmt = WIDTH, HEIGHT, "yuvj420p"
            cover.disposition = Disposition.attached_pic
            picture = VideoFrame.from_ndarray(draw(5), format="rgb24")
            container.mux([*cover.encode(picture), *cover.encode(None)])
        form = stream.codec_context.format.name
        silence = np.zeros((1, 1024), dtype=np.int16 if form == "s16" else np.float32)
        sound = AudioFrame.from_ndarray(silence, format=form, layout="mono")
        sound.sample_rate, sound.pts = 8000, 0
        for frame in (sound, None):
            container.mux(stream.encode(frame))


def write_with(path: Path, codec: str, pixels: str, *, count: int) -> None:
    encode(
        Kind(name=path.stem, suffix=path.suffix, codec=codec, pixels=pixels, count=count),
        path.parent,
    )
