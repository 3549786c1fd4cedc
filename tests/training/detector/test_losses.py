import math

import pytest
import torch

from vau_agent.training.detector.batches import Batch
from vau_agent.training.detector.config import LossConfig
from vau_agent.training.detector.losses import anomalous_logits, measure_losses


def batch(shares: list[list[float]], labels: list[int]) -> Batch:
    return Batch(
        pictures=torch.zeros(1),
        shares=torch.tensor(shares, dtype=torch.float32),
        labels=torch.tensor(labels),
        clips=(),
        done=0,
    )


def judged(frames: list[list[int]], clips: list[int]) -> tuple[torch.Tensor, ...]:
    """Logits that are sure of these classes."""
    frame = 20.0 * torch.nn.functional.one_hot(torch.tensor(frames), 3)
    clip = 20.0 * torch.nn.functional.one_hot(torch.tensor(clips), 3)
    return frame, clip, frame


CONFIG = LossConfig(smoothing=0)
TRUE = batch([[0, 1, 1], [0, 0, 0]], [2, 0])


def test_the_truth_costs_nothing() -> None:
    frame, clip, single = judged([[0, 2, 2], [0, 0, 0]], [2, 0])

    losses = measure_losses((frame, clip, single), TRUE, CONFIG)

    assert float(losses.total) == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize(
    ("frames", "clips", "parts"),
    [
        ([[0, 1, 1], [0, 0, 0]], [2, 0], {"frame", "single"}),  # abnormal, but another class
        ([[2, 2, 2], [0, 0, 0]], [2, 0], {"frame", "single", "inside"}),  # too early
        ([[0, 2, 2], [0, 0, 0]], [1, 0], {"clip"}),
    ],
)
def test_each_part_sees_its_own_mistakes(
    frames: list[list[int]], clips: list[int], parts: set[str]
) -> None:
    frame, clip, single = judged(frames, clips)

    values = measure_losses((frame, clip, single), TRUE, CONFIG).values()

    assert {name for name in values if values[name] > 1} - {"total"} == parts


def test_a_window_with_a_trace_of_an_event_leaves_its_class_open() -> None:
    frame, clip, single = judged([[0, 0, 0]], [1])

    losses = measure_losses((frame, clip, single), batch([[0, 0, 0.2]], [2]), CONFIG)

    assert float(losses.clip) == 0
    assert torch.isfinite(losses.total)


def test_a_bin_that_is_half_an_event_asks_for_half() -> None:
    half = batch([[0.5]], [1])
    even = torch.tensor([[[math.log(0.5), math.log(0.5), -20.0]]])
    sure = torch.tensor([[[0.0, 20.0, -20.0]]])

    losses = [
        float(measure_losses((one, one[:, 0], one), half, CONFIG).inside) for one in (even, sure)
    ]

    assert losses[0] == pytest.approx(math.log(2), abs=1e-3)
    assert losses[1] > 5


def test_anything_but_normal_counts_as_abnormal() -> None:
    logits = torch.log(torch.tensor([0.2, 0.5, 0.3]))

    assert float(anomalous_logits(logits).sigmoid()) == pytest.approx(0.8)
