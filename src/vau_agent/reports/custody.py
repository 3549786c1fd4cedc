"""The chain of custody: who wrote what into an output folder, when, with which program.

`custody.jsonl` is only ever appended to. Each line carries the hash of the line before, so an
edit, a deletion or an insertion shows; the manifest holds the last hash, so a cut end shows too.
"""

import hashlib
import os
import pwd
import socket
from collections.abc import Iterable, Sequence
from datetime import datetime

from pydantic import Field, JsonValue, ValidationError

from vau_agent.errors import IntegrityError
from vau_agent.memory.chain import canonical_json, genesis
from vau_agent.schemas import Value


class CustodyRecord(Value):
    """One act on an output folder."""

    seq: int = Field(ge=1)
    at: datetime
    who: str
    """User and host, as the operating system names them."""
    action: str
    """The command, such as `analyze` or `ask`."""
    tool: str
    """Name and version of the program."""
    inputs: dict[str, str]
    """sha256 by name of what was read."""
    outputs: dict[str, str]
    """sha256 by path of what was written."""
    prev: str
    """Hash of the record before, or of the run's id for the first."""
    hash: str = ""


def sealed(record: CustodyRecord) -> CustodyRecord:
    """Give the record with its hash."""
    return record.model_copy(update={"hash": record_hash(record)})


def record_hash(record: CustodyRecord) -> str:
    """Hash what a record says, whatever hash it carries."""
    body: JsonValue = record.model_dump(mode="json", exclude={"hash"})
    return hashlib.sha256(canonical_json(body).encode()).hexdigest()


def parse_custody(lines: Iterable[str], run_id: str) -> tuple[CustodyRecord, ...]:
    """Read a chain of custody and check it from the first record to the last.

    Raises:
        IntegrityError: The first bad line, by number.
    """
    records: list[CustodyRecord] = []
    prev = genesis(run_id)
    for number, line in enumerate(lines, start=1):
        try:
            record = CustodyRecord.model_validate_json(line)
        except ValidationError as error:
            raise IntegrityError(f"custody line {number} is not a custody record") from error
        if record.seq != number:
            raise IntegrityError(f"custody line {number} carries number {record.seq}")
        if record.hash != record_hash(record):
            raise IntegrityError(f"custody line {number} does not match its hash")
        if record.prev != prev:
            raise IntegrityError(f"custody line {number} does not follow the line before")
        records.append(record)
        prev = record.hash
    return tuple(records)


def custody_lines(records: Sequence[CustodyRecord]) -> str:
    """Write a chain, one record a line."""
    return "".join(record.model_dump_json() + "\n" for record in records)


def current_user() -> str:
    """Name the operating system's user and host, as `user@host`."""
    number = os.getuid()
    try:
        user = pwd.getpwuid(number).pw_name
    except KeyError:
        user = f"uid {number}"
    return f"{user}@{socket.gethostname()}"
