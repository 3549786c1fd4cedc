"""Files of an output folder, read without following links or waiting for devices."""

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

MAX_DOCUMENT_BYTES: Final = 1 << 28
"""Largest manifest, result or chain that is read into memory."""
_BLOCK: Final = 1 << 20


def read_document(path: Path) -> bytes:
    """Read a file of limited size that is neither a link nor a device.

    Raises:
        OSError: It cannot be read, or is larger than `MAX_DOCUMENT_BYTES`.
    """
    with open(_open_regular(path), "rb") as file:
        if os.fstat(file.fileno()).st_size > MAX_DOCUMENT_BYTES:
            raise OSError(f"{path.name} is larger than {MAX_DOCUMENT_BYTES} bytes")
        return file.read(MAX_DOCUMENT_BYTES)


def hash_file(path: Path) -> tuple[str, int]:
    """Give sha256 and size of a regular file.

    Raises:
        OSError: It cannot be read, or is a link or a device.
    """
    digest, count = hashlib.sha256(), 0
    with open(_open_regular(path), "rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            count += len(block)
    return digest.hexdigest(), count


def list_files(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Give every entry below `folder` that is no plain folder, with its own (link) status."""
    waiting = [folder]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in sorted(entries, key=lambda one: one.name):
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))
                else:
                    path = Path(entry.path).relative_to(folder).as_posix()
                    yield path, entry.stat(follow_symlinks=False)


def stays_inside(path: str) -> bool:
    """Tell whether a path of a manifest names something inside its folder."""
    pure = PurePosixPath(path)
    parts = path.split("/")
    return not (
        pure.is_absolute()
        or "\\" in path
        or "\0" in path
        or any(part in {"", ".", ".."} for part in parts)
    )


def _open_regular(path: Path) -> int:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"{path.name} is not a regular file")
    return descriptor
