"""SQLite as this program uses it: durable, guarded, and failing in plain words."""

import contextlib
import errno
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

from vau_agent.errors import IntegrityError, JournalError, NoSpaceError

PRIVATE_FILE: Final = 0o600
PRIVATE_FOLDER: Final = 0o700
_RETRY_SECONDS: Final = 0.01
_NO_SPACE: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_BUSY: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_UNREADABLE: Final = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY)


def open_database(
    path: Path, *, synchronous: Literal["FULL", "NORMAL"], busy_seconds: float
) -> sqlite3.Connection:
    """Open or create a database that only its owner can read.

    The connection is in autocommit mode and may be used from any thread, one at a time.

    Args:
        path: The database; its folder is created.
        synchronous: `FULL` syncs every commit; `NORMAL` survives a killed process, but may lose
            the last commits when the power fails.
        busy_seconds: How long to wait for another process.

    Raises:
        JournalError: The file cannot be opened, is damaged, or stays in use.
    """
    with plain_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
        is_new = not path.exists()
        connection = sqlite3.connect(
            path, timeout=busy_seconds, isolation_level=None, check_same_thread=False
        )
        try:
            if is_new:
                # By name: opening and closing a database file drops this process's locks on it.
                path.chmod(PRIVATE_FILE)
            _enter_wal(connection, busy_seconds)
            for pragma in (
                f"synchronous={synchronous}",
                "foreign_keys=ON",
                "trusted_schema=OFF",
                "secure_delete=ON",
                "recursive_triggers=ON",  # else INSERT OR REPLACE slips past a DELETE trigger
                "cell_size_check=ON",
            ):
                connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            connection.close()
            raise
    # Damaged text must reach the hash check instead of failing in the driver.
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    return connection


def _enter_wal(connection: sqlite3.Connection, busy_seconds: float) -> None:
    """Switch to WAL; two processes that do so at once get `SQLITE_BUSY` without any waiting."""
    deadline = time.monotonic() + busy_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if _primary(error) not in _BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_RETRY_SECONDS)
        else:
            return


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Hold the write lock; commit at the end, roll back on any failure."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def snapshot(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Read several times from one state, whatever others write meanwhile."""
    connection.execute("BEGIN")
    try:
        yield connection
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


@contextlib.contextmanager
def plain_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite and the file system raise into errors that a person can act on."""
    try:
        yield
    except sqlite3.Error as error:
        raise _plain(error, path) from error
    except UnicodeDecodeError as error:  # the driver's, of a message that quotes a damaged schema
        raise _damaged(path, "its schema cannot be read") from error
    except UnicodeEncodeError as error:
        raise JournalError(
            f"cannot store {error.object[:80]!r}: it is no valid Unicode; use another name"
        ) from error
    except OSError as error:
        raise no_space(path, error) or JournalError(
            f"cannot use {str(path)!r}: {error.strerror}; check the folder and its permissions"
        ) from error


def no_space(path: Path, error: OSError) -> NoSpaceError | None:
    """Tell a lack of space from other failures of the file system."""
    return _no_space(path) if error.errno in _NO_SPACE else None


def _plain(error: sqlite3.Error, path: Path) -> JournalError:
    code = _primary(error)
    if code == sqlite3.SQLITE_FULL:
        return _no_space(path)
    if code in _BUSY:
        return JournalError(
            f"{str(path)!r} is in use by another process; wait for it and run the same command "
            "again"
        )
    if code in _DAMAGED:
        return _damaged(path, str(error))
    if code in _UNREADABLE:
        return JournalError(
            f"cannot open {str(path)!r} ({error}); check the folder and its permissions"
        )
    return JournalError(
        f"cannot read or write {str(path)!r} ({error}); check the disk and its free space, then "
        "run the same command again"
    )


def _damaged(path: Path, what: str) -> IntegrityError:
    return IntegrityError(
        f"{str(path)!r} is damaged ({what}); keep it as it is, and restore it from a copy"
    )


def _no_space(path: Path) -> NoSpaceError:
    return NoSpaceError(
        f"no space left in {str(path.parent)!r}; free some and run the same command again"
    )


def _primary(error: sqlite3.Error) -> int:
    """Reduce an extended result code to its primary one; -1 when the driver itself failed."""
    return getattr(error, "sqlite_errorcode", -1) & 0xFF
