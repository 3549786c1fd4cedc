"""Checkpoints of a training that may be killed at any moment: only whole ones are gone on from."""

import json
from pathlib import Path
from typing import Final

from vau_agent.errors import ModelError, SettingsError

WHOLE: Final = "whole"
"""File in a checkpoint that was written to its end; it is written last."""
ADAPTER: Final = "adapter"
"""Folder of the finished LoRA and projector, as peft writes them."""
ADAPTER_WEIGHTS: Final = "adapter_model.safetensors"


def find_checkpoint(out: Path, *, resume: bool) -> Path | None:
    """Give the last whole checkpoint, where a training is to be resumed.

    Raises:
        SettingsError: There is none to resume, or there is one and it would be written over.
    """
    found = whole_checkpoints(out)
    if resume and not found:
        raise SettingsError(
            f"{str(out)!r} holds no whole checkpoint to go on from; leave --resume out"
        )
    if found and not resume:
        raise SettingsError(
            f"{str(out)!r} holds a training; go on with --resume, or choose another --out"
        )
    return found[-1] if found else None


def whole_checkpoints(out: Path) -> list[Path]:
    """Give the checkpoints that were written to their end, oldest first."""
    found = [one.parent for one in out.glob(f"checkpoint-*/{WHOLE}")]
    return sorted(found, key=lambda path: int(path.name.rpartition("-")[2]))


def trained_weights(trained: Path) -> Path:
    """Give the folder of a training's weights: the finished ones, or the last whole checkpoint.

    Raises:
        ModelError: There is neither.
    """
    finished = trained / ADAPTER
    if (finished / ADAPTER_WEIGHTS).is_file():
        return finished
    found = whole_checkpoints(trained)
    if not found:
        raise ModelError(
            f"{str(trained)!r} holds no trained adapter; 'vau-agent train sft' makes one"
        )
    return found[-1]


def cut_log(log: Path, checkpoint: Path) -> None:
    """Take back the lines of steps after a checkpoint, which are about to be taken again."""
    if not log.is_file():
        return
    last = int(checkpoint.name.rpartition("-")[2])
    lines = log.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if _step_of(line) <= last]
    log.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")


def _step_of(line: str) -> float:
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return float("inf")  # a line that an interruption cut off
