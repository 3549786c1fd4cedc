"""Checkpoints of a training that may be killed at any moment: only whole ones are gone on from."""

from pathlib import Path
from typing import Final

from vau_agent.errors import SettingsError

WHOLE: Final = "whole"
"""File in a checkpoint that was written to its end; it is written last."""


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
