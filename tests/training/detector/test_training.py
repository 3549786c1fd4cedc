import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from tests.training.toy_scenes import draw_toy
from vau_agent.errors import ModelError, SettingsError
from vau_agent.schemas import Segment
from vau_agent.tools.detector import Detector
from vau_agent.training.clips import Clip, ClipStore, render_clip, write_shard
from vau_agent.training.detector.config import DetectorConfig
from vau_agent.training.detector.judging import judge_clips
from vau_agent.training.detector.saving import CHECKPOINT, LOG, WEIGHTS, load_trained
from vau_agent.training.detector.stage import train_detector
from vau_agent.training.detector.trainer import Part, Trainer, rate_at, split_clips

pytestmark = pytest.mark.slow


class Killed(BaseException):
    """Ends a training as a signal would: nothing of ours runs after it."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, toy_clips: Sequence[Clip]) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    write_shard(folder, toy_clips)
    levels = [render_clip(draw_toy("L1", seed), frames=8, side=32) for seed in range(6)]
    write_shard(folder, levels)
    return folder


@pytest.fixture(scope="module")
def learned(folder: Path, tiny: DetectorConfig) -> Part:
    return split_clips(ClipStore.open(folder, "train"), tiny)[0]


def kill_after(lines: int) -> Callable[[dict[str, float]], None]:
    seen: list[dict[str, float]] = []

    def on_line(line: dict[str, float]) -> None:
        seen.append(line)
        if len(seen) == lines:
            raise Killed

    return on_line


def read_log(out: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (out / LOG).read_text().splitlines()]


def test_a_training_goes_on_after_a_kill_as_if_nothing_had_happened(
    learned: Part, tiny: DetectorConfig, tmp_path: Path
) -> None:
    eager = tiny.model_copy(update={"checkpoint_seconds": 1e-9})
    whole = Trainer(learned, eager, tmp_path / "whole", tower=None, resume=False).run()
    out = tmp_path / "killed"
    with pytest.raises(Killed):
        Trainer(learned, eager, out, tower=None, resume=False).run(on_line=kill_after(3))

    resumed = Trainer(learned, eager, out, tower=None, resume=True).run()

    for name, tensor in whole.state_dict().items():
        assert torch.allclose(tensor, resumed.state_dict()[name], atol=1e-5), name
    lines, expected = read_log(out), read_log(tmp_path / "whole")
    assert [line["clips"] for line in lines] == [line["clips"] for line in expected]
    assert [line["total"] for line in lines] == pytest.approx(
        [line["total"] for line in expected], abs=1e-3
    )


def test_a_training_is_neither_begun_twice_nor_resumed_otherwise(
    learned: Part, tiny: DetectorConfig, tmp_path: Path
) -> None:
    Trainer(learned, tiny, tmp_path, tower=None, resume=False).run()
    other = tiny.model_copy(update={"seed": 3})

    with pytest.raises(SettingsError, match="go on with --resume"):
        Trainer(learned, tiny, tmp_path, tower=None, resume=False)
    with pytest.raises(SettingsError, match="another seed: 0"):
        Trainer(learned, other, tmp_path, tower=None, resume=True)
    with pytest.raises(SettingsError, match="leave --resume out"):
        Trainer(learned, tiny, tmp_path / "elsewhere", tower=None, resume=True)
    (tmp_path / CHECKPOINT).write_bytes(b"half a checkpoint")
    with pytest.raises(SettingsError, match="begin anew"):
        Trainer(learned, tiny, tmp_path, tower=None, resume=True)


def test_stage_0_leaves_weights_a_card_and_a_detector_that_agree(
    folder: Path, tiny: DetectorConfig, tmp_path: Path
) -> None:
    card = train_detector(folder, tmp_path, tiny, tower=None, resume=False)

    network, loaded = load_trained(tmp_path)
    assert loaded == card
    assert set(card.scores) == {"held out", "L1"}
    assert set(card.scores["L1"]) == {"detector", "majority", "constant interval"}
    assert (card.scores["L1"]["detector"].binary.n, card.clips) == (6, 24)
    with safe_open(tmp_path / WEIGHTS, framework="pt") as file:
        names = set(file.keys())
    assert {name.partition(".")[0] for name in names} == {"tower", "detector"}
    clip = ClipStore.open(folder, "L1")[1]
    detector = Detector.open(tmp_path)
    (expected,) = judge_clips(network, [clip])
    found = detector.judge(np.asarray(clip.pictures), clip.boundaries)
    assert detector.card.rule == card.rule
    assert found.probabilities == pytest.approx(expected.probabilities, abs=1e-3)


def test_a_folder_without_a_trained_detector_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="vau-agent train detector"):
        load_trained(tmp_path)


def test_clips_that_do_not_fit_are_refused(
    folder: Path, tiny: DetectorConfig, tmp_path: Path
) -> None:
    wide = tiny.model_copy(update={"network": tiny.network.model_copy(update={"side": 64})})
    few = tiny.model_copy(update={"held_out": 34})

    with pytest.raises(SettingsError, match="8 pictures of 32 pixels, the network takes 8 of 64"):
        train_detector(folder, tmp_path, wide, tower=None, resume=False)
    with pytest.raises(SettingsError, match="36 clips are too few"):
        train_detector(folder, tmp_path, few, tower=None, resume=False)


def test_the_rate_rises_then_falls() -> None:
    rates = [rate_at(share, 0.1) for share in (0, 0.05, 0.1, 0.5, 0.9, 1.0)]

    assert rates == pytest.approx([0.01, 0.5, 1.0, 0.59, 0.04, 0.01], abs=0.02)


def test_held_out_clips_are_the_last_ones(folder: Path, tiny: DetectorConfig) -> None:
    learned, held_out = split_clips(ClipStore.open(folder, "train"), tiny)

    assert [clip.record.seed for clip in learned] == list(range(24))
    assert [clip.record.seed for clip in held_out] == list(range(24, 36))
    assert held_out[0].segment == Segment(start=0, end=held_out[0].record.duration_s)
