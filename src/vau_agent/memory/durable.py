"""Files that are whole or absent, whenever the process or the machine stops.

A file is written beside its place, synced, renamed, and its folder is synced.
"""

import contextlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from vau_agent.memory.database import PRIVATE_FOLDER

TEMPORARY: Final = ".tmp-"
"""How the name of an unfinished file starts."""


def write_durably(path: Path, parts: Iterable[bytes | memoryview]) -> None:
    """Write a file in one step; its folder is there already, and is synced by the caller."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=TEMPORARY)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise


def make_folder(folder: Path) -> None:
    """Create a folder, and those above it, so that it is there after a power cut."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True, mode=PRIVATE_FOLDER)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make what was created, renamed or removed in a folder last."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
