"""Adapters with random weights, as training would write them."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from vau_agent.agent.nano.adapter import AdapterCard, DetectorShape, save_adapter
from vau_agent.tools.detector import DetectorCard

if TYPE_CHECKING:
    import torch

SCALE: Final = 2.0
CARD: Final = AdapterCard(lora_scale=SCALE, made={"by": "a test"})
CLASSES: Final = ("normal", "fall", "fire")
BINS: Final = 4
DETECTOR: Final = DetectorShape(
    card=DetectorCard(classes=CLASSES, bins=BINS, side=64).model_dump_json(), bins=BINS, side=64
)
TOWER: Final = "model.vision_tower.timm_model."
PROJECTOR: Final = "model.multi_modal_projector."
QUERY: Final = "model.language_model.layers.1.self_attn.q_proj"
GATE: Final = "model.language_model.layers.0.mlp.gate_proj"

Group = dict[str, "torch.Tensor"]


@dataclass(frozen=True, kw_only=True)
class Weights:
    """What an adapter is written from."""

    tower: Group
    projector: Group
    lora: Group

    def with_lora(self, lora: Group) -> "Weights":
        return replace(self, lora=lora)


def random_weights(base: Path) -> Weights:
    """Give weights that fit a base model and differ from it everywhere."""
    import torch
    from safetensors.torch import load_file

    chance = torch.Generator().manual_seed(3)
    held = load_file(base / "model.safetensors")

    def disturbed(prefix: str) -> Group:
        return {
            name.removeprefix(prefix): one.float() * 1.25 + 0.01
            for name, one in held.items()
            if name.startswith(prefix) and one.is_floating_point()
        }

    def halves(path: str) -> Group:
        high, wide = held[f"{path}.weight"].shape
        return {
            f"base_model.model.{path}.lora_A.weight": torch.randn(4, wide, generator=chance) / 10,
            f"base_model.model.{path}.lora_B.weight": torch.randn(high, 4, generator=chance) / 10,
        }

    return Weights(
        tower=disturbed(TOWER), projector=disturbed(PROJECTOR), lora=halves(QUERY) | halves(GATE)
    )


def write_adapter(path: Path, weights: Weights, card: AdapterCard) -> None:
    """Write them."""
    save_adapter(path, card, tower=weights.tower, projector=weights.projector, lora=weights.lora)
