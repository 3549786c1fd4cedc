"""Reading files of predictions: the readers of `benchmarks.files`, with the error of this side."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import JsonValue

from vau_agent.errors import BenchmarkError, PredictionError
from vau_agent.evals.benchmarks import files
from vau_agent.evals.samples import Gap


@contextmanager
def predictions() -> Iterator[None]:
    """Turn what a reader says of a bad file into a `PredictionError`."""
    try:
        yield
    except BenchmarkError as error:
        raise PredictionError(str(error)) from error


def read_rows(path: Path, columns: Sequence[str]) -> list[tuple[str, dict[str, str]]]:
    """Return the rows of a CSV file, each with its place; column names come in lower case.

    Raises:
        PredictionError: It is not a table, or a column is missing.
    """
    with predictions():
        return files.read_rows(path, columns)


def read_json(path: Path) -> JsonValue:
    """Return what a JSON file holds.

    Raises:
        PredictionError: It cannot be read as JSON.
    """
    with predictions():
        return files.read_json(path)


def read_pairs(path: Path) -> list[tuple[str, JsonValue]]:
    """Return the entries of a JSON object in order, repeated keys included.

    Raises:
        PredictionError: The file does not hold an object.
    """
    pairs: list[tuple[str, JsonValue]] = []

    def keep(found: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
        nonlocal pairs
        pairs = found  # the outermost object is closed last
        return dict(found)

    with predictions():
        value = files.parse_json(files.read_text(path), path, keep)
    if not isinstance(value, dict):
        raise PredictionError(f"{path} holds no JSON object by video; is it another format?")
    return pairs


def read_lines(
    path: Path,
) -> tuple[list[tuple[str, Mapping[str, JsonValue]]], tuple[Gap, ...]]:
    """Return the objects of a JSON-lines file, each with its place, and the lines that are none.

    Raises:
        PredictionError: No line holds an object.
    """
    with predictions():
        text = files.read_text(path)
    entries: list[tuple[str, Mapping[str, JsonValue]]] = []
    gaps: list[Gap] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            value: JsonValue = json.loads(line)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            entries.append((f"line {number}", value))
        else:
            gaps.append(Gap(id=f"line {number}", kind="unreadable", detail="no JSON object"))
    if not entries:
        raise PredictionError(f"{path} holds no line with a JSON object; is it another format?")
    return entries, tuple(gaps)
