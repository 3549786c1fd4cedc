import contextlib
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import JsonValue

from vau_agent.memory.journal import Journal, utc_now
from vau_agent.memory.leases import Lease, this_process

RUN = "run-1"


class HandClock:
    """A clock that shows what it is told."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def move_clock(clock: HandClock) -> Callable[..., None]:
    return clock.move


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "journal.sqlite3"


@pytest.fixture
def journal(path: Path, clock: HandClock) -> Iterator[Journal]:
    with Journal.open(path, clock=clock) as journal:
        yield journal


@pytest.fixture
def lease(journal: Journal) -> Lease:
    journal.create_run(RUN, {"video": "a"})
    return journal.acquire(RUN, this_process(), 30)


@pytest.fixture
def filled(path: Path) -> Path:
    """A closed journal whose run holds 40 records of different sizes."""
    with Journal.open(path, clock=utc_now) as journal:
        journal.create_run(RUN, {"video": "a"})
        with journal.hold(RUN, this_process(), 30) as lease:
            for number in range(2, 41):
                body: dict[str, JsonValue] = {"number": number, "text": "é" * (number**2 % 97)}
                journal.append(lease, "node.finished", f"node-{number}", body)
    return path


@pytest.fixture
def in_child() -> Callable[[Callable[[], None]], int]:
    """Run a function in a forked process and return its exit status."""

    def run(function: Callable[[], None]) -> int:
        pid = os.fork()
        if pid == 0:
            status = 1
            with contextlib.suppress(BaseException):
                function()
                status = 0
            os._exit(status)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    return run
