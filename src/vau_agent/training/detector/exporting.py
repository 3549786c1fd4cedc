"""From a trained network to the files by which the agent runs it without torch."""

from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from vau_agent.errors import ModelError
from vau_agent.memory.embedders.exporting import export
from vau_agent.tools.detection import Rule
from vau_agent.tools.detector import CARD_FILE, DETECTOR_FILE, DetectorCard
from vau_agent.training.detector.network import DetectorNetwork

MAX_DIFFERENCE: Final = 1e-3
"""Between torch and ONNX Runtime, in any probability."""


class _Probabilities(nn.Module):
    def __init__(self, network: DetectorNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor) -> Tensor:
        probabilities: Tensor = self.network(pictures)[0].softmax(dim=-1)
        return probabilities


def export_detector(network: DetectorNetwork, rule: Rule, folder: Path) -> float:
    """Write `detector.onnx` and `detector.json`; give the largest difference from torch.

    Raises:
        ModelError: ONNX Runtime does not agree with torch.
        MissingDependencyError: onnx, onnxscript or ONNX Runtime is not installed.
    """
    config = network.config
    folder.mkdir(parents=True, exist_ok=True)
    shape = (3, config.bins, config.side, config.side, 3)
    chance = torch.Generator().manual_seed(1)
    pictures = torch.randint(0, 256, shape, generator=chance, dtype=torch.uint8)
    pending = folder / f"{DETECTOR_FILE}.part"
    difference = export(
        _Probabilities(network.cpu().eval()).eval(),
        {"pictures": pictures},
        {"pictures": {0: "windows"}},
        pending,
    )
    if difference > MAX_DIFFERENCE:
        raise ModelError(
            f"the exported detector differs from torch by {difference:.1e}, {MAX_DIFFERENCE:.0e} "
            "are allowed; try other versions of torch and onnxruntime"
        )
    pending.replace(folder / DETECTOR_FILE)
    card = DetectorCard(classes=config.classes, bins=config.bins, side=config.side, rule=rule)
    (folder / CARD_FILE).write_text(card.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return difference
