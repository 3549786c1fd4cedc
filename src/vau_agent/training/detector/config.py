"""What a training of the detector is told; read by `vau_agent.training.config.load_config`."""

from typing import Literal

from pydantic import Field

from vau_agent.schemas import Value
from vau_agent.training.config import StageConfig
from vau_agent.training.scenes.splits import TRAINED_CATEGORIES


class NetworkConfig(Value):
    """Shape of the network. Sizes and what is frozen: measured on small rendered scenes."""

    classes: tuple[str, ...] = ("normal", *TRAINED_CATEGORIES)
    """Normal first."""
    side: int = Field(default=128, ge=32, multiple_of=32)
    """Pixels of its square pictures."""
    bins: int = Field(default=16, ge=4)
    """Pictures of a whole clip."""
    cell_channels: int = Field(default=64, ge=1)
    """Numbers that each cell of the picture network's last map is reduced to."""
    channels: int = Field(default=160, ge=1)
    """Of the head over time."""
    dropout: float = Field(default=0.1, ge=0, lt=1)
    frozen_stages: int = Field(default=2, ge=0, le=7)
    """Stages after the stem that keep what they learned of photographs."""
    batch_norm_momentum: float = Field(default=0.05, gt=0, le=1)


class AugmentConfig(Value):
    """How pictures are varied; every number is the largest change. A clip changes as a whole."""

    flip: float = Field(default=0.5, ge=0, le=1)
    """Share of clips mirrored left to right."""
    brightness: float = Field(default=0.25, ge=0)
    """Of luma, as a share of its range."""
    contrast: float = Field(default=0.35, ge=0, lt=1)
    grey: float = Field(default=0.2, ge=0, le=1)
    """Share of clips whose redness is taken away, as by a camera at night."""
    redness: float = Field(default=0.5, ge=0)
    """Of the gain of redness, as a power of two."""
    motion: float = Field(default=0.7, ge=0)
    """Of the gain of change, as a power of two."""
    noise: float = Field(default=6.0, ge=0)
    """Grey levels."""
    zoom: float = Field(default=0.25, ge=0, lt=1)
    """Share of the width and height that is cut away."""


class LossConfig(Value):
    """Weights of what is asked of the network at once."""

    clip: float = Field(default=1.0, ge=0)
    """Class of the whole clip."""
    smoothing: float = Field(default=0.05, ge=0, lt=1)
    frame: float = Field(default=1.0, ge=0)
    """Class of each bin, as shares of it."""
    normal_weight: float = Field(default=0.5, gt=0)
    """Of normal bins among them."""
    inside: float = Field(default=0.5, ge=0)
    """Whether a bin is abnormal at all, whatever the class."""
    single: float = Field(default=0.5, ge=0)
    """Class of each bin from its picture alone: makes pictures readable for a language model."""
    cells: float = Field(default=1.0, ge=0)
    """Class of each cell of each picture: says where an event is, so that far fewer clips tell what
    it looks like."""
    normal_cell_weight: float = Field(default=0.1, gt=0)
    """Of cells in which nothing happens, among them."""


class ScheduleConfig(Value):
    """How long and how fast it learns."""

    epochs: float = Field(default=2.0, gt=0)
    """Passes over the clips."""
    batch: int = Field(default=8, ge=2)
    """Clips of 16 pictures; where shorter windows are shown, proportionally more."""
    tower_rate: float = Field(default=8e-4, gt=0)
    head_rate: float = Field(default=2e-3, gt=0)
    warmup: float = Field(default=0.03, ge=0, lt=1)
    """Share of the steps."""
    weight_decay: float = Field(default=0.02, ge=0)
    clip_norm: float = Field(default=5.0, gt=0)
    short_share: float = Field(default=0.6, ge=0, le=1)
    """Share of batches that show half of the bins: every second one, or half of the clip, so that
    there are windows in which an event begins outside or not at all."""


class DetectorConfig(StageConfig):
    """Everything a training of the detector can be told."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """`auto` takes a GPU where torch finds one."""
    threads: int = Field(default=2, ge=1)
    precision: Literal["fp32", "bf16"] = "fp32"
    """bf16 computes in halves where that is faster: on GPUs; not on the processors measured."""
    held_out: int = Field(default=256, ge=8)
    """Last clips of the training split, never trained on: thresholds are fitted on them."""
    checkpoint_seconds: float = Field(default=120.0, gt=0)
    """Between checkpoints; what was done since is done again after an interruption."""
    log_steps: int = Field(default=20, ge=1)
    tensorboard: bool = False
    """Write curves for TensorBoard too, where its package is installed."""
    network: NetworkConfig = NetworkConfig()
    augment: AugmentConfig = AugmentConfig()
    loss: LossConfig = LossConfig()
    schedule: ScheduleConfig = ScheduleConfig()
