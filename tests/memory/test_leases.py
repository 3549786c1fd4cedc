import contextlib
import functools
import os
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from vau_agent.errors import JournalError, RunLeaseError
from vau_agent.memory.journal import Journal, utc_now
from vau_agent.memory.leases import Lease, is_gone, this_process

RUN = "run-1"
ELSEWHERE = "other-host:77:1234"


def test_a_second_owner_is_told_who_works_until_when(
    journal: Journal, move_clock: Callable[..., None]
) -> None:
    journal.create_run(RUN, {})
    journal.acquire(RUN, ELSEWHERE, 30)
    move_clock(seconds=29)

    with pytest.raises(RunLeaseError) as refused:
        journal.acquire(RUN, this_process(), 30)

    assert str(refused.value) == (
        "run 'run-1' is in use by process 77 on other-host until 2026-03-29T01:30:30+00:00; "
        "wait for it to end, or run the same command after that time"
    )


def test_two_callers_in_one_process_are_two_callers(journal: Journal, lease: Lease) -> None:
    with pytest.raises(RunLeaseError, match=f"in use by process {os.getpid()}"):
        journal.acquire(RUN, lease.owner, 30)


def test_an_expired_lease_is_taken_over_and_its_owner_refused(
    journal: Journal, move_clock: Callable[..., None]
) -> None:
    journal.create_run(RUN, {})
    old = journal.acquire(RUN, ELSEWHERE, 30)
    journal.append(old, "k", "before", {})
    move_clock(seconds=30)

    new = journal.acquire(RUN, this_process(), 30)

    assert new.token == old.token + 1
    for key in ("after", "before"):
        with pytest.raises(RunLeaseError, match="took it over; run the same command again"):
            journal.append(old, "k", key, {})
    with pytest.raises(RunLeaseError, match="no longer owned by process 77 on other-host"):
        journal.renew(old)
    journal.release(old)
    journal.append(new, "k", "after", {})
    assert journal.run(RUN).records == 3


def test_an_expired_lease_that_nobody_took_still_writes(
    journal: Journal, lease: Lease, move_clock: Callable[..., None]
) -> None:
    move_clock(days=1)

    assert journal.append(lease, "k", "late", {}).seq == 2


def test_a_released_lease_writes_no_more_and_the_next_token_is_higher(
    journal: Journal, lease: Lease
) -> None:
    journal.release(lease)

    with pytest.raises(RunLeaseError, match="nobody holds it"):
        journal.append(lease, "k", "late", {})
    assert journal.acquire(RUN, this_process(), 30).token == lease.token + 1


def test_appending_and_renewing_prolong_a_lease(
    journal: Journal, move_clock: Callable[..., None]
) -> None:
    journal.create_run(RUN, {})
    lease = journal.acquire(RUN, ELSEWHERE, 30)
    move_clock(seconds=20)
    journal.append(lease, "k", "a", {})
    move_clock(seconds=20)
    renewed = journal.renew(lease)
    move_clock(seconds=20)

    assert (renewed.expires - lease.expires).total_seconds() == 40
    with pytest.raises(RunLeaseError):
        journal.acquire(RUN, this_process(), 30)


def test_a_clock_that_was_set_back_does_not_lock_a_run_for_a_day(
    journal: Journal, move_clock: Callable[..., None]
) -> None:
    journal.create_run(RUN, {})
    old = journal.acquire(RUN, ELSEWHERE, 30)
    move_clock(days=-1)

    new = journal.acquire(RUN, this_process(), 30)

    with pytest.raises(RunLeaseError):
        journal.append(old, "k", "a", {})
    journal.append(new, "k", "a", {})


def test_a_crashed_owner_is_replaced_at_once(
    path: Path, in_child: Callable[[Callable[[], None]], int]
) -> None:
    def crash() -> None:
        with Journal.open(path) as journal:
            journal.create_run(RUN, {})
            journal.acquire(RUN, this_process(), 3600)
            os._exit(0)

    assert in_child(crash) == 0
    with Journal.open(path) as journal:
        assert journal.run(RUN).state == "paused"
        assert journal.acquire(RUN, this_process(), 30).token == 2


def test_a_process_that_got_the_id_of_a_dead_one_is_not_it() -> None:
    host, pid, start = this_process().rsplit(":", 2)

    assert not is_gone(this_process())
    assert is_gone(f"{host}:{pid}:{int(start) + 1}")


@pytest.mark.parametrize("owner", ["somebody", "other-host:1:2", "", "::", "a:b:c", "host:12"])
def test_owners_that_say_nothing_about_a_local_process_are_not_gone(owner: str) -> None:
    assert not is_gone(owner)


def test_a_process_that_ended_and_was_not_collected_is_gone() -> None:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writer, this_process().encode())
        os._exit(0)
    owner = os.read(reader, 200).decode()
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)

    assert is_gone(owner)

    os.waitpid(pid, 0)
    assert is_gone(owner)
    os.close(reader)
    os.close(writer)


def test_a_held_run_is_renewed_while_nothing_is_written(path: Path) -> None:
    renewals = threading.Semaphore(0)

    def clock() -> datetime:
        if threading.current_thread() is not threading.main_thread():
            renewals.release()
        return utc_now()

    with Journal.open(path, clock=clock) as journal, Journal.open(path) as other:
        journal.create_run(RUN, {})
        with journal.hold(RUN, ELSEWHERE, 0.6) as lease:
            for _ in range(4):  # a third of the lease each: longer than the lease lasts
                assert renewals.acquire(timeout=20)
            with pytest.raises(RunLeaseError):
                other.acquire(RUN, this_process(), 30)
            journal.append(lease, "k", "a", {})
        assert other.acquire(RUN, this_process(), 30).token == 2


def test_a_run_that_was_taken_over_ends_its_renewals(path: Path) -> None:
    with Journal.open(path) as journal, Journal.open(path) as other:
        journal.create_run(RUN, {})
        with pytest.raises(RunLeaseError), journal.hold(RUN, ELSEWHERE, 0.3) as lease:
            journal.release(lease)
            taken = other.acquire(RUN, this_process(), 30)
            for thread in threading.enumerate():
                if thread.name == f"lease {RUN}":
                    thread.join(timeout=60)
                    assert not thread.is_alive()
            journal.append(lease, "k", "a", {})
        other.append(taken, "k", "a", {})


def test_a_renewal_that_fails_once_is_tried_again(path: Path) -> None:
    tries = threading.Semaphore(0)
    failures = [JournalError("the disk is full for a moment")]

    def clock() -> datetime:
        if threading.current_thread() is not threading.main_thread():
            tries.release()
            if failures:
                raise failures.pop()
        return utc_now()

    with Journal.open(path, clock=clock) as journal:
        journal.create_run(RUN, {})
        with journal.hold(RUN, ELSEWHERE, 0.3) as lease:
            for _ in range(3):
                assert tries.acquire(timeout=60)
            journal.append(lease, "k", "a", {})


OWNER, REFUSED = 10, 20


def _compete(path: Path, go: int, end: int) -> int:
    """Try to own the run; an owner writes six records and holds on until `end` is closed."""
    with Journal.open(path) as journal:
        journal.create_run(RUN, {"video": "a"})
        os.read(go, 1)
        try:
            with journal.hold(RUN, this_process(), 60) as lease:
                for number in range(6):
                    journal.append(lease, "k", f"{os.getpid()}-{number}", {"number": number})
                os.read(end, 1)
        except RunLeaseError:
            return REFUSED
    return OWNER


def _fork(work: Callable[[], int], *, close: Sequence[int] = ()) -> int:
    pid = os.fork()
    if pid == 0:
        status = 1
        with contextlib.suppress(BaseException):
            for handle in close:
                os.close(handle)
            status = work()
        os._exit(status)
    return pid


def _status(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_of_eight_processes_on_one_run_exactly_one_writes(path: Path) -> None:
    for _ in range(3):
        go, open_gate = os.pipe()
        end, let_go = os.pipe()
        pids = {
            _fork(functools.partial(_compete, path, go, end), close=(open_gate, let_go))
            for _ in range(8)
        }
        os.close(open_gate)
        statuses = []
        for _ in range(7):  # the owner is the one that is still there after seven have ended
            pid, status = os.wait()
            pids.remove(pid)
            statuses.append(os.waitstatus_to_exitcode(status))
        os.close(let_go)
        statuses.append(_status(pids.pop()))
        os.close(go)
        os.close(end)
        assert sorted(statuses) == [OWNER] + [REFUSED] * 7
    with Journal.open(path) as journal:
        assert journal.run(RUN).records == 1 + 3 * 6
        assert journal.verify(RUN) == journal.head(RUN)


def test_runs_of_their_own_do_not_disturb_one_another(path: Path) -> None:
    def work(run_id: str) -> int:
        with Journal.open(path) as journal:
            journal.create_run(run_id, {})
            with journal.hold(run_id, this_process(), 60) as lease:
                for number in range(6):
                    journal.append(lease, "k", str(number), {"number": number})
        return 0

    pids = [_fork(functools.partial(work, f"run-{number}")) for number in range(8)]

    assert [_status(pid) for pid in pids] == [0] * 8
    with Journal.open(path) as journal:
        assert [row.records for row in journal.runs()] == [7] * 8
        for row in journal.runs():
            assert journal.verify(row.run_id) == row.head
