"""`batch.csv`: one row a video and settings, so that a batch can be ended and taken up again."""

import csv
import fcntl
import hashlib
import io
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from vau_agent.settings import Settings

LEDGER_NAME: Final = "batch.csv"
DONE: Final = "done"
STOPPED: Final = "stopped"
"""At a limit: there is a partial result, and the next batch goes on with it."""
FAILED: Final = "failed"


@dataclass(frozen=True, kw_only=True)
class Row:
    """What became of one video."""

    file: str
    state: str
    label: str = ""
    category: str = ""
    confidence: str = ""
    events: str = ""
    run_id: str = ""
    folder: str = ""
    """Relative to the ledger."""
    exit_code: str = ""
    error: str = ""
    seconds: str = ""
    key: str
    """Digest of the video's content and of the settings."""


class Ledger:
    """The rows of one output folder. Several processes may write to it."""

    def __init__(self, out: Path) -> None:
        self.path = out / LEDGER_NAME

    def rows(self) -> dict[str, Row]:
        """Give all rows by key."""
        if not self.path.is_file():
            return {}
        names = [field.name for field in fields(Row)]
        with self.path.open(newline="", encoding="utf-8") as file:
            found = [
                Row(**{name: _plain(line[name]) for name in names})
                for line in csv.DictReader(file)
                if set(names) <= line.keys() and None not in line.values()
            ]
        return {row.key: row for row in found}

    def write(self, row: Row) -> None:
        """Add a row, or replace the one of the same key; all of it or nothing."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._alone():
            rows = self.rows() | {row.key: row}
            partial = self.path.with_name(f".{LEDGER_NAME}.{os.getpid()}")
            partial.write_text(_as_csv(rows), encoding="utf-8", newline="")
            partial.replace(self.path)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self.path.with_name(f".{LEDGER_NAME}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def key_of(path: Path, settings: "Settings") -> str:
    """Name a video by its content and by what changes its result; limits only end it early.

    Raises:
        VideoOpenError: The file is absent, empty, unreadable or not a regular file.
    """
    from vau_agent.settings import PRESENT
    from vau_agent.tools.video.factory import hash_file

    what = f"{hash_file(path)} {settings.model_dump_json(exclude=set(PRESENT))}"
    return hashlib.sha256(what.encode()).hexdigest()


def _as_csv(rows: Mapping[str, Row]) -> str:
    from vau_agent.reports.text import cell

    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, [field.name for field in fields(Row)])
    writer.writeheader()
    for row in rows.values():
        writer.writerow({name: cell(value) for name, value in asdict(row).items()})
    return text.getvalue()


def _plain(value: str) -> str:
    from vau_agent.reports.text import cell

    return value[1:] if value == cell(value[1:]) else value
