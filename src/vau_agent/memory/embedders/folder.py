"""A folder of model parts made on this machine: its manifest names every file with its sha256.

A file is checked when it is read, and used from the bytes that were checked. What the manifest
holds against is damage and mix-ups, not somebody who can write to the folder.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import Field, ValidationError

from vau_agent.errors import ModelError
from vau_agent.schemas import Value

MANIFEST: Final = "manifest.json"


class PartFile(Value):
    """One file of the folder."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=0)


class PartsManifest(Value):
    """What a folder of parts holds, and what it was made from."""

    kind: str
    version: int
    """Of the recipe: vectors of unequal versions are not comparable."""
    sources: Mapping[str, str]
    """sha256 of what the parts were made from, by name."""
    files: Mapping[str, PartFile]
    measured: Mapping[str, float] = Field(default_factory=dict)
    """What was checked while the folder was made."""


@dataclass(frozen=True, kw_only=True)
class PartsFolder:
    """An opened folder of parts."""

    root: Path
    manifest: PartsManifest

    @classmethod
    def open(cls, root: Path, *, kind: str, version: int) -> "PartsFolder":
        """Read the manifest and see that every file is there at its length.

        Raises:
            ModelError: The folder is absent, incomplete, altered, or of another kind or version.
        """
        try:
            manifest = PartsManifest.model_validate_json((root / MANIFEST).read_bytes())
        except OSError as error:
            raise ModelError(
                f"{kind} is not in {str(root)!r} ({error.strerror}); "
                f"get it with 'vau-agent models pull {kind}'"
            ) from error
        except ValidationError as error:
            raise ModelError(_altered(root / MANIFEST, kind)) from error
        if (manifest.kind, manifest.version) != (kind, version):
            raise ModelError(
                f"{str(root)!r} holds {manifest.kind} version {manifest.version}, this program "
                f"needs {kind} version {version}; {_pull(kind)}"
            )
        folder = cls(root=root, manifest=manifest)
        for name in folder._unfit():
            raise ModelError(_altered(root / name, kind))
        return folder

    def read(self, name: str) -> bytes:
        """Give a file's content, which was checked.

        Raises:
            ModelError: It is absent, unreadable, not listed, or altered.
        """
        kind, path = self.manifest.kind, self.root / name
        part = self.manifest.files.get(name)
        if part is None:
            raise ModelError(f"{str(self.root)!r} lists no file {name!r}; {_pull(kind)}")
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ModelError(f"cannot read {str(path)!r}: {error.strerror}; {_pull(kind)}") from (
                error
            )
        if hashlib.sha256(data).hexdigest() != part.sha256:
            raise ModelError(_altered(path, kind))
        return data

    def _unfit(self) -> Iterator[str]:
        for name, part in self.manifest.files.items():
            path = self.root / name
            if not path.is_file() or path.stat().st_size != part.bytes:
                yield name


def write_manifest(root: Path, manifest: PartsManifest) -> None:
    """Write the manifest; done last, it makes the folder whole."""
    (root / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n")


def replace_folder(made: Path, place: Path, *, spare: Path) -> None:
    """Put a finished folder in its place; what was there is moved to `spare`."""
    if place.exists():
        place.rename(spare)
    made.rename(place)


def describe(path: Path) -> PartFile:
    """Hash a file for the manifest."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return PartFile(sha256=digest, bytes=path.stat().st_size)


def _altered(path: Path, kind: str) -> str:
    return f"{str(path)!r} is missing or is not what was built here; {_pull(kind)}"


def _pull(kind: str) -> str:
    return f"make it again with 'vau-agent models pull {kind} --force'"
