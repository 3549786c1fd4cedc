"""Who may write to a run: one owner at a time, named by a fencing token.

Every acquisition raises the token by one and every write states it, so an owner that lost its
lease without noticing is refused whatever the clocks say. Expiry only decides how soon somebody
else may take over.
"""

import os
import socket
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from vau_agent.errors import RunLeaseError

_PROC: Final = Path("/proc")
_UNKNOWN_START: Final = "0"
_STAT_STATE, _STAT_START = 0, 19
"""Fields of /proc/PID/stat, counted behind the command's closing bracket."""


@dataclass(frozen=True, kw_only=True)
class Lease:
    """The right to write to one run."""

    run_id: str
    owner: str
    token: int
    expires: datetime


class _Stored(NamedTuple):
    token: int
    owner: str | None
    expires: float
    seconds: float


def this_process() -> str:
    """Name this process as an owner: host, process id and start time.

    The start time tells a process from a later one that got the same id.
    """
    pid = os.getpid()
    return f"{_host()}:{pid}:{_start_of(pid) or _UNKNOWN_START}"


def is_gone(owner: str) -> bool:
    """Tell whether `owner` was a process of this host that has ended; `False` when in doubt."""
    host, *rest = owner.rsplit(":", 2)
    if host != _host() or len(rest) != 2 or not rest[0].isdecimal():
        return False
    found = _start_of(int(rest[0]))
    return found is None or (found != rest[1] and _UNKNOWN_START not in (found, rest[1]))


def take(
    connection: sqlite3.Connection, run_id: str, *, owner: str, seconds: float, now: datetime
) -> Lease:
    """Give the run to `owner`, inside the caller's transaction.

    Raises:
        RunLeaseError: Somebody else holds it.
    """
    stored = _stored(connection, run_id)
    if stored is not None and _holds(stored, now=now):
        raise RunLeaseError(
            f"run {run_id!r} is in use by {_readable(stored.owner)} until "
            f"{_moment(stored.expires).isoformat(timespec='seconds')}; wait for it to end, or run "
            "the same command after that time"
        )
    token = 1 if stored is None else stored.token + 1
    expires = now.timestamp() + seconds
    connection.execute(
        "INSERT INTO leases (run_id, token, owner, expires, seconds) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (run_id) DO UPDATE SET token = excluded.token, owner = excluded.owner,"
        " expires = excluded.expires, seconds = excluded.seconds",
        (run_id, token, owner, expires, seconds),
    )
    return Lease(run_id=run_id, owner=owner, token=token, expires=_moment(expires))


def check(connection: sqlite3.Connection, lease: Lease, *, now: datetime) -> None:
    """Refuse a lease that somebody else took over; prolong one that runs out, for free.

    Raises:
        RunLeaseError: The lease is not the run's current one.
    """
    stored = _current(connection, lease)
    if stored.expires - now.timestamp() < stored.seconds / 2:
        _prolong(connection, lease, now.timestamp() + stored.seconds)


def prolong(connection: sqlite3.Connection, lease: Lease, *, now: datetime) -> Lease:
    """Start the lease's time anew.

    Raises:
        RunLeaseError: The lease is not the run's current one.
    """
    expires = now.timestamp() + _current(connection, lease).seconds
    _prolong(connection, lease, expires)
    return Lease(
        run_id=lease.run_id, owner=lease.owner, token=lease.token, expires=_moment(expires)
    )


def give_back(connection: sqlite3.Connection, lease: Lease) -> None:
    """End the lease; nothing happens when somebody else holds the run."""
    connection.execute(
        "UPDATE leases SET owner = NULL WHERE run_id = ? AND token = ?",
        (lease.run_id, lease.token),
    )


def holder(connection: sqlite3.Connection, run_id: str, *, now: datetime) -> str | None:
    """Name who works on the run right now."""
    stored = _stored(connection, run_id)
    return stored.owner if stored is not None and _holds(stored, now=now) else None


def _stored(connection: sqlite3.Connection, run_id: str) -> _Stored | None:
    row = connection.execute(
        "SELECT CAST(token AS INTEGER), CAST(owner AS TEXT), CAST(expires AS REAL),"
        " CAST(seconds AS REAL) FROM leases WHERE run_id = ?",
        (run_id,),
    ).fetchone()
    # A damaged number reads as 0, which only lets the lease run out.
    return None if row is None else _Stored(row[0] or 0, row[1], row[2] or 0.0, row[3] or 0.0)


def _current(connection: sqlite3.Connection, lease: Lease) -> _Stored:
    stored = _stored(connection, lease.run_id)
    if stored is None or stored.owner is None or stored.token != lease.token:
        other = None if stored is None else stored.owner
        holds = f"{_readable(other)} took it over" if other else "nobody holds it"
        raise RunLeaseError(
            f"run {lease.run_id!r} is no longer owned by {_readable(lease.owner)}: {holds}; "
            "run the same command again to continue it"
        )
    return stored


def _prolong(connection: sqlite3.Connection, lease: Lease, expires: float) -> None:
    connection.execute(
        "UPDATE leases SET expires = ? WHERE run_id = ? AND token = ?",
        (expires, lease.run_id, lease.token),
    )


def _holds(stored: _Stored, *, now: datetime) -> bool:
    if stored.owner is None or is_gone(stored.owner):
        return False
    left = stored.expires - now.timestamp()
    # More time left than was ever given means that the clock was set back since.
    return 0 < left <= 2 * stored.seconds


def _host() -> str:
    """Name this host, and the space of process ids: containers may share a host's name."""
    namespace = _PROC / "self/ns/pid"
    numbered = f"/{namespace.stat().st_ino}" if namespace.exists() else ""
    return f"{socket.gethostname()}{numbered}"


def _start_of(pid: int) -> str | None:
    """Give the start time of a running process in ticks since boot; `None` once it has ended."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return _UNKNOWN_START if _answers(pid) else None
    fields = stat.rpartition(")")[2].split()
    return None if fields[_STAT_STATE] in "ZX" else fields[_STAT_START]


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _readable(owner: str | None) -> str:
    if owner is None:
        return "nobody"
    host, *rest = owner.rsplit(":", 2)
    return f"process {rest[0]} on {host.partition('/')[0]}" if len(rest) == 2 else owner


def _moment(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)
