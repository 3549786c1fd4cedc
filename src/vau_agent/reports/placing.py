"""Putting a finished folder under its name, so that a crash leaves the old or the new one whole.

Two renames are needed to replace a folder. A crash between them leaves the old folder under a
hidden name; the next writer finds and restores it.
"""

import os
import shutil
import stat
from collections.abc import Container
from pathlib import Path

from vau_agent.reports.files import list_files


def recover(folder: Path) -> None:
    """Undo or finish a replacement that was interrupted."""
    old = _old(folder)
    if not old.exists():
        return
    if folder.exists():
        shutil.rmtree(old)
    else:
        old.rename(folder)


def put_in_place(new: Path, folder: Path) -> None:
    """Rename `new` to `folder`, replacing what stands there."""
    old = _old(folder)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    sync(folder.parent)
    if old.exists():
        shutil.rmtree(old)


def keep_foreign(folder: Path, new: Path, *, ours: Container[str]) -> None:
    """Copy what a person laid into `folder`, links as links; devices stay behind."""
    if not folder.is_dir():
        return
    for path, status in list_files(folder):
        target = new / path
        is_kept = stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode)
        if is_kept and path not in ours and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(folder / path, target, follow_symlinks=False)


def sync_tree(folder: Path) -> None:
    """Force every file and folder below, and the folder itself, to disk."""
    for parent, _, names in os.walk(folder):
        for name in names:
            if not (Path(parent) / name).is_symlink():
                sync(Path(parent) / name)
        sync(Path(parent))


def sync(path: Path) -> None:
    """Force one file or folder to disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _old(folder: Path) -> Path:
    return folder.parent / f".{folder.name}.old"
