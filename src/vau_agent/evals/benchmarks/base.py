"""What every reader of annotations shares: opening files, and telling samples from gaps."""

import csv
import gzip
import io
import json
import math
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from pydantic import JsonValue, ValidationError

from vau_agent.errors import BenchmarkError
from vau_agent.evals.samples import Dataset, FrameSpan, Gap, GapKind, Sample
from vau_agent.schemas import Segment

MAX_BYTES: Final = 512 * 2**20
"""Of an annotation, unpacked: the largest published one known has 60 MB."""

Item = Sample | Gap
Entry = TypeVar("Entry")
PairsHook = Callable[[list[tuple[str, JsonValue]]], dict[str, JsonValue]]


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """One format of annotations."""

    name: str
    """As `--benchmark` takes it."""
    title: str
    annotations: str
    """One line: which file or folder is read."""
    read: Callable[[Path], Dataset]
    """Raises `BenchmarkError` where the file as a whole cannot be used."""


class UnusableItemError(Exception):
    """One item cannot be used; it becomes a gap, and never leaves this folder."""

    def __init__(self, kind: GapKind, detail: str) -> None:
        super().__init__(detail)
        self.kind: GapKind = kind
        self.detail = detail


def collect(
    entries: Iterable[tuple[str, Entry]], parse: Callable[[str, Entry], Iterable[Item]], path: Path
) -> tuple[tuple[Sample, ...], tuple[Gap, ...]]:
    """Read every entry; one that cannot be used is a gap, and the rest goes on.

    Of samples with one id the first stays.

    Args:
        entries: Name of each, for its gap, and what the file says.
        parse: Gives a sample, gaps, or both; raises `UnusableItemError`.
        path: Of the file, for the error.

    Raises:
        BenchmarkError: No entry can be used.
    """
    samples: dict[str, Sample] = {}
    gaps: list[Gap] = []
    for name, entry in entries:
        for item in _guarded(parse, name, entry):
            if isinstance(item, Gap):
                gaps.append(item)
            elif item.id in samples:
                gaps.append(Gap(id=item.id, kind="duplicate-id", detail=f"again in {name}"))
            else:
                samples[item.id] = item
    if not samples:
        first = f"the first gap: {gaps[0].id}: {gaps[0].detail}" if gaps else "it is empty"
        raise BenchmarkError(f"{path} holds no sample that can be used; {first}")
    return tuple(samples.values()), tuple(gaps)


def _guarded(
    parse: Callable[[str, Entry], Iterable[Item]], name: str, entry: Entry
) -> tuple[Item, ...]:
    try:
        return tuple(parse(name, entry))
    except UnusableItemError as error:
        return (Gap(id=name, kind=error.kind, detail=error.detail),)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        return (Gap(id=name, kind="unreadable", detail=f"{where}: {first['msg']}"),)


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
        found = ", ".join(repr(name) for name in header[:20]) or "none"
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
        raise BenchmarkError(f"{path} holds {_kind(value)}; a list of objects is wanted")
    for number, entry in enumerate(value):
        if not isinstance(entry, dict):
            raise BenchmarkError(f"{path}: entry {number} is {_kind(entry)}, not an object")
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
        raise BenchmarkError(f"{path} holds {_kind(value)}; an object by video name is wanted")
    entries: list[tuple[str, Mapping[str, JsonValue]]] = []
    for name, entry in pairs:
        if not isinstance(entry, dict):
            raise BenchmarkError(f"{path}: {name!r} is {_kind(entry)}, not an object")
        entries.append((name, entry))
    return entries


def _kind(value: JsonValue) -> str:
    if value is None:
        return "null"
    names = {bool: "a truth value", str: "a text", list: "a list", dict: "an object"}
    return names.get(type(value), "a number")


def field(entry: Mapping[str, JsonValue], name: str) -> JsonValue:
    """Return a field.

    Raises:
        UnusableItemError: It is absent.
    """
    if name not in entry:
        found = ", ".join(sorted(entry)[:12]) or "none"
        raise UnusableItemError("missing-field", f"no field {name!r}; fields found: {found}")
    return entry[name]


def text_of(entry: Mapping[str, JsonValue], name: str) -> str:
    """Return a field that holds a text, which is not empty.

    Raises:
        UnusableItemError: It is absent or something else.
    """
    value = field(entry, name)
    if not isinstance(value, str) or not value.strip():
        raise UnusableItemError("missing-field", f"{name} is {value!r}, not a text")
    return value.strip()


def list_of(value: JsonValue, what: str) -> list[JsonValue]:
    """Return a value that is a list.

    Raises:
        UnusableItemError: It is something else.
    """
    if not isinstance(value, list):
        raise UnusableItemError("unreadable", f"{what} is {_kind(value)}, not a list")
    return value


def number_of(value: JsonValue, what: str) -> float:
    """Return a finite number, from a number or a text that spells one.

    Raises:
        UnusableItemError: It is something else.
    """
    try:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError
        number = float(value)
        if not math.isfinite(number):
            raise ValueError
    except (ValueError, OverflowError) as error:
        shown = str(value)[:40]
        raise UnusableItemError("not-a-number", f"{what} is {shown!r}") from error
    return number


def whole_of(value: JsonValue, what: str) -> int:
    """Return a whole number.

    Raises:
        UnusableItemError: It is something else.
    """
    number = number_of(value, what)
    if not number.is_integer():
        raise UnusableItemError("not-a-number", f"{what} is {number:g}, not a whole number")
    return int(number)


def positive(number: float, what: str) -> float:
    """Return a number above 0.

    Raises:
        UnusableItemError: It is 0 or below.
    """
    if not number > 0:
        raise UnusableItemError("wrong-length", f"{what} is {number:g}")
    return number


def segment_of(start: float, end: float, *, within: float | None = None) -> Segment:
    """Return a span of seconds, cut at the end of its video.

    Raises:
        UnusableItemError: It is reversed, or starts outside the video.
    """
    if start < 0 or not end > start:
        raise UnusableItemError("reversed-times", f"times {start:g}..{end:g} s")
    if within is not None and start >= within:
        raise UnusableItemError(
            "wrong-length", f"an event starts at {start:g} s of a video of {within:g} s"
        )
    return Segment(start=start, end=end if within is None else min(end, within))


def frame_span_of(start: int, end: int, *, within: int | None = None) -> FrameSpan:
    """Return a half-open span of frames, cut at the end of its video.

    Raises:
        UnusableItemError: It is reversed, or starts outside the video.
    """
    if start < 0 or end <= start:
        raise UnusableItemError("reversed-times", f"frames {start}..{end}")
    if within is not None and start >= within:
        raise UnusableItemError(
            "wrong-length", f"an event starts at frame {start} of a video of {within} frames"
        )
    return FrameSpan(start=start, end=end if within is None else min(end, within))


def seconds_of(spans: Iterable[FrameSpan], fps: float) -> tuple[Segment, ...]:
    """Return the same spans in seconds."""
    return tuple(Segment(start=span.start / fps, end=span.end / fps) for span in spans)
