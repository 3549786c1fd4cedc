from pathlib import Path

import numpy as np
import pytest

from vau_agent.errors import SegmentOutOfRangeError
from vau_agent.schemas import Segment
from vau_agent.tools.video.base import VideoReader
from vau_agent.tools.video.encode import write_video
from vau_agent.tools.video.factory import open_video
from vau_agent.tools.video.scenes.kinds import build_scene
from vau_agent.tools.video.synthetic import SyntheticReader


def _reader(*, gop: int = 50) -> SyntheticReader:
    return SyntheticReader(scene=build_scene("walking", seed=1, duration_s=4, fps=10), gop=gop)


def test_it_is_a_video_reader() -> None:
    reader: VideoReader = _reader(gop=8)

    with reader:
        assert reader.info.duration_s == pytest.approx(4)
        assert reader.info.frame_count == 40
        assert reader.info.keyframe_count == 5
        assert reader.info.frame_rate_mode == "constant"
        assert reader.packet_index().mean_gop_seconds == pytest.approx(0.8)


def test_frames_carry_the_scene_as_drawn_at_their_time() -> None:
    reader = _reader()

    frames = list(reader.frames(Segment(start=1, end=2)))

    assert [frame.timestamp for frame in frames] == pytest.approx(list(np.arange(10, 20) / 10))
    assert np.array_equal(frames[3].image, reader.scene.draw(frames[3].timestamp))
    assert all(frame.timestamp == float(frame.pts * frame.time_base) for frame in frames)


def test_fps_thins_frames_out() -> None:
    times = [frame.timestamp for frame in _reader().frames(fps=2)]

    assert times == pytest.approx([0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5])


def test_keyframes_stand_a_group_apart_and_say_so() -> None:
    keys = list(_reader(gop=8).keyframes())

    assert [key.timestamp for key in keys] == pytest.approx([0, 0.8, 1.6, 2.4, 3.2])
    assert all(key.is_key for key in keys)


def test_frames_at_gives_the_frame_on_screen() -> None:
    frames = list(_reader().frames_at([0.0, 0.19, 0.2, 4.0]))

    assert [frame.timestamp for frame in frames] == pytest.approx([0, 0.1, 0.2, 3.9])


@pytest.mark.parametrize("timestamp", [-0.01, 4.01])
def test_a_time_outside_the_video_is_refused(timestamp: float) -> None:
    with pytest.raises(SegmentOutOfRangeError, match=f"{timestamp} s.*4.000"):
        list(_reader().frames_at([timestamp]))


def test_given_timestamps_make_a_variable_frame_rate() -> None:
    scene = build_scene("empty", seed=1, duration_s=4)
    reader = SyntheticReader(scene=scene, given_timestamps=(0.0, 0.1, 0.5, 0.6, 2.0))

    assert reader.info.frame_rate_mode == "variable"
    assert reader.info.duration_s == pytest.approx(2.5)
    assert [f.timestamp for f in reader.frames_at([0.45, 1.9])] == pytest.approx([0.1, 0.6])


def test_a_longest_side_shrinks_and_never_enlarges() -> None:
    reader = _reader()

    assert next(reader.keyframes(longest_side=80)).image.shape == (60, 80, 3)
    assert next(reader.keyframes(longest_side=4000)).image.shape == (240, 320, 3)


def test_two_scenes_have_two_digests() -> None:
    scenes = [build_scene("empty", seed=seed, duration_s=2) for seed in (1, 1, 2)]

    first, again, other = (SyntheticReader(scene=scene).info.sha256 for scene in scenes)

    assert first == again != other


def test_a_scene_and_its_file_give_the_same_frames_at_the_same_times(tmp_path: Path) -> None:
    scene = build_scene("walking", seed=1, duration_s=8, fps=10)
    path = tmp_path / "clip.mp4"
    # Larger than any read buffer, so that reading on and seeking both reach the file.
    write_video(scene, path, gop=25, options={"crf": "4", "bf": "0", "sc_threshold": "0"})
    assert path.stat().st_size > 2**20
    wanted = [0.0, 0.55, 3.1, 7.99]
    part = Segment(start=2.05, end=4.0)

    with open_video(path) as file:
        drawn = SyntheticReader(scene=scene, gop=25)
        pairs = [
            (drawn.frames(), file.frames()),
            (drawn.frames(fps=3), file.frames(fps=3)),
            (drawn.frames(part, fps=4), file.frames(part, fps=4)),
            (drawn.frames_at(wanted), file.frames_at(wanted)),
            (drawn.keyframes(), file.keyframes()),
        ]
        for ours, theirs in pairs:
            expected = list(ours)
            found = list(theirs)
            assert [frame.timestamp for frame in found] == pytest.approx(
                [frame.timestamp for frame in expected]
            )
            for one, other in zip(expected, found, strict=True):
                assert np.abs(one.image.astype(int) - other.image).mean() < 4
        assert file.info.frame_rate_mode == drawn.info.frame_rate_mode
        assert file.info.duration_s == pytest.approx(drawn.info.duration_s)
        assert file.info.keyframe_count == drawn.info.keyframe_count
