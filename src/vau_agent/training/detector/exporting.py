"""From a trained network to the files by which the agent runs it without torch."""

from pathlib import Path
from typing import Final

from vau_agent.agent.nano import detector
from vau_agent.errors import ModelError
from vau_agent.tools.detection import Rule
from vau_agent.tools.detector import DetectorCard
from vau_agent.training.detector.network import DetectorNetwork

MAX_DIFFERENCE: Final = 1e-3
"""Between torch and ONNX Runtime, in any probability."""


def export_detector(network: DetectorNetwork, rule: Rule, folder: Path) -> float:
    """Write `detector.onnx` and `detector.json`; give the largest difference from torch.

    Raises:
        ModelError: ONNX Runtime does not agree with torch.
        MissingDependencyError: onnx, onnxscript or ONNX Runtime is not installed.
    """
    config = network.config
    folder.mkdir(parents=True, exist_ok=True)
    card = DetectorCard(classes=config.classes, bins=config.bins, side=config.side, rule=rule)
    whole = network.cpu().eval()
    difference = detector.export_detector(
        whole.tower,
        whole.detector,
        card.model_dump_json(indent=1) + "\n",
        folder,
        bins=config.bins,
        side=config.side,
    )
    if difference > MAX_DIFFERENCE:
        raise ModelError(
            f"the exported detector differs from torch by {difference:.1e}, {MAX_DIFFERENCE:.0e} "
            "are allowed; try other versions of torch and onnxruntime"
        )
    return difference
