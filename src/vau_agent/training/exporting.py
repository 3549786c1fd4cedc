"""From what the stages left behind to one small adapter file, as the project ships it."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from vau_agent.agent.nano.adapter import AdapterCard, DetectorShape, save_adapter
from vau_agent.agent.profile import load_profile
from vau_agent.errors import ModelError
from vau_agent.tools.detector import CARD_FILE, DetectorCard
from vau_agent.training.checkpoints import ADAPTER_WEIGHTS, trained_weights
from vau_agent.training.models import STAGE0_WEIGHTS
from vau_agent.training.sft import CARD, PROJECTOR

if TYPE_CHECKING:
    import torch

_CONFIG: Final = "adapter_config.json"

Tensors = dict[str, "torch.Tensor"]


def export_adapter(
    base: Path, trained: Path, path: Path, *, detector: Path | None = None
) -> AdapterCard:
    """Write the adapter of a training, finished or at its last checkpoint.

    Args:
        base: Model folder that stage 2 began with; its profile goes along.
        trained: Folder of stage 2.
        path: The file to write.
        detector: Folder of stage 0, whose tower and detector go along.

    Raises:
        ModelError: A stage left nothing that can be exported.
    """
    folder = trained_weights(trained)
    tensors = _read(folder / ADAPTER_WEIGHTS, "vau-agent train sft")
    lora = {name: one for name, one in tensors.items() if ".lora_" in name}
    projector = {
        name.rpartition(f"{PROJECTOR}.")[2]: one
        for name, one in tensors.items()
        if f"{PROJECTOR}." in name
    }
    stage0 = (
        {} if detector is None else _read(detector / STAGE0_WEIGHTS, "vau-agent train detector")
    )
    card = AdapterCard(
        profile=load_profile(base).model_copy(update={"detector": detector is not None}),
        lora_scale=_scale(folder),
        detector=None if detector is None else _shape(detector),
        made=_made(trained),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    save_adapter(
        path,
        card,
        tower=_group(stage0, "tower."),
        projector=projector,
        lora=lora,
        detector=_group(stage0, "detector."),
    )
    return card


def _read(path: Path, maker: str) -> Tensors:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return dict(load_file(path))
    except (OSError, SafetensorError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise ModelError(f"{str(path)!r} cannot be read ({first}); {maker!r} makes it") from error


def _group(tensors: Tensors, prefix: str) -> Tensors:
    return {
        name.removeprefix(prefix): one for name, one in tensors.items() if name.startswith(prefix)
    }


def _scale(folder: Path) -> float:
    try:
        told = json.loads((folder / _CONFIG).read_text(encoding="utf-8"))
        return float(told["lora_alpha"]) / float(told["r"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{str(folder / _CONFIG)!r} does not say how strong the adapter is; train it anew"
        ) from error


def _shape(detector: Path) -> DetectorShape:
    try:
        text = (detector / CARD_FILE).read_text(encoding="utf-8")
        card = DetectorCard.model_validate_json(text)
    except (OSError, ValidationError) as error:
        raise ModelError(
            f"{str(detector / CARD_FILE)!r} is no detector's card; "
            "'vau-agent train detector' writes one"
        ) from error
    return DetectorShape(card=text, bins=card.bins, side=card.side)


def _made(trained: Path) -> dict[str, str]:
    """Tell how it was trained; of a training that is not finished, only that."""
    try:
        told = json.loads((trained / CARD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {"stage 2": f"not finished, {trained_weights(trained).name}"}
    kept = ("rows", "tokens", "steps", "loss", "cpu_seconds")
    return {name.replace("_", " "): str(told[name]) for name in kept if name in told} | {
        "seed": str(told.get("config", {}).get("seed", 0))
    }
