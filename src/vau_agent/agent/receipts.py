"""What was fetched into a folder, written last: a folder without it is not a whole model."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from vau_agent.memory.embedders.folder import PartFile, describe
from vau_agent.schemas import Value

RECEIPT_NAME: Final = "vau-model.json"


class Receipt(Value):
    """All files of a pulled model, and what they are."""

    name: str
    sources: tuple[str, ...]
    """Package and version, or repository and commit."""
    files: Mapping[str, PartFile]
    """By path inside the folder."""


def write_receipt(folder: Path, name: str, sources: tuple[str, ...]) -> Receipt:
    """Record every file of a folder, in one step that either happens or does not."""
    paths = sorted(path for path in folder.rglob("*") if _is_ours(path.relative_to(folder), path))
    records = {path.relative_to(folder).as_posix(): describe(path) for path in paths}
    receipt = Receipt(name=name, sources=sources, files=records)
    pending = folder / f"{RECEIPT_NAME}.new"
    with pending.open("w", encoding="utf-8") as stream:
        stream.write(receipt.model_dump_json(indent=2))
        stream.flush()
        os.fsync(stream.fileno())
    pending.replace(folder / RECEIPT_NAME)
    return receipt


def read_receipt(folder: Path) -> Receipt | None:
    """Give what was fetched; `None` when fetching never came to its end."""
    try:
        return Receipt.model_validate_json((folder / RECEIPT_NAME).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError):
        return None


def is_whole(folder: Path) -> bool:
    """Tell whether every recorded file is there in its recorded size."""
    receipt = read_receipt(folder)
    return receipt is not None and all(
        _has_size(folder / path, record.bytes) for path, record in receipt.files.items()
    )


def altered_files(folder: Path) -> tuple[str, ...]:
    """Name the recorded files that are absent or hold something else; reads all of them."""
    receipt = read_receipt(folder)
    if receipt is None:
        return (RECEIPT_NAME,)
    return tuple(
        path
        for path, record in receipt.files.items()
        if not _has_size(folder / path, record.bytes) or describe(folder / path) != record
    )


def _has_size(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _is_ours(relative: Path, path: Path) -> bool:
    hidden = any(part.startswith(".") for part in relative.parts)
    return path.is_file() and not hidden and not relative.name.startswith(RECEIPT_NAME)
