"""The records of a run and the hash chain that holds them together.

Pure: it reads no file, so an exported `trace.jsonl` (one record a line) is checked by the same
rules as the journal itself. The chain finds edits, deletions, insertions and changes of order.
Records cut off at the end leave a shorter chain that is whole in itself; only a head that was
exported before can tell.
"""

import hashlib
import json
from collections.abc import Iterable

from pydantic import Field, JsonValue

from vau_agent.errors import IntegrityError, JournalError
from vau_agent.schemas import Value

NEXT_STEP = "keep the file as it is, and restore the run from a copy or its exported trace"


class Record(Value):
    """One entry of a run's trace."""

    seq: int = Field(ge=1)
    """Place in the run, from 1; the only thing that orders records."""
    run_id: str
    kind: str
    key: str
    """Idempotency key: a run holds at most one record of each key."""
    at: str
    """UTC time of writing, ISO 8601; told, never relied on."""
    body: dict[str, JsonValue]
    prev: str
    """Hash of the record before, or of the run's id for the first."""
    hash: str


def canonical_json(value: JsonValue) -> str:
    """Write `value` in the one form that is hashed: sorted keys, no spaces, valid Unicode.

    Raises:
        JournalError: The value is not JSON, such as NaN or an object.
    """
    try:
        text = _dump(value)
        # A policy may answer with half a surrogate pair, which no UTF-8 file can hold.
        # Read back, because numbers and half pairs sort in another place once they are text.
        valid = text.encode("utf-8", "replace").decode("utf-8")
        return _dump(json.loads(valid))
    except (TypeError, ValueError, RecursionError) as error:
        raise JournalError(f"cannot record a value that is not JSON: {error}") from error


def genesis(run_id: str) -> str:
    """Give what the first record of a run follows."""
    return hashlib.sha256(run_id.encode("utf-8", "replace")).hexdigest()


def chain_hash(prev: str, *, seq: int, run_id: str, kind: str, key: str, at: str, body: str) -> str:
    """Hash a record onto `prev`; `body` is in canonical form."""
    fields = canonical_json([seq, run_id, kind, key, at])
    return hashlib.sha256(f"{prev}{fields[:-1]},{body}]".encode()).hexdigest()


def record_hash(record: Record) -> str:
    """Hash what `record` says, whatever hash it carries."""
    return chain_hash(
        record.prev,
        seq=record.seq,
        run_id=record.run_id,
        kind=record.kind,
        key=record.key,
        at=record.at,
        body=canonical_json(record.body),
    )


def verify_chain(records: Iterable[Record], run_id: str, head: str | None = None) -> str:
    """Check the records of one run from the first to the last, and return the last one's hash.

    Args:
        records: All records of the run, in order.
        run_id: The run they belong to.
        head: Hash of the last record as it was exported; finds records cut off at the end.

    Raises:
        IntegrityError: The first bad record, by number.
    """
    prev = genesis(run_id)
    keys: set[str] = set()
    seq = 0
    for seq, record in enumerate(records, start=1):
        fault = _fault(record, seq=seq, run_id=run_id, prev=prev, keys=keys)
        if fault:
            raise IntegrityError(f"run {run_id!r}, record {seq}: {fault}; {NEXT_STEP}")
        keys.add(record.key)
        prev = record.hash
    if head is not None and prev != head:
        raise IntegrityError(
            f"run {run_id!r} ends at record {seq} with hash {prev[:12]}, expected {head[:12]}: "
            f"records were cut off or replaced; {NEXT_STEP}"
        )
    return prev


def _fault(record: Record, *, seq: int, run_id: str, prev: str, keys: set[str]) -> str | None:
    if record.run_id != run_id:
        return f"it belongs to run {record.run_id!r}"
    if record.seq != seq:
        return f"number {record.seq} stands in its place"
    if record.hash != record_hash(record):
        return f"its content ({record.kind}, {record.key}) does not match its hash"
    if record.prev != prev:
        return f"it ({record.kind}, {record.key}) does not follow the record before"
    if record.key in keys:
        return f"key {record.key!r} was already recorded"
    return None


def _dump(value: JsonValue) -> str:
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
