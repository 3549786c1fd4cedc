import math

import pytest
import torch

from vau_agent.training.detector.batches import Batch
from vau_agent.training.detector.config import LossConfig
from vau_agent.training.detector.losses import Losses, anomalous_logits, measure_losses


def batch(shares: list[list[float]], labels: list[int]) -> Batch:
    return Batch(
        pictures=torch.zeros(1),
        marks=torch.zeros(1),
        shares=torch.tensor(shares, dtype=torch.float32),
        labels=torch.tensor(labels),
        clips=(),
        done=0,
    )


def judged(frames: list[list[int]], clips: list[int]) -> tuple[torch.Tensor, ...]:
    """Logits that are sure of these classes, and of the bins' classes in every cell."""
    frame = 20.0 * torch.nn.functional.one_hot(torch.tensor(frames), 3)
    clip = 20.0 * torch.nn.functional.one_hot(torch.tensor(clips), 3)
    return frame, clip, frame, frame[:, :, None, None].expand(-1, -1, 2, 2, -1)


def measure(logits: tuple[torch.Tensor, ...], true: Batch) -> Losses:
    """Measure with actors all over the picture."""
    frame, clip, single, cells = logits
    marks = torch.ones(*cells.shape[:2], 4, 4)
    return measure_losses((frame, clip, single, cells), marks, true, CONFIG)


CONFIG = LossConfig(smoothing=0)
TRUE = batch([[0, 1, 1], [0, 0, 0]], [2, 0])


def test_the_truth_costs_nothing() -> None:
    losses = measure(judged([[0, 2, 2], [0, 0, 0]], [2, 0]), TRUE)

    assert float(losses.total) == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize(
    ("frames", "clips", "parts"),
    [
        (
            [[0, 1, 1], [0, 0, 0]],
            [2, 0],
            {"frame", "single", "cells"},
        ),  # abnormal, but another class
        ([[2, 2, 2], [0, 0, 0]], [2, 0], {"frame", "single", "inside"}),  # too early
        ([[0, 2, 2], [0, 0, 0]], [1, 0], {"clip"}),
    ],
)
def test_each_part_sees_its_own_mistakes(
    frames: list[list[int]], clips: list[int], parts: set[str]
) -> None:
    values = measure(judged(frames, clips), TRUE).values()

    assert {name for name in values if values[name] > 1} - {"total"} == parts


def test_a_window_with_a_trace_of_an_event_leaves_its_class_open() -> None:
    losses = measure(judged([[0, 0, 0]], [1]), batch([[0, 0, 0.2]], [2]))

    assert float(losses.clip) == 0
    assert torch.isfinite(losses.total)


def test_cells_are_asked_for_the_event_where_its_actors_are() -> None:
    frame, clip, single, _ = judged([[2]], [2])
    marks = torch.tensor([[[[1.0, 0.0], [0.0, 0.0]]]])
    there, elsewhere = torch.zeros(2, 1, 1, 2, 2, 3)
    there[..., 0], elsewhere[..., 0] = 20, 20
    there[:, :, 0, 0] = elsewhere[:, :, 1, 1] = torch.tensor([0.0, 0.0, 20.0])

    found, missed = (
        float(measure_losses((frame, clip, single, cells), marks, batch([[1]], [2]), CONFIG).cells)
        for cells in (there, elsewhere)
    )

    assert found == pytest.approx(0, abs=1e-5)
    assert missed > 5


def test_a_bin_that_is_half_an_event_asks_for_half() -> None:
    half = batch([[0.5]], [1])
    even = torch.tensor([[[math.log(0.5), math.log(0.5), -20.0]]])
    sure = torch.tensor([[[0.0, 20.0, -20.0]]])

    losses = [
        float(measure((one, one[:, 0], one, one[:, :, None, None]), half).inside)
        for one in (even, sure)
    ]

    assert losses[0] == pytest.approx(math.log(2), abs=1e-3)
    assert losses[1] > 5


def test_anything_but_normal_counts_as_abnormal() -> None:
    logits = torch.log(torch.tensor([0.2, 0.5, 0.3]))

    assert float(anomalous_logits(logits).sigmoid()) == pytest.approx(0.8)
