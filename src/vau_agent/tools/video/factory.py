"""Opens a video for reading, always in a sandboxed child.

The file is opened once, here: its digest is taken from that descriptor, and the child gets that
descriptor, so all three see the same file whatever happens to the path. A symbolic link to a video
is followed, because people keep links to their videos; pipes, devices and folders are refused
without waiting for anybody to write into them.
"""

import errno
import hashlib
import os
import stat
from pathlib import Path
from typing import Final, Literal

from vau_agent.errors import VideoRefusal
from vau_agent.settings import VideoLimits
from vau_agent.tools.video.base import VideoReader
from vau_agent.tools.video.refusals import refusal
from vau_agent.tools.video.sandbox import SandboxedReader

_CHUNK: Final = 1 << 20
_REFUSED_OPENS: Final[dict[int, VideoRefusal]] = {
    errno.ENOENT: "not-found",
    errno.ENOTDIR: "not-found",
    errno.ENAMETOOLONG: "not-found",
    errno.ELOOP: "not-found",
    errno.EACCES: "no-permission",
    errno.EPERM: "no-permission",
}


def open_video(
    path: Path, *, reader: Literal["pyav", "decord"] = "pyav", limits: VideoLimits | None = None
) -> VideoReader:
    """Open a video; close it, or use it as a context manager.

    Raises:
        VideoOpenError: The file is refused; `kind` says why.
        VideoDecodeError: No picture of it decodes within the limits.
        MissingDependencyError: The reader's package is not installed.
    """
    file = _open_regular(path)
    try:
        digest = _hash_descriptor(file)
    except BaseException:
        os.close(file)
        raise
    return SandboxedReader(
        file, name=str(path), sha256=digest, reader=reader, limits=limits or VideoLimits()
    )


def hash_file(path: Path) -> str:
    """Give the sha256 of a regular, non-empty file, reading it piece by piece.

    Raises:
        VideoOpenError: The file is absent, empty, unreadable or not a regular file.
    """
    file = _open_regular(path)
    try:
        return _hash_descriptor(file)
    finally:
        os.close(file)


def _open_regular(path: Path) -> int:
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError as error:
        kind = _REFUSED_OPENS.get(error.errno or 0, "not-a-file")
        raise refusal(kind, str(path)) from error
    except ValueError as error:  # a NUL in the path
        raise refusal("not-found", str(path)) from error
    found = os.fstat(file)
    if stat.S_ISREG(found.st_mode) and found.st_size:
        os.set_blocking(file, True)
        return file
    os.close(file)
    raise refusal("empty" if stat.S_ISREG(found.st_mode) else "not-a-file", str(path))


def _hash_descriptor(file: int) -> str:
    digest, offset = hashlib.sha256(), 0
    while chunk := os.pread(file, _CHUNK, offset):
        digest.update(chunk)
        offset += len(chunk)
    return digest.hexdigest()
