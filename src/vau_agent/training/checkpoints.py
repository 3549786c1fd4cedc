"""Checkpoints of a training that may be killed at any moment: only whole ones are gone on from."""

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
