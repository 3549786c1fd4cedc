"""What an evaluation leaves in its folder, and how it is taken up again.

- `run.json`: what the records were made from (`RunHeader`)
- `samples.json`: the samples with their truth, so that the folder can be scored by itself
- `records.jsonl`: one record a line, on the disk as soon as its sample is finished
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from vau_agent.errors import EvaluationError, SettingsError
from vau_agent.evals.records import Record, RunHeader
from vau_agent.evals.samples import Dataset

HEADER_NAME: Final = "run.json"
SAMPLES_NAME: Final = "samples.json"
RECORDS_NAME: Final = "records.jsonl"
_LOCK_NAME: Final = ".lock"
_MAX_NAMED: Final = 5

Saved = TypeVar("Saved", bound=BaseModel)


class Store:
    """The open folder of an evaluation; `open_store` gives one."""

    def __init__(self, folder: Path, records: dict[str, Record], warning: str | None) -> None:
        self.folder = folder
        self.records = records
        """By sample; the last of each."""
        self.warning = warning
        """What was lost when the former process was killed; `None` when nothing was."""

    def append(self, record: Record) -> None:
        """Add a record; it is on the disk when this returns."""
        with (self.folder / RECORDS_NAME).open("ab") as file:
            file.write(record.model_dump_json(by_alias=True).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self.records[record.sample_id] = record


@contextmanager
def open_store(
    folder: Path, header: RunHeader, dataset: Dataset, *, fresh: bool = False
) -> Iterator[Store]:
    """Open the folder of an evaluation, to go on with it where there is one.

    Args:
        folder: Made if it is not there.
        header: What the records are made from.
        dataset: The samples that take part, kept beside the records.
        fresh: Drop the records that are there.

    Raises:
        SettingsError: The records that are there were made from something else, or another
            process is writing to the folder.
        EvaluationError: The records that are there are damaged.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK_NAME).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SettingsError(
                f"another process is writing to {str(folder)!r}; wait for it, or give another --out"
            ) from error
        records = folder / RECORDS_NAME
        if fresh:
            records.unlink(missing_ok=True)
        if records.is_file():
            _refuse_other(read_header(folder), header, folder)
        warning = _mend(records)
        _write(folder / SAMPLES_NAME, dataset)
        _write(folder / HEADER_NAME, header)
        yield Store(folder, _by_sample(records), warning)


def read_header(folder: Path) -> RunHeader:
    """Read what the records of a folder were made from.

    Raises:
        EvaluationError: There is none, or it cannot be read.
    """
    return _read(folder / HEADER_NAME, RunHeader)


def read_samples(folder: Path) -> Dataset:
    """Read the samples, with their truth, that the records of a folder are of.

    Raises:
        EvaluationError: There are none, or they cannot be read.
    """
    return _read(folder / SAMPLES_NAME, Dataset)


def read_records(folder: Path) -> tuple[RunHeader, tuple[Record, ...]]:
    """Read the records of a folder, the last of each sample.

    A last line that was cut off, by a process that was killed or is still writing, is left out.

    Raises:
        EvaluationError: The folder holds no evaluation, or a line cannot be read.
    """
    header = read_header(folder)
    return header, tuple(_by_sample(folder / RECORDS_NAME).values())


def _read(path: Path, kind: type[Saved]) -> Saved:
    try:
        return kind.model_validate_json(path.read_bytes())
    except OSError as error:
        raise EvaluationError(
            f"{str(path.parent)!r} holds no evaluation: {path.name} cannot be read "
            f"({error.strerror}); give a folder that 'vau-agent eval run' wrote"
        ) from error
    except ValidationError as error:
        raise EvaluationError(f"{path} is damaged: {_first(error)}") from error


def _write(path: Path, value: BaseModel) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(value.model_dump_json(indent=1) + "\n", encoding="utf-8")
    partial.replace(path)


def _by_sample(path: Path) -> dict[str, Record]:
    if not path.is_file():
        return {}
    lines = path.read_bytes().split(b"\n")[:-1]  # what follows the last line end was cut off
    found = {}
    for number, line in enumerate(lines, start=1):
        try:
            record = Record.model_validate_json(line)
        except ValidationError as error:
            raise EvaluationError(
                f"{path} is damaged in line {number}: {_first(error)}; --fresh starts anew"
            ) from error
        found[record.sample_id] = record
    return found


def _mend(path: Path) -> str | None:
    """Cut off a last line that was never finished, and say so."""
    if not path.is_file():
        return None
    whole = path.read_bytes()
    kept = whole.rfind(b"\n") + 1
    if kept == len(whole):
        return None
    os.truncate(path, kept)
    return f"the last record in {path} was cut off and is dropped; its sample is run again"


def _refuse_other(found: RunHeader, wanted: RunHeader, folder: Path) -> None:
    former, present = _leaves(found), _leaves(wanted)
    names = [name for name in present | former if former.get(name) != present.get(name)]
    if not names:
        return
    told = "; ".join(
        f"{name} was {former.get(name)!r}, is {present.get(name)!r}" for name in names[:_MAX_NAMED]
    )
    more = f"; and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
    raise SettingsError(
        f"the records in {str(folder)!r} were made from something else: {told}{more}; "
        "give another --out, or --fresh to start anew"
    )


def _leaves(header: RunHeader) -> dict[str, str]:
    single = header.model_dump(exclude={"settings"})
    return {name: str(value) for name, value in single.items()} | header.settings


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg'].lower()}" if place else str(first["msg"]).lower()
