"""The detector's network, and how it is written down to be run without torch.

It shares its tower with the policy: every picture goes through EfficientNet-Lite0, then a small
head looks over time. Training (`vau_agent.training.detector`) gives it its weights; they come with
the policy's adapter, and the graph that `vau_agent.tools.detector` runs is made from them here.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import torch
from torch import Tensor, nn

from vau_agent.memory.embedders.exporting import export
from vau_agent.torchvision_shim import install_shim

if TYPE_CHECKING:
    from timm.models.efficientnet import EfficientNet

ARCHITECTURE: Final = "tf_efficientnet_lite0"
FEATURES: Final = 1280
STRIDE: Final = 32
GRAPH_FILE: Final = "detector.onnx"
CARD_FILE: Final = "detector.json"
_MIDDLE: Final = 127.5
"""Pixels 0..255 become -1..1: what a picture processor with mean and deviation one half gives."""
_DILATIONS: Final = (1, 2, 4)
"""Of the convolutions over time: the last sees 15 bins, nearly a whole window."""


def create_tower(architecture: str = ARCHITECTURE) -> "EfficientNet":
    """Build the picture network without its classifier: B x 3 x S x S to B x 1280 x S/32 x S/32."""
    install_shim()
    import timm

    create: Any = timm.create_model  # gives whichever class the name asks for
    tower: EfficientNet = create(architecture, num_classes=0, global_pool="")
    return tower


def maps_of(tower: nn.Module, pictures: Tensor) -> Tensor:
    """Give the tower's last maps of every picture.

    Args:
        tower: As `create_tower` builds it.
        pictures: Windows x bins x side x side x 3, of 0..255, any dtype.

    Returns:
        Windows x bins x 1280 x cells high x cells wide.
    """
    windows, bins = pictures.shape[:2]
    flat = pictures.flatten(0, 1).permute(0, 3, 1, 2)
    pixels = (flat.float() - _MIDDLE) / _MIDDLE
    network: Any = tower
    maps: Tensor = network.forward_features(pixels.contiguous(memory_format=torch.channels_last))
    return maps.view(windows, bins, *maps.shape[1:])


class Head(nn.Module):
    """From the tower's maps of a window's pictures to classes of each bin and of the window."""

    def __init__(
        self,
        *,
        classes: int,
        side: int,
        cell_channels: int,
        channels: int,
        features: int = FEATURES,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        cells = (side // STRIDE) ** 2
        self.norm = nn.LayerNorm(features)
        self.reduce = nn.Linear(features, cell_channels)
        self.enter = nn.Conv1d(3 * cells * cell_channels, channels, 1)
        self.over_time = nn.ModuleList(
            nn.Conv1d(channels, channels, 3, padding=step, dilation=step) for step in _DILATIONS
        )
        self.dropout = nn.Dropout(dropout)
        self.frame = nn.Linear(3 * channels, classes)
        self.clip = nn.Linear(2 * channels, classes)
        self.single = nn.Linear(features, classes)

    def forward(self, maps: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Judge windows.

        Args:
            maps: Windows x bins x 1280 x cells high x cells wide.

        Returns:
            Logits: windows x bins x classes, windows x classes, and, from each picture alone,
            windows x bins x classes.
        """
        single = self.single(maps.mean(dim=(-2, -1)))
        cells = self.reduce(self.norm(maps.flatten(3).transpose(2, 3)))
        own = nn.functional.gelu(cells).flatten(2)
        former = torch.cat((own[:, :1], own[:, :-1]), dim=1)
        usual = own.mean(dim=1, keepdim=True).expand_as(own)
        seen = torch.cat((own, own - former, own - usual), dim=2).transpose(1, 2)
        state = nn.functional.gelu(self.enter(self.dropout(seen)))
        for layer in self.over_time:
            state = state + nn.functional.gelu(layer(state))
        window = self.dropout(torch.cat((state.mean(dim=2), state.amax(dim=2)), dim=1))
        context = window.unsqueeze(1).expand(-1, state.shape[2], -1)
        frame = self.frame(torch.cat((self.dropout(state.transpose(1, 2)), context), dim=2))
        return frame, self.clip(window), single


def load_head(weights: Mapping[str, Tensor], *, side: int) -> Head:
    """Build a head of the shape that its weights have.

    Raises:
        KeyError: A weight is absent.
        RuntimeError: They do not fit each other.
    """
    head = Head(
        classes=len(weights["frame.weight"]),
        side=side,
        cell_channels=len(weights["reduce.weight"]),
        channels=len(weights["enter.weight"]),
        features=len(weights["norm.weight"]),
    )
    head.load_state_dict(dict(weights))
    return head


def export_detector(
    tower: nn.Module, head: nn.Module, card: str, folder: Path, *, bins: int, side: int
) -> float:
    """Write graph and card into a folder; give the largest difference of a probability from torch.

    Args:
        tower: The picture network.
        head: Judges its maps.
        card: How the detector is read, JSON (`vau_agent.tools.detector.DetectorCard`).
        folder: Where both are written.
        bins: Pictures of a window.
        side: Pixels of a picture's side.

    Raises:
        ModelError: torch cannot export it.
        MissingDependencyError: A package for exporting is not installed.
    """

    class Judge(nn.Module):
        """From windows of pictures to the probability of every class in every bin."""

        def __init__(self) -> None:
            super().__init__()
            self.tower = tower
            self.head = head

        def forward(self, pictures: Tensor) -> Tensor:
            frame, _, _ = self.head(maps_of(self.tower, pictures))
            probabilities: Tensor = frame.softmax(dim=-1)
            return probabilities

    chance = torch.Generator().manual_seed(1)
    shape = (3, bins, side, side, 3)
    pictures = torch.randint(0, 256, shape, generator=chance, dtype=torch.uint8)
    difference = export(
        Judge().eval(),
        {"pictures": pictures},
        {"pictures": {0: "windows"}},
        folder / GRAPH_FILE,
    )
    (folder / CARD_FILE).write_text(card, encoding="utf-8")
    return difference
