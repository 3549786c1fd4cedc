"""What a training of the detector leaves behind: a checkpoint while it runs, weights at its end."""

import json
import pickle
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from pydantic import ValidationError

from vau_agent.errors import ModelError, SettingsError
from vau_agent.schemas import Value
from vau_agent.tools.detection import Rule
from vau_agent.training.detector.config import DetectorConfig, NetworkConfig
from vau_agent.training.detector.network import DetectorNetwork
from vau_agent.training.detector.scoring import Baseline, Figures

CHECKPOINT: Final = "checkpoint.pt"
WEIGHTS: Final = "stage0.safetensors"
CARD: Final = "stage0.json"
LOG: Final = "log.jsonl"
_KEPT: Final = ("tower.", "detector.")
"""What is left of the network once it has learned."""


class TrainedCard(Value):
    """What was trained, on what, and how good it is."""

    config: DetectorConfig
    rule: Rule
    """Fitted on clips of the training split that were held out."""
    clips: int
    """Of the training split, without those held out."""
    shown: int
    """Clips shown in all."""
    seconds: float
    """Wall time of training."""
    cpu_seconds: float
    baseline: Baseline
    scores: dict[str, dict[str, Figures]]
    """By level ("held out", "L1", ...), then by row ("detector", "majority", ...)."""
    kinds: dict[str, dict[str, tuple[int, int]]]
    """By level, then by kind of story: clips whose class was named, and clips."""


class Progress(Value):
    """How far a training is."""

    config: DetectorConfig
    done: int = 0
    """Clips shown."""
    seconds: float = 0
    cpu_seconds: float = 0


def save_checkpoint(
    out: Path,
    progress: Progress,
    network: DetectorNetwork,
    optimiser: torch.optim.Optimizer,
) -> None:
    """Write a checkpoint that appears whole or not at all."""
    pending = out / f"{CHECKPOINT}.part"
    held = {
        "progress": progress.model_dump_json(),
        "network": network.state_dict(),
        "optimiser": optimiser.state_dict(),
    }
    torch.save(held, pending)
    pending.replace(out / CHECKPOINT)


def load_checkpoint(
    out: Path, network: DetectorNetwork, optimiser: torch.optim.Optimizer
) -> Progress:
    """Put a checkpoint's weights and moments in place; give how far it was.

    Raises:
        SettingsError: There is none, or it is damaged.
    """
    path = out / CHECKPOINT
    try:
        held: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
        network.load_state_dict(held["network"])
        optimiser.load_state_dict(held["optimiser"])
        return Progress.model_validate_json(held["progress"])
    except FileNotFoundError as error:
        raise SettingsError(
            f"{str(out)!r} holds no checkpoint to go on from; leave --resume out"
        ) from error
    except (OSError, EOFError, RuntimeError, ValueError, KeyError, pickle.UnpicklingError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise SettingsError(
            f"checkpoint {str(path)!r} cannot be used ({first}); begin anew in another folder"
        ) from error


def save_trained(out: Path, network: DetectorNetwork, card: TrainedCard) -> None:
    """Write the weights, named `tower.*` and `detector.*`, and the card, last."""
    from safetensors.torch import save_file

    tensors = {
        name: tensor.cpu().contiguous()
        for name, tensor in network.state_dict().items()
        if name.startswith(_KEPT)
    }
    pending = out / f"{WEIGHTS}.part"
    save_file(tensors, pending, metadata={"network": card.config.network.model_dump_json()})
    pending.replace(out / WEIGHTS)
    write_card(out, card)


def write_card(out: Path, card: TrainedCard) -> None:
    """Write the card; it appears whole or not at all."""
    pending = out / f"{CARD}.part"
    pending.write_text(json.dumps(card.model_dump(mode="json"), indent=1) + "\n", encoding="utf-8")
    pending.replace(out / CARD)


def load_trained(out: Path) -> tuple[DetectorNetwork, TrainedCard]:
    """Open what was trained.

    Raises:
        ModelError: It is absent or damaged.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        card = TrainedCard.model_validate_json((out / CARD).read_bytes())
        network = network_of(load_file(out / WEIGHTS), card.config.network)
    except (OSError, ValidationError, SafetensorError, RuntimeError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise ModelError(
            f"{str(out)!r} holds no trained detector ({first}); 'vau-agent train detector' makes "
            "one"
        ) from error
    return network, card


def network_of(tensors: dict[str, torch.Tensor], config: NetworkConfig) -> DetectorNetwork:
    """Build the network with given weights, named `tower.*` and `detector.*`; others are left out.

    Raises:
        RuntimeError: They do not fit.
    """
    network = DetectorNetwork(config)
    given = {
        name: tensor.float() if tensor.is_floating_point() else tensor
        for name, tensor in tensors.items()
        if name.startswith(_KEPT)
    }
    only_learning = {
        name: tensor for name, tensor in network.state_dict().items() if not name.startswith(_KEPT)
    }
    network.load_state_dict({**only_learning, **given})
    return network.eval()


def cut_log(path: Path, done: int) -> None:
    """Take back lines of a log that are about to be written again."""
    if not path.is_file():
        return
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    kept = [line for line in lines if _clips_of(line) <= done]
    path.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")


def _clips_of(line: str) -> float:
    try:
        return float(json.loads(line)["clips"])
    except (ValueError, KeyError, TypeError):
        return np.inf  # a line that an interruption cut off
