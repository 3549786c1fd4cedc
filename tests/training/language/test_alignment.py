from pathlib import Path

import pytest

from tests.agent.backends.tiny_models import build_tiny_fastvlm
from vau_agent.agent.profile import load_profile
from vau_agent.errors import ModelError
from vau_agent.training.alignment import align
from vau_agent.training.clips import ClipStore
from vau_agent.training.config import AlignmentConfig
from vau_agent.training.models import open_model, save_model


def test_frames_move_next_to_the_word_of_their_class(
    base: Path, store: ClipStore, tmp_path: Path
) -> None:
    modest, out = tmp_path / "modest", tmp_path / "aligned"
    opened = open_model(base)
    opened.model.model.multi_modal_projector.linear_2.weight.mul_(1 / 300)  # as a fresh one is
    save_model(opened, base, modest)

    report = align(modest, out, store, AlignmentConfig(frames=300, steps=60, batch=64))

    assert report.accuracy > max(report.majority, report.accuracy_before) + 0.1
    assert load_profile(out) == load_profile(base)
    before, after = open_model(modest).model, open_model(out).model
    changed = {
        name.split(".")[1]
        for name, tensor in after.state_dict().items()
        if not tensor.equal(before.state_dict()[name])
    }
    assert changed == {"multi_modal_projector"}


def test_a_class_without_a_word_of_its_own_is_refused(store: ClipStore, tmp_path: Path) -> None:
    base = build_tiny_fastvlm(tmp_path / "base")

    with pytest.raises(ModelError, match="tokens of 'base', and alignment needs one"):
        align(base, tmp_path / "out", store, AlignmentConfig())


def test_a_folder_without_a_tower_is_refused(base: Path, store: ClipStore, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="holds no tower for this model"):
        align(base, tmp_path / "out", store, AlignmentConfig(), stage0=tmp_path)
