"""A damaged file may lose records; it never gives out an altered one."""

import contextlib
import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from vau_agent.errors import IntegrityError, JournalError
from vau_agent.memory.chain import Record
from vau_agent.memory.journal import Journal
from vau_agent.memory.leases import this_process

RUN = "run-1"


def read_all(path: Path) -> tuple[dict[int, Record], bool]:
    """Give every record that the journal hands out, and whether anything was refused."""
    records: dict[int, Record] = {}
    refused = False
    try:
        with Journal.open(path) as journal:
            try:
                for record in journal.records(RUN):
                    records[record.seq] = record
                for number in range(2, 41):
                    found = journal.find(RUN, f"node-{number}")
                    if found is not None:
                        records.setdefault(-number, found)
            except JournalError:
                refused = True
            journal.runs()
            journal.release(journal.acquire(RUN, this_process(), 30))
            journal.verify(RUN)
            journal.run(RUN)
    except JournalError:
        refused = True
    return records, refused


def assert_nothing_altered(found: dict[int, Record], truth: dict[int, Record]) -> None:
    for seq, record in found.items():
        assert record == truth[abs(seq)]


@pytest.fixture
def truth(filled: Path) -> dict[int, Record]:
    with Journal.open(filled) as journal:
        return {record.seq: record for record in journal.records(RUN)}


@pytest.mark.slow
def test_flipped_bytes_never_pass_for_a_record(
    filled: Path, truth: dict[int, Record], tmp_path: Path
) -> None:
    whole = filled.read_bytes()
    chance = random.Random(14)
    copy = tmp_path / "copy.sqlite3"
    noticed = 0
    for _ in range(200):
        damaged = bytearray(whole)
        at = chance.randrange(len(whole) - 4)
        damaged[at : at + 4] = chance.randbytes(4)
        copy.write_bytes(damaged)
        found, refused = read_all(copy)
        assert_nothing_altered(found, truth)
        # Whoever believes the run to be whole has all of it.
        assert refused or set(range(1, 41)) <= set(found)
        noticed += refused
        remove(copy)
    assert noticed > 30


def test_truncated_files_never_pass_for_a_whole_run(
    filled: Path, truth: dict[int, Record], tmp_path: Path
) -> None:
    whole = filled.read_bytes()
    copy = tmp_path / "copy.sqlite3"
    for step in range(60):
        copy.write_bytes(whole[: len(whole) * step // 60])
        found, refused = read_all(copy)
        assert refused
        assert_nothing_altered(found, truth)
        remove(copy)


def remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


@pytest.fixture
def crashed(tmp_path: Path, in_child: Callable[[Callable[[], None]], int]) -> Path:
    """A journal whose writer died, so that all its records still stand in the WAL."""
    path = tmp_path / "crashed" / "journal.sqlite3"

    def write() -> None:
        with Journal.open(path) as journal:
            journal.create_run(RUN, {"video": "a"})
            lease = journal.acquire(RUN, this_process(), 30)
            for number in range(2, 41):
                journal.append(lease, "k", f"node-{number}", {"number": number})
            os._exit(0)

    assert in_child(write) == 0
    assert path.with_name("journal.sqlite3-wal").stat().st_size > 0
    return path.parent


def test_a_crash_that_left_everything_in_the_wal_loses_nothing(crashed: Path) -> None:
    with Journal.open(crashed / "journal.sqlite3") as journal:
        assert journal.run(RUN).records == 40
        assert journal.verify(RUN)


def test_a_deleted_shm_loses_nothing(crashed: Path) -> None:
    (crashed / "journal.sqlite3-shm").unlink()

    with Journal.open(crashed / "journal.sqlite3") as journal:
        assert journal.run(RUN).records == 40
        assert journal.verify(RUN)


def test_a_stale_wal_changes_no_record_and_hides_none_from_the_head(tmp_path: Path) -> None:
    path = tmp_path / "home" / "journal.sqlite3"
    wal = tmp_path / "old-wal"
    with Journal.open(path) as journal:
        journal.create_run(RUN, {"video": "a"})
        lease = journal.acquire(RUN, this_process(), 30)
        for number in range(2, 41):
            journal.append(lease, "k", f"node-{number}", {"number": number})
            if number == 20:
                shutil.copy(f"{path}-wal", wal)
        truth = {record.seq: record for record in journal.records(RUN)}
        head = journal.head(RUN)
    shutil.copy(wal, f"{path}-wal")

    found, refused = read_all(path)

    assert_nothing_altered(found, truth)
    if not refused:
        with Journal.open(path) as journal, pytest.raises(IntegrityError, match="cut off"):
            journal.verify(RUN, head=head)


@pytest.mark.slow
def test_a_damaged_wal_gives_a_shorter_run_or_none(crashed: Path, tmp_path: Path) -> None:
    wal = (crashed / "journal.sqlite3-wal").read_bytes()
    chance = random.Random(3)
    for number in range(60):
        folder = tmp_path / f"copy-{number}"
        shutil.copytree(crashed, folder)
        (folder / "journal.sqlite3-shm").unlink()
        damaged = bytearray(wal)
        at = chance.randrange(len(wal) - 4)
        damaged[at : at + 4] = chance.randbytes(4)
        (folder / "journal.sqlite3-wal").write_bytes(damaged)
        with contextlib.suppress(JournalError), Journal.open(folder / "journal.sqlite3") as journal:
            bodies = [record.body["number"] for record in journal.records(RUN, after_seq=1)]
            assert bodies == list(range(2, 2 + len(bodies)))
            journal.verify(RUN)


def test_what_the_wal_lost_is_found_by_the_exported_head(crashed: Path) -> None:
    path = crashed / "journal.sqlite3"
    copy = crashed.parent / "copy"
    shutil.copytree(crashed, copy)
    with Journal.open(path) as journal:
        exported = journal.head(RUN)
    wal = copy / "journal.sqlite3-wal"
    wal.write_bytes(wal.read_bytes()[: wal.stat().st_size * 2 // 3])
    (copy / "journal.sqlite3-shm").unlink()

    with Journal.open(copy / "journal.sqlite3") as journal:
        assert journal.run(RUN).records < 40
        assert journal.verify(RUN)
        with pytest.raises(IntegrityError, match="cut off or replaced"):
            journal.verify(RUN, head=exported)


def test_integrity_check_alone_would_not_have_noticed(filled: Path) -> None:
    """Why there is a chain at all: SQLite keeps no checksum of what it stores."""
    whole = filled.read_bytes()
    at = whole.index(b'{"number":20,') + len(b'{"number":')
    filled.write_bytes(whole[:at] + b"99" + whole[at + 2 :])

    connection = sqlite3.connect(filled)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    with Journal.open(filled) as journal, pytest.raises(IntegrityError, match="record 20"):
        journal.verify(RUN)
