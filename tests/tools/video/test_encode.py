from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from vau_agent.tools.video.encode import write_images, write_video
from vau_agent.tools.video.scenes.kinds import build_scene

FILES = [("clip.mp4", "libx264"), ("clip.mkv", "libx265"), ("clip.avi", "mpeg4")]


def _read(path: Path) -> tuple[list[float], list[NDArray[np.uint8]], int]:
    """Give timestamps, pictures and the number of keyframes."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    times = [float(frame.time or 0) for frame in frames]
    pictures = [np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8) for frame in frames]
    return times, pictures, sum(frame.key_frame for frame in frames)


@pytest.mark.parametrize(("name", "codec"), FILES)
def test_a_written_scene_is_read_back_at_its_times(name: str, codec: str, tmp_path: Path) -> None:
    scene = build_scene("walking", seed=1, duration_s=2, fps=10)

    write_video(scene, tmp_path / name, codec=codec, gop=8)

    times, pictures, keys = _read(tmp_path / name)
    assert np.allclose(np.asarray(times) - times[0], np.arange(20) / 10, atol=2e-3)
    assert keys >= 3
    for number in (0, 7, 19):
        drawn = scene.draw(number / 10).astype(int)
        assert np.abs(pictures[number] - drawn).mean() < 8


def test_given_timestamps_make_a_variable_frame_rate(tmp_path: Path) -> None:
    scene = build_scene("empty", seed=1, duration_s=2)
    wanted = [0.0, 0.1, 0.25, 0.3, 1.0]

    write_video(scene, tmp_path / "clip.mp4", timestamps=wanted)

    times, _, _ = _read(tmp_path / "clip.mp4")
    assert times == pytest.approx(wanted, abs=1e-4)


def test_an_encoding_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"old")

    def images() -> Iterator[NDArray[np.uint8]]:
        yield np.zeros((64, 64, 3), dtype=np.uint8)
        raise RuntimeError("the camera broke")

    with pytest.raises(RuntimeError, match="the camera broke"):
        write_images(images(), path, size=(64, 64), fps=5)

    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_sound_encoder_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'aac' is not a video encoder"):
        write_images([], tmp_path / "clip.mp4", size=(64, 64), fps=5, codec="aac")
