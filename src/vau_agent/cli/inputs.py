"""Which videos the arguments of `analyze` mean: files, patterns, folders, a list from a pipe."""

import glob
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from vau_agent.errors import SettingsError
from vau_agent.tools.video.formats import SUFFIXES

STANDARD_INPUT: Final = "-"


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Videos in the order given, each once."""

    files: tuple[Path, ...]
    is_batch: bool
    """More than the single file that was named: a ledger is kept, one failure does not end it."""


def find_videos(arguments: Sequence[str], *, stdin: TextIO) -> Inputs:
    """Expand the arguments.

    Raises:
        SettingsError: Nothing was given, or a folder or pattern holds no video.
    """
    files: dict[Path, None] = {}
    is_batch = len(arguments) > 1
    for argument in arguments:
        if argument == STANDARD_INPUT:
            found, is_batch = _listed(stdin), True
        elif Path(argument).is_dir():
            found, is_batch = _in_folder(Path(argument)), True
        elif _is_pattern(argument):
            found, is_batch = _matching(argument), True
        else:
            found = [Path(argument)]
        files.update(dict.fromkeys(found))
    if not files:
        raise SettingsError("no video given; name a file, a folder, a pattern, or '-' for a list")
    return Inputs(files=tuple(files), is_batch=is_batch)


def _listed(stdin: TextIO) -> list[Path]:
    files = [Path(line.rstrip("\r\n")) for line in stdin if line.strip()]
    if not files:
        raise SettingsError("standard input named no video; give one path a line")
    return files


def _in_folder(folder: Path) -> list[Path]:
    files = sorted(_videos_under(folder))
    if not files:
        raise SettingsError(
            f"folder {str(folder)!r} holds no video ({', '.join(sorted(SUFFIXES))}); "
            "name the files themselves"
        )
    return files


def _videos_under(folder: Path) -> Iterator[Path]:
    if (folder / "manifest.json").is_file() and (folder / "result.json").is_file():
        return  # our own output: its clips are not evidence anew
    for entry in folder.iterdir():
        if entry.name.startswith("."):
            continue
        if entry.is_dir() and not entry.is_symlink():
            yield from _videos_under(entry)
        elif entry.suffix.lower() in SUFFIXES and entry.is_file():
            yield entry


def _is_pattern(argument: str) -> bool:
    return glob.has_magic(argument) and not Path(argument).exists()


def _matching(pattern: str) -> list[Path]:
    names = glob.glob(pattern, recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
    files = [Path(name) for name in sorted(names)]
    files = [file for file in files if file.is_file()]
    if not files:
        raise SettingsError(f"no file matches {pattern!r}; check the pattern, or quote it")
    return files
