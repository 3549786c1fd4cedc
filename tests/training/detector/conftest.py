from collections.abc import Sequence

import pytest

pytest.importorskip("torch", reason="the extra 'local' is not installed")

from tests.training.toy_scenes import draw_toy
from vau_agent.training.clips import Clip, render_clip
from vau_agent.training.detector.config import DetectorConfig

CLASSES = ("normal", "fall", "fire")


@pytest.fixture(scope="session")
def tiny() -> DetectorConfig:
    """Small enough that a few steps take a moment."""
    return DetectorConfig.model_validate(
        {
            "held_out": 12,
            "threads": 1,
            "log_steps": 1,
            "network": {
                "classes": CLASSES,
                "side": 32,
                "bins": 8,
                "cell_channels": 16,
                "channels": 16,
                "frozen_stages": 1,
            },
            "schedule": {"epochs": 1, "batch": 4},
        }
    )


@pytest.fixture(scope="session")
def toy_clips() -> Sequence[Clip]:
    return [render_clip(draw_toy("train", seed), frames=8, side=32) for seed in range(36)]
