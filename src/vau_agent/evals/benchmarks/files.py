"""Opening annotation files: text, JSON and CSV, packed or not."""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from vau_agent.errors import BenchmarkError
from vau_agent.evals.benchmarks.values import kind_of, shown

MAX_BYTES: Final = 256 * 2**20
"""Of an annotation, unpacked: the largest published one known has 60 MB."""

PairsHook = Callable[[list[tuple[str, JsonValue]]], dict[str, JsonValue]]


def read_text(path: Path) -> str:
    """Return the text of a file, unpacked where it is gzip.

    Raises:
        BenchmarkError: It is absent, damaged, too large, or not UTF-8.
    """
    try:
        with path.open("rb") as plain:
            packed = plain.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if packed else path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise BenchmarkError(f"{path} has more than {MAX_BYTES} bytes; is it an annotation?")
        return content.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BenchmarkError(f"{path} cannot be read: {reason}") from error
    except UnicodeDecodeError as error:
        raise BenchmarkError(f"{path} is not UTF-8 text (byte {error.start})") from error


def read_json(path: Path) -> JsonValue:
    """Return what a JSON file holds; `NaN` and infinities come through as such.

    Raises:
        BenchmarkError: It cannot be read as JSON.
    """
    return parse_json(read_text(path), path)


def parse_json(text: str, path: Path, keep: PairsHook | None = None) -> JsonValue:
    """Return what a JSON text holds; `keep` makes an object of its pairs.

    Raises:
        BenchmarkError: It is not JSON.
    """
    try:
        value: JsonValue = json.loads(text, object_pairs_hook=keep)
    except (ValueError, RecursionError) as error:
        raise BenchmarkError(f"{path} is not JSON: {error}") from error
    return value


def read_rows(path: Path, columns: Sequence[str]) -> list[tuple[str, dict[str, str]]]:
    """Return the rows of a CSV file, each with its place (`row 2` follows the header).

    Column names are matched without regard to case and outer space, and come back in lower case.

    Raises:
        BenchmarkError: It is not a table, or a column is missing.
    """
    reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    try:
        rows = [row for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise BenchmarkError(f"{path} is not a CSV table: {error}") from error
    header = [name.strip().lower() for name in rows[0]] if rows else []
    missing = [name for name in columns if name.lower() not in header]
    if missing:
        found = ", ".join(shown(name) for name in header[:20]) or "none"
        raise BenchmarkError(f"{path} lacks the column {missing[0]!r}; columns found: {found}")
    return [
        (f"row {number}", _row(header, cells)) for number, cells in enumerate(rows[1:], start=2)
    ]


def _row(header: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    padded = [*cells, *[""] * (len(header) - len(cells))]
    return {name: cell.strip() for name, cell in zip(header, padded, strict=False)}


def objects(value: JsonValue, path: Path) -> Iterator[tuple[str, Mapping[str, JsonValue]]]:
    """Give the entries of a list of objects, each with its place (`entry 0`).

    Raises:
        BenchmarkError: It is not a list of objects.
    """
    if not isinstance(value, list):
        raise BenchmarkError(f"{path} holds {kind_of(value)}; a list of objects is wanted")
    for number, entry in enumerate(value):
        if not isinstance(entry, dict):
            raise BenchmarkError(f"{path}: entry {number} is {kind_of(entry)}, not an object")
        yield f"entry {number}", entry


def read_named(path: Path) -> list[tuple[str, Mapping[str, JsonValue]]]:
    """Return the entries of a JSON object of objects, each with its key, repeated keys included.

    Raises:
        BenchmarkError: The file does not hold an object of objects.
    """
    pairs: list[tuple[str, JsonValue]] = []

    def keep(found: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
        nonlocal pairs
        pairs = found  # the outermost object is closed last
        return dict(found)

    value = parse_json(read_text(path), path, keep)
    if not isinstance(value, dict):
        raise BenchmarkError(f"{path} holds {kind_of(value)}; an object by video name is wanted")
    entries: list[tuple[str, Mapping[str, JsonValue]]] = []
    for name, entry in pairs:
        if not isinstance(entry, dict):
            raise BenchmarkError(f"{path}: {shown(name)} is {kind_of(entry)}, not an object")
        entries.append((name, entry))
    return entries
