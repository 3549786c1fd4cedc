"""Rendered scenes as files: the same again, under names that tell nothing, with their truth."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from vau_agent.evals.benchmarks.manifest import read
from vau_agent.evals.benchmarks.videos import find_videos
from vau_agent.settings import load_settings
from vau_agent.tools.video.factory import open_video
from vau_agent.training.rendering import (
    MANIFEST_NAME,
    draw_sheet,
    render_videos,
    scene_name,
    scene_seeds,
)
from vau_agent.training.scenes.scene import draw_scene

SEEDS = (1, 0)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rendered")
    render_videos("L1", SEEDS, folder)
    return folder


def test_scenes_of_two_seeds_are_never_the_same() -> None:
    assert scene_seeds(2, 3) == range(2_000_000, 2_000_003)
    assert not set(scene_seeds(0, 1_000_000)) & set(scene_seeds(1, 10))
    with pytest.raises(ValueError, match="not 0"):
        scene_seeds(0, 0)


@pytest.mark.slow
def test_a_level_is_a_benchmark_whose_truth_is_that_of_its_scenes(rendered: Path) -> None:
    dataset = read(rendered / MANIFEST_NAME)
    found, gaps = find_videos(dataset, rendered)

    assert gaps == dataset.gaps == ()
    assert found.keys() == {scene_name("L1", seed) for seed in SEEDS}
    for seed, sample in zip(SEEDS, dataset.samples, strict=True):
        scene = draw_scene("L1", seed)
        assert sample.truth.category == scene.truth.category
        assert sample.description == scene.truth.caption
        assert sample.question is not None
        with open_video(found[sample.id], reader=load_settings({}).reader) as reader:
            assert reader.info.frame_count == sample.frames
            assert reader.info.duration_s == pytest.approx(scene.duration_s, abs=0.3)


@pytest.mark.slow
def test_no_name_tells_what_is_in_a_video(rendered: Path) -> None:
    names = [path.name for path in rendered.iterdir() if path.name != MANIFEST_NAME]

    assert len(names) == len(SEEDS)
    assert all(re.fullmatch(r"[0-9a-f]{12}\.mp4", name) for name in names)


@pytest.mark.slow
def test_what_is_there_is_kept_and_equal_options_give_equal_files(
    rendered: Path, tmp_path: Path
) -> None:
    video = rendered / f"{scene_name('L1', SEEDS[0])}.mp4"
    written = video.stat().st_mtime_ns
    before = (rendered / MANIFEST_NAME).read_bytes()
    render_videos("L1", SEEDS, rendered)

    assert video.stat().st_mtime_ns == written
    assert (rendered / MANIFEST_NAME).read_bytes() == before
    render_videos("L1", SEEDS[:1], tmp_path)
    assert (tmp_path / video.name).read_bytes() == video.read_bytes()
    assert len(json.loads((tmp_path / MANIFEST_NAME).read_bytes())) == 1


def test_a_sheet_frames_the_moments_of_the_event() -> None:
    scene = draw_scene("L1", 3)
    assert scene.truth.segment is not None
    sheet = np.asarray(draw_sheet([scene], moments=6))
    red = (sheet == (255, 0, 0)).all(axis=-1)
    width = sheet.shape[1] // 6
    framed = [bool(red[:, place * width : (place + 1) * width].any()) for place in range(6)]
    times = [(place + 0.5) * scene.duration_s / 6 for place in range(6)]

    assert framed == [scene.truth.segment.contains(time) for time in times]
    assert any(framed) and not all(framed)
