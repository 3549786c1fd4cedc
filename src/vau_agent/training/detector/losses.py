"""What the detector is asked for: the class of the window and of every bin, all at once."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from vau_agent.training.detector.batches import UNDECIDED, Batch
from vau_agent.training.detector.config import LossConfig


@dataclass(frozen=True, kw_only=True, eq=False)
class Losses:
    """Parts of the loss, each unweighted, and their weighted sum."""

    clip: Tensor
    frame: Tensor
    inside: Tensor
    single: Tensor
    cells: Tensor
    total: Tensor

    def values(self) -> dict[str, float]:
        """Give them as numbers."""
        names = ("total", "clip", "frame", "inside", "single", "cells")
        return {name: round(float(getattr(self, name).detach()), 5) for name in names}


def measure_losses(
    judged: tuple[Tensor, Tensor, Tensor, Tensor],
    marks: Tensor,
    batch: Batch,
    config: LossConfig,
) -> Losses:
    """Compare what the network says (see `DetectorNetwork.forward`) with what is true of a batch.

    Args:
        judged: Logits.
        marks: Windows x bins x cells x cells: share of a cell in which an actor of the truth is.
        batch: What is true.
        config: Weights of the parts.
    """
    frame_logits, clip_logits, single_logits, cell_logits = (logits.float() for logits in judged)
    labels = batch.window_labels
    clip = clip_logits.sum() * 0
    if bool((labels != UNDECIDED).any()):
        clip = functional.cross_entropy(
            clip_logits, labels, ignore_index=UNDECIDED, label_smoothing=config.smoothing
        )
    frame = _bins(frame_logits, batch, config)
    single = _bins(single_logits, batch, config)
    inside = functional.binary_cross_entropy_with_logits(
        anomalous_logits(frame_logits), batch.shares
    )
    cells = _cells(cell_logits, marks, batch, config)
    total = (
        config.clip * clip
        + config.frame * frame
        + config.inside * inside
        + config.single * single
        + config.cells * cells
    )
    return Losses(clip=clip, frame=frame, inside=inside, single=single, cells=cells, total=total)


def anomalous_logits(logits: Tensor) -> Tensor:
    """Give the logit of "anything but normal", from logits whose first class is normal."""
    return torch.logsumexp(logits[..., 1:], dim=-1) - logits[..., 0]


def _cells(logits: Tensor, marks: Tensor, batch: Batch, config: LossConfig) -> Tensor:
    """Cross-entropy of cells: the event's class where its actors are, normal elsewhere."""
    high, wide = logits.shape[2:4]
    share = functional.adaptive_avg_pool2d(marks.flatten(0, 1), (high, wide)).view_as(
        logits[..., 0]
    )
    happening = (share * batch.shares[:, :, None, None]).clamp(0, 1).sqrt()
    happening = happening * (batch.labels != 0)[:, None, None, None]
    chances = logits.log_softmax(dim=-1)
    labels = batch.labels[:, None, None, None, None].expand(*logits.shape[:4], 1)
    of_class = chances.gather(4, labels).squeeze(4)
    normal = config.normal_cell_weight * (1 - happening)
    return -(normal * chances[..., 0] + happening * of_class).sum() / (normal + happening).sum()


def _bins(logits: Tensor, batch: Batch, config: LossConfig) -> Tensor:
    """Cross-entropy with the shares that class and normal have in each bin."""
    chances = logits.log_softmax(dim=-1)
    labels = batch.labels[:, None, None].expand(-1, logits.shape[1], 1)
    happening = chances.gather(2, labels).squeeze(2)
    normal = config.normal_weight * (1 - batch.shares)
    weights = normal + batch.shares
    return -(normal * chances[..., 0] + batch.shares * happening).sum() / weights.sum()
