"""A folder of files named by their content: pictures, prompts, completions.

A blob is whole or absent, whenever the process or the machine stops.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from vau_agent.errors import BlobError
from vau_agent.memory.chain import canonical_json
from vau_agent.memory.database import plain_errors
from vau_agent.memory.durable import make_folder, sync_folder, write_durably

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class BlobStore:
    """Bytes in, digest out; safe to share between processes."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, data: bytes) -> str:
        """Store `data` durably and return its sha256; a blob that is already there is kept.

        Raises:
            NoSpaceError: The disk is full.
            JournalError: The folder cannot be written to.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        path = self.path(sha256)
        with plain_errors(path):
            if not _holds(path, sha256):
                make_folder(path.parent)
                write_durably(path, [data])
            # Also for a blob that was there: its writer may not have come this far.
            sync_folder(path.parent)
        return sha256

    def get(self, sha256: str) -> bytes:
        """Read a blob and check it against its name.

        Raises:
            BlobError: It is absent or altered.
        """
        path = self.path(sha256)
        try:
            data = path.read_bytes()
        except FileNotFoundError as error:
            raise BlobError(
                f"blob {sha256[:12]} is not in {str(self._root)!r}; restore the folder from a "
                "copy, or analyse the video again"
            ) from error
        except OSError as error:
            raise BlobError(
                f"cannot read blob {str(path)!r}: {error.strerror}; check the disk and the "
                "folder's permissions"
            ) from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise BlobError(
                f"blob {str(path)!r} does not match its name; delete that file and restore it "
                "from a copy, or analyse the video again"
            )
        return data

    def path(self, sha256: str) -> Path:
        """Give the place of a blob, present or not.

        Raises:
            BlobError: `sha256` is not a digest.
        """
        if not _SHA256.fullmatch(sha256):
            raise BlobError(f"{sha256[:80]!r} is not a sha256; name a blob by 64 hex digits")
        return self._root / sha256[:2] / sha256

    def put_json(self, value: JsonValue) -> str:
        """Store a JSON value in canonical form and return its sha256."""
        return self.put(canonical_json(value).encode())

    def get_json(self, sha256: str) -> JsonValue:
        """Read what `put_json` stored.

        Raises:
            BlobError: It is absent, altered, or not JSON.
        """
        data = self.get(sha256)
        try:
            value: JsonValue = json.loads(data)
        except ValueError as error:
            raise BlobError(f"blob {sha256[:12]} is not JSON; read it with 'get'") from error
        return value


def _holds(path: Path, sha256: str) -> bool:
    """Tell whether the blob is there and whole: a damaged one is written anew."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == sha256
    except FileNotFoundError:
        return False
