import logging
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.agent.backends.tiny_models import TinySize, build_tiny_fastvlm, build_tiny_qwen3vl
from vau_agent.agent.backends.transformers.check import find_reader
from vau_agent.agent.backends.transformers.loading import load_model

if TYPE_CHECKING:
    import torch


def test_a_model_that_may_read_in_stretches_does(tiny_model: Path) -> None:
    assert find_reader(load_model(tiny_model, "tiny", Path)) is not None


def test_a_model_whose_pictures_enter_at_several_depths_reads_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    loaded = load_model(build_tiny_qwen3vl(tmp_path), "tiny", Path)

    with caplog.at_level(logging.INFO, logger="vau_agent"):
        assert find_reader(loaded) is None

    assert "is given deepstack_visual_embeds, visual_pos_masks" in caplog.text


def test_a_model_that_looks_back_only_so_far_reads_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = build_tiny_fastvlm(tmp_path, TinySize(sliding_window=32))

    with caplog.at_level(logging.INFO, logger="vau_agent"):
        assert find_reader(load_model(folder, "tiny", Path)) is None

    assert "does not keep all tokens" in caplog.text


def test_positions_that_are_not_the_model_s_own_are_noticed(
    tiny_qwen: Path, caplog: pytest.LogCaptureFixture
) -> None:
    loaded = load_model(tiny_qwen, "tiny", Path)
    # Another build of the library that lays positions out as if a picture were text.
    loaded.model.model.compute_3d_position_ids = lambda input_ids, **_: _counted(input_ids)

    with caplog.at_level(logging.INFO, logger="vau_agent"):
        assert find_reader(loaded) is None

    assert "positions differ" in caplog.text


def test_a_processor_that_does_not_name_its_pictures_reads_anew(tiny_fastvlm: Path) -> None:
    loaded = load_model(tiny_fastvlm, "tiny", Path)
    del loaded.processor.image_token

    assert find_reader(loaded) is None


def _counted(input_ids: "torch.Tensor") -> "torch.Tensor":
    import torch

    return torch.arange(input_ids.shape[1]).expand(3, 1, -1)
