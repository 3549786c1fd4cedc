"""The journal's schema, as numbered steps that are never edited once released."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from vau_agent.errors import JournalError
from vau_agent.memory.database import transaction

_V1: Final = (
    """
    CREATE TABLE runs (
        run_id TEXT PRIMARY KEY,
        seq INTEGER NOT NULL,
        head TEXT NOT NULL
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE records (
        run_id TEXT NOT NULL REFERENCES runs (run_id),
        seq INTEGER NOT NULL,
        kind TEXT NOT NULL,
        key TEXT NOT NULL,
        at TEXT NOT NULL,
        body TEXT NOT NULL,
        prev TEXT NOT NULL,
        hash TEXT NOT NULL,
        PRIMARY KEY (run_id, seq)
    )
    """,
    "CREATE UNIQUE INDEX records_by_key ON records (run_id, key)",
    """
    CREATE INDEX records_by_end ON records (run_id, seq)
    WHERE kind IN ('run.finished', 'run.failed')
    """,
    """
    CREATE TABLE leases (
        run_id TEXT PRIMARY KEY REFERENCES runs (run_id),
        token INTEGER NOT NULL,
        owner TEXT,
        expires REAL NOT NULL,
        seconds REAL NOT NULL
    ) WITHOUT ROWID
    """,
    """
    CREATE TRIGGER records_are_not_updated BEFORE UPDATE ON records
    BEGIN SELECT RAISE(ABORT, 'records are never changed'); END
    """,
    """
    CREATE TRIGGER records_are_not_deleted BEFORE DELETE ON records
    BEGIN SELECT RAISE(ABORT, 'records are never deleted'); END
    """,
    """
    CREATE TRIGGER records_continue_their_chain BEFORE INSERT ON records
    WHEN NOT EXISTS (
        SELECT 1 FROM runs
        WHERE run_id = NEW.run_id AND seq + 1 = NEW.seq AND head = NEW.prev
    )
    BEGIN SELECT RAISE(ABORT, 'a record continues the chain of its run'); END
    """,
)

_V2: Final = (
    "DROP INDEX records_by_end",
    """
    CREATE INDEX records_by_end ON records (run_id, seq)
    WHERE kind IN ('run.finished', 'run.failed', 'run.stopped')
    """,
)

MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (_V1, _V2)
"""Statements that lead from version n to n + 1; the schema's version is their number."""


def migrate(
    connection: sqlite3.Connection,
    path: Path,
    migrations: Sequence[Sequence[str]] = MIGRATIONS,
) -> None:
    """Bring the journal at `path` to the newest schema, all steps or none.

    Raises:
        JournalError: The journal was written by a newer version of this program.
    """
    newest = len(migrations)
    if _version(connection) == newest:
        return
    with transaction(connection):
        # Read again under the write lock: another process may have been first.
        version = _version(connection)
        if version > newest:
            raise JournalError(
                f"journal {str(path)!r} has schema {version}, this version of vau-agent knows "
                f"{newest}; use the newer version that wrote it, or another --home"
            )
        for statements in migrations[version:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version={newest}")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
