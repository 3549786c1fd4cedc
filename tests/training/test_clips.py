import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.training.toy_scenes import ToyScene, draw_toy
from vau_agent.errors import SettingsError
from vau_agent.schemas import Box, Segment
from vau_agent.training.clip_building import Order, build_clips, missing_runs
from vau_agent.training.clips import (
    MARKS,
    ClipRecord,
    ClipStore,
    finished_shards,
    mark_boxes,
    render_clip,
    write_shard,
)
from vau_agent.training.scenes.truth import SceneTruth

FALL = 1
"""Seed of a toy scene in which someone falls; see `ToyScene.truth`."""


def record(start: float, end: float, *, duration: float) -> ClipRecord:
    truth = SceneTruth(
        kind="fall",
        category="fall",
        segment=Segment(start=start, end=end),
        risk=1,
        caption="Someone falls.",
        place="a wall",
    )
    return ClipRecord(split="train", seed=0, duration_s=duration, truth=truth)


def order(folder: Path, count: int, *, first: int = 0) -> Order:
    return Order(
        split="train", seeds=range(first, count), folder=folder, frames=4, side=32, shard_clips=4
    )


def test_a_clip_has_a_motion_picture_for_each_of_its_bins() -> None:
    scene = ToyScene("train", FALL)

    clip = render_clip(scene, frames=16, side=64)

    assert clip.pictures.shape == (16, 64, 64, 3)
    assert clip.pictures.dtype == np.uint8
    assert clip.truth == scene.truth
    assert clip.boundaries[[0, -1]].tolist() == [0, scene.duration_s]
    assert (clip.pictures[0][..., 2] == 128).all()  # nothing before the first moment
    moved = np.abs(clip.pictures[1:, ..., 2].astype(int) - 128).max(axis=(1, 2))
    assert (moved > 60).all()


def test_marks_cover_whom_the_truth_speaks_of() -> None:
    scene = draw_toy("train", 1)
    clip = render_clip(scene, frames=8, side=32)

    assert clip.marks.shape == (8, MARKS, MARKS)
    for marks in clip.marks:
        rows, columns = np.nonzero(marks)
        assert rows.max() == int(50 / 60 * MARKS)  # where the square stands
        assert 0 < len(columns) <= 8 * 3


def test_an_actor_smaller_than_a_cell_is_marked() -> None:
    marks = mark_boxes([Box(x=0.99, y=0.0, width=0.001, height=0.001)])

    assert np.argwhere(marks).tolist() == [[0, MARKS - 1]]


def test_equal_scenes_give_equal_clips() -> None:
    one, other = (render_clip(ToyScene("train", FALL), frames=4) for _ in range(2))
    different = render_clip(ToyScene("L1", FALL), frames=4)

    assert (one.pictures == other.pictures).all()
    assert (one.pictures != different.pictures).any()


def test_pictures_are_those_that_the_camera_takes() -> None:
    slow = replace(ToyScene("train", FALL), fps=0.01)

    clip = render_clip(slow, frames=4, side=32)

    assert (clip.pictures == clip.pictures[0]).all()  # it took one picture only


@pytest.mark.parametrize(
    ("start", "end", "shares"),
    [
        (0, 4, [1, 1, 1, 1]),
        (1, 2, [0, 1, 0, 0]),
        (0.5, 2.25, [0.5, 1, 0.25, 0]),
        (3.9, 4, [0, 0, 0, 0.1]),
    ],
)
def test_shares_say_how_much_of_each_bin_the_event_fills(
    start: float, end: float, shares: list[float]
) -> None:
    assert record(start, end, duration=4).shares(4) == pytest.approx(shares, abs=1e-6)


def test_a_store_gives_back_what_was_rendered(tmp_path: Path) -> None:
    made = build_clips(order(tmp_path, 6), jobs=1, drawing=draw_toy)

    clips = ClipStore.open(tmp_path, "train")
    assert made == len(clips) == 6
    assert [clip.record.seed for clip in clips] == list(range(6))
    for seed in (0, 5):
        expected = render_clip(draw_toy("train", seed), frames=4, side=32)
        assert (clips[seed].pictures == expected.pictures).all()
        assert clips[seed].record == expected.record
    assert isinstance(clips.shards[0].pictures, np.memmap)


def test_finished_shards_are_never_drawn_again(tmp_path: Path) -> None:
    clips = [render_clip(draw_toy("train", seed), frames=4, side=32) for seed in range(10)]
    write_shard(tmp_path, clips[:4])
    write_shard(tmp_path, clips[8:10])
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}

    assert list(missing_runs(order(tmp_path, 10))) == [range(4, 8)]
    assert list(missing_runs(order(tmp_path, 15))) == [range(4, 8), range(10, 14), range(14, 15)]
    assert build_clips(order(tmp_path, 10), jobs=1, drawing=draw_toy) == 4
    assert build_clips(order(tmp_path, 10), jobs=1, drawing=draw_toy) == 0

    assert all(path.stat().st_mtime_ns == time for path, time in before.items())
    assert len(ClipStore.open(tmp_path, "train")) == 10


def test_an_unfinished_shard_is_not_seen(tmp_path: Path) -> None:
    clips = [render_clip(draw_toy("train", seed), frames=4, side=32) for seed in range(4)]
    path = write_shard(tmp_path, clips)
    path.rename(path.with_suffix(".part"))  # as after a kill between pictures and lines

    assert finished_shards(tmp_path, "train") == ()
    assert list(missing_runs(order(tmp_path, 4))) == [range(4)]


def test_splits_share_a_folder(tmp_path: Path) -> None:
    for split in ("train", "L1"):
        write_shard(tmp_path, [render_clip(draw_toy(split, 0), frames=4, side=32)])

    assert ClipStore.open(tmp_path, "L1")[0].record.split == "L1"
    with pytest.raises(SettingsError, match=r"no clips of L2.*--split L2"):
        ClipStore.open(tmp_path, "L2")


def test_clips_of_another_size_are_refused(tmp_path: Path) -> None:
    write_shard(tmp_path, [render_clip(draw_toy("train", 0), frames=8, side=32)])

    with pytest.raises(SettingsError, match=r"shape \(8, 32, 32, 3\), wanted are \(4, 32, 32, 3\)"):
        build_clips(order(tmp_path, 4), jobs=1, drawing=draw_toy)


def test_a_line_of_another_version_is_named(tmp_path: Path) -> None:
    path = write_shard(tmp_path, [render_clip(draw_toy("train", 0), frames=4, side=32)])
    line = json.loads(path.read_text())
    path.write_text(json.dumps({**line, "weather": "rain"}) + "\n")

    with pytest.raises(SettingsError, match="line 1 is not a clip of this version"):
        ClipStore.open(tmp_path, "train")
