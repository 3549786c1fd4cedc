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
from typing import Final

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
    row = connection.execute(
        "SELECT token, owner, expires, seconds FROM leases WHERE run_id = ?", (run_id,)
    ).fetchone()
    if row is not None and _holds(*row[1:], now=now):
        raise RunLeaseError(
            f"run {run_id!r} is in use by {_readable(row[1])} until {_clock_time(row[2])}; wait "
            "for it to end, or run the same command after that time"
        )
    token = 1 if row is None else int(row[0]) + 1
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
    expires, seconds = _current(connection, lease)
    if expires - now.timestamp() < seconds / 2:
        _prolong(connection, lease, now.timestamp() + seconds)


def prolong(connection: sqlite3.Connection, lease: Lease, *, now: datetime) -> Lease:
    """Start the lease's time anew.

    Raises:
        RunLeaseError: The lease is not the run's current one.
    """
    _, seconds = _current(connection, lease)
    expires = now.timestamp() + seconds
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
    row = connection.execute(
        "SELECT owner, expires, seconds FROM leases WHERE run_id = ?", (run_id,)
    ).fetchone()
    return str(row[0]) if row is not None and _holds(*row, now=now) else None


def _current(connection: sqlite3.Connection, lease: Lease) -> tuple[float, float]:
    row = connection.execute(
        "SELECT token, owner, expires, seconds FROM leases WHERE run_id = ?", (lease.run_id,)
    ).fetchone()
    if row is None or row[0] != lease.token or row[1] is None:
        holds = (
            "nobody holds it"
            if row is None or row[1] is None
            else f"{_readable(row[1])} took it over"
        )
        raise RunLeaseError(
            f"run {lease.run_id!r} is no longer owned by {_readable(lease.owner)}: {holds}; "
            "run the same command again to continue it"
        )
    return float(row[2]), float(row[3])


def _prolong(connection: sqlite3.Connection, lease: Lease, expires: float) -> None:
    connection.execute(
        "UPDATE leases SET expires = ? WHERE run_id = ? AND token = ?",
        (expires, lease.run_id, lease.token),
    )


def _holds(owner: str | None, expires: float, seconds: float, *, now: datetime) -> bool:
    if owner is None or is_gone(owner):
        return False
    left = expires - now.timestamp()
    # More time left than was ever given means that the clock was set back since.
    return 0 < left <= 2 * seconds


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


def _readable(owner: str) -> str:
    host, *rest = owner.rsplit(":", 2)
    return f"process {rest[0]} on {host.partition('/')[0]}" if len(rest) == 2 else owner


def _moment(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)


def _clock_time(timestamp: float) -> str:
    return _moment(timestamp).isoformat(timespec="seconds")
