"""The journal: what every run did, append-only, durable and hash-chained.

It is the truth about runs. LangGraph's checkpoints are a cache of it, so whether a run has ended
is read here and nowhere else.
"""

import contextlib
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import JsonValue

from vau_agent.errors import IntegrityError, JournalError, RunLeaseError
from vau_agent.memory import leases
from vau_agent.memory.chain import (
    NEXT_STEP,
    Record,
    canonical_json,
    chain_hash,
    genesis,
    record_hash,
    verify_chain,
)
from vau_agent.memory.database import open_database, plain_errors, snapshot, transaction
from vau_agent.memory.leases import Lease
from vau_agent.memory.migrations import migrate
from vau_agent.schemas import Value

Clock = Callable[[], datetime]
RunState = Literal["running", "finished", "failed", "stopped", "paused", "damaged"]

RUN_CREATED: Final = "run.created"
RUN_FINISHED: Final = "run.finished"
RUN_FAILED: Final = "run.failed"
RUN_STOPPED: Final = "run.stopped"

_COLUMNS: Final = "seq, run_id, kind, key, at, body, prev, hash"
_PAGE: Final = 256
"""Records read at a time, so that a slow reader never holds the lock."""
_RENEWALS_PER_LEASE: Final = 3


def utc_now() -> datetime:
    """Tell the time."""
    return datetime.now(UTC)


class RunRow(Value):
    """A run as lists show it."""

    run_id: str
    state: RunState
    """`stopped`: at a limit, with a partial result. `paused`: not ended, and nobody works on it.
    `damaged`: only in lists; `run` says where."""
    spec: dict[str, JsonValue]
    created: str
    updated: str
    """Time of the last record."""
    records: int
    head: str
    """Hash of the last record."""
    owner: str | None = None
    """Process that works on the run."""


class Journal:
    """Runs, their records and their leases, in one SQLite file; safe to use from any thread."""

    def __init__(self, connection: sqlite3.Connection, path: Path, clock: Clock) -> None:
        self._connection = connection
        self._path = path
        self._clock = clock
        self._lock = threading.RLock()

    @classmethod
    @contextlib.contextmanager
    def open(
        cls, path: Path, *, clock: Clock = utc_now, busy_seconds: float = 30.0
    ) -> Iterator[Self]:
        """Open or create the journal at `path`.

        Raises:
            JournalError: The file is damaged, in use, or of a newer version.
        """
        connection = open_database(path, synchronous="FULL", busy_seconds=busy_seconds)
        with contextlib.closing(connection):
            with plain_errors(path):
                migrate(connection, path)
            yield cls(connection, path, clock)

    def create_run(self, run_id: str, spec: Mapping[str, JsonValue]) -> RunRow:
        """Start a run with `spec` as its first record; a known run is returned as it is."""
        with self._write() as db:
            if _head(db, run_id) is None:
                db.execute("INSERT INTO runs VALUES (?, 0, ?)", (run_id, genesis(run_id)))
                self._insert(db, run_id, RUN_CREATED, RUN_CREATED, spec)
        return self.run(run_id)

    def run(self, run_id: str) -> RunRow:
        """Give what is known of one run.

        Raises:
            JournalError: There is no such run.
        """
        with self._read() as db:
            return self._row(db, run_id)

    def runs(self) -> tuple[RunRow, ...]:
        """List all runs, the newest first."""
        with self._read() as db:
            known = db.execute("SELECT CAST(run_id AS TEXT) FROM runs").fetchall()
            rows = [self._listed(db, str(run_id)) for (run_id,) in known]
        return tuple(sorted(rows, key=lambda row: (row.created, row.run_id), reverse=True))

    def acquire(self, run_id: str, owner: str, seconds: float) -> Lease:
        """Become the run's only writer for `seconds`; appending prolongs that.

        Raises:
            RunLeaseError: Another process owns the run.
        """
        with self._write() as db:
            _known_head(db, run_id)
            return leases.take(db, run_id, owner=owner, seconds=seconds, now=self._clock())

    def renew(self, lease: Lease) -> Lease:
        """Start the lease's time anew.

        Raises:
            RunLeaseError: Another process took the run over.
        """
        with self._write() as db:
            return leases.prolong(db, lease, now=self._clock())

    def release(self, lease: Lease) -> None:
        """Let others have the run."""
        with self._write() as db:
            leases.give_back(db, lease)

    @contextlib.contextmanager
    def hold(self, run_id: str, owner: str, seconds: float) -> Iterator[Lease]:
        """Own the run inside a `with` block, renewed in the background however long it takes.

        Raises:
            RunLeaseError: Another process owns the run.
        """
        lease = self.acquire(run_id, owner, seconds)
        ended = threading.Event()
        keeper = threading.Thread(
            target=self._keep, args=(lease, seconds, ended), name=f"lease {run_id}", daemon=True
        )
        keeper.start()
        try:
            yield lease
        finally:
            ended.set()
            keeper.join()
            # A lease that cannot be given back runs out by itself.
            with contextlib.suppress(JournalError):
                self.release(lease)

    def append(self, lease: Lease, kind: str, key: str, body: Mapping[str, JsonValue]) -> Record:
        """Write a record and return once it is on disk.

        A key that the run already holds returns the stored record and writes nothing.

        Raises:
            RunLeaseError: Another process took the run over.
            NoSpaceError: The disk is full.
        """
        with self._write() as db:
            leases.check(db, lease, now=self._clock())
            stored = _by_key(db, lease.run_id, key)
            if stored is not None:
                return stored
            return self._insert(db, lease.run_id, kind, key, body)

    def find(self, run_id: str, key: str) -> Record | None:
        """Give the record of `key`, if the run holds one.

        Raises:
            IntegrityError: The record does not match its hash.
        """
        with self._read() as db:
            return _by_key(db, run_id, key)

    def records(self, run_id: str, after_seq: int = 0) -> Iterator[Record]:
        """Read the run's records in order, each checked against its own hash.

        Raises:
            IntegrityError: A record does not match its hash.
        """
        while True:
            with self._read() as db:
                rows = db.execute(
                    f"SELECT {_COLUMNS} FROM records WHERE run_id = ? AND seq > ?"
                    " ORDER BY seq LIMIT ?",
                    (run_id, after_seq, _PAGE),
                ).fetchall()
            for row in rows:
                record = _checked(_record(row, place=after_seq + 1))
                after_seq = record.seq
                yield record
            if len(rows) < _PAGE:
                return

    def head(self, run_id: str) -> str:
        """Give the hash of the run's last record, to be kept where the journal is not.

        Raises:
            JournalError: There is no such run.
        """
        with self._read() as db:
            return _known_head(db, run_id)[1]

    def verify(self, run_id: str, *, head: str | None = None) -> str:
        """Check every record of a run and return the last one's hash.

        Args:
            run_id: The run.
            head: Hash of the last record as it was exported; finds records cut off at the end.

        Raises:
            IntegrityError: The first bad record, by number.
        """
        with self._read() as db, snapshot(db):
            _, stored_head = _known_head(db, run_id)
            rows = db.execute(
                f"SELECT {_COLUMNS} FROM records WHERE run_id = ? ORDER BY seq", (run_id,)
            ).fetchall()
        records = [_record(row, place=place) for place, row in enumerate(rows, start=1)]
        last = verify_chain(records, run_id, stored_head)
        if head is not None and head not in {record.hash for record in records}:
            raise IntegrityError(
                f"run {run_id!r} holds {len(records)} records, none with the exported hash "
                f"{head[:12]}: records were cut off or replaced; {NEXT_STEP}"
            )
        return last

    def _keep(self, lease: Lease, seconds: float, ended: threading.Event) -> None:
        while not ended.wait(seconds / _RENEWALS_PER_LEASE):
            try:
                self.renew(lease)
            except RunLeaseError:
                return  # the owner learns of it from its next append
            except JournalError:
                continue  # a busy or full disk may have room before the lease runs out

    def _insert(
        self,
        db: sqlite3.Connection,
        run_id: str,
        kind: str,
        key: str,
        body: Mapping[str, JsonValue],
    ) -> Record:
        last, prev = _known_head(db, run_id)
        at = self._clock().astimezone(UTC).isoformat(timespec="microseconds")
        text = canonical_json(dict(body))
        digest = chain_hash(prev, seq=last + 1, run_id=run_id, kind=kind, key=key, at=at, body=text)
        row = (last + 1, run_id, kind, key, at, text, prev, digest)
        db.execute(f"INSERT INTO records ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        db.execute("UPDATE runs SET seq = ?, head = ? WHERE run_id = ?", (last + 1, digest, run_id))
        return _record(row)

    def _listed(self, db: sqlite3.Connection, run_id: str) -> RunRow:
        """Give a run's row; one damaged run must not hide the others."""
        try:
            return self._row(db, run_id)
        except JournalError:
            return RunRow(
                run_id=run_id, state="damaged", spec={}, created="", updated="", records=0, head=""
            )

    def _row(self, db: sqlite3.Connection, run_id: str) -> RunRow:
        seq, head = _known_head(db, run_id)
        first, last = _at(db, run_id, 1), _at(db, run_id, seq)
        owner = leases.holder(db, run_id, now=self._clock())
        return RunRow(
            run_id=run_id,
            state=_state(db, run_id, owner),
            spec=first.body,
            created=first.at,
            updated=last.at,
            records=seq,
            head=head,
            owner=owner,
        )

    @contextlib.contextmanager
    def _read(self) -> Iterator[sqlite3.Connection]:
        with self._lock, plain_errors(self._path):
            yield self._connection

    @contextlib.contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._read() as connection, transaction(connection):
            yield connection


def _head(db: sqlite3.Connection, run_id: str) -> tuple[int, str] | None:
    row = db.execute("SELECT seq, head FROM runs WHERE run_id = ?", (run_id,)).fetchone()
    if row is None:
        return None
    seq, head = row
    if not (isinstance(seq, int) and isinstance(head, str)):
        raise IntegrityError(f"run {run_id!r}: its entry cannot be read; {NEXT_STEP}")
    return seq, head


def _known_head(db: sqlite3.Connection, run_id: str) -> tuple[int, str]:
    head = _head(db, run_id)
    if head is None:
        raise JournalError(f"there is no run {run_id!r}; list them with 'vau-agent runs list'")
    return head


def _state(db: sqlite3.Connection, run_id: str, owner: str | None) -> RunState:
    ends = db.execute(
        "SELECT kind FROM records WHERE run_id = ?"
        " AND kind IN ('run.finished', 'run.failed', 'run.stopped') ORDER BY seq",
        (run_id,),
    ).fetchall()
    kinds = [kind for (kind,) in ends]
    if RUN_FINISHED in kinds:
        return "finished"
    if owner is not None:
        return "running"
    if not kinds:
        return "paused"
    return "stopped" if kinds[-1] == RUN_STOPPED else "failed"


def _by_key(db: sqlite3.Connection, run_id: str, key: str) -> Record | None:
    row = db.execute(
        f"SELECT {_COLUMNS} FROM records WHERE run_id = ? AND key = ?", (run_id, key)
    ).fetchone()
    return None if row is None else _checked(_record(row))


def _at(db: sqlite3.Connection, run_id: str, seq: int) -> Record:
    row = db.execute(
        f"SELECT {_COLUMNS} FROM records WHERE run_id = ? AND seq = ?", (run_id, seq)
    ).fetchone()
    if row is None:
        raise IntegrityError(f"run {run_id!r}: record {seq} is missing; {NEXT_STEP}")
    return _checked(_record(row))


def _record(row: tuple[object, ...], *, place: int | None = None) -> Record:
    names = ("seq", "run_id", "kind", "key", "at", "body", "prev", "hash")
    fields = dict(zip(names, row, strict=True))
    try:
        body = json.loads(str(fields["body"]))
        if canonical_json(body) != fields["body"]:
            raise ValueError("the body is not in canonical form")
        return Record.model_validate({**fields, "body": body}, strict=True)
    except (ValueError, JournalError, RecursionError) as error:
        raise IntegrityError(
            f"run {fields['run_id']!r}, record {place or fields['seq']}: it cannot be read; "
            f"{NEXT_STEP}"
        ) from error


def _checked(record: Record) -> Record:
    if record.hash != record_hash(record):
        raise IntegrityError(
            f"run {record.run_id!r}, record {record.seq}: its content ({record.kind}, "
            f"{record.key}) does not match its hash; {NEXT_STEP}"
        )
    return record
