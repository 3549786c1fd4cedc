import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import JsonValue

from vau_agent.errors import IntegrityError, JournalError
from vau_agent.memory.chain import Record, verify_chain
from vau_agent.memory.journal import RUN_FAILED, RUN_FINISHED, Journal
from vau_agent.memory.leases import Lease, this_process

RUN = "run-1"


def test_a_record_is_read_back_as_it_was_written(journal: Journal, lease: Lease) -> None:
    body: dict[str, JsonValue] = {
        "text": "fire at the door",
        "numbers": [1, 0.5, -0.0],
        "nothing": None,
    }

    written = journal.append(lease, "node.finished", "initial_reason", body)

    assert written.body == body
    assert written.at == "2026-03-29T01:30:00.000000+00:00"
    assert journal.find(RUN, "initial_reason") == written
    assert [record.seq for record in journal.records(RUN)] == [1, 2]
    assert journal.head(RUN) == written.hash


def test_a_key_is_written_once_whatever_is_said_the_second_time(
    journal: Journal, lease: Lease
) -> None:
    first = journal.append(lease, "policy.called", "call-1", {"completion": "normal"})
    again = journal.append(lease, "policy.called", "call-1", {"completion": "fight"})

    assert again == first
    assert journal.run(RUN).records == 2


def test_the_same_key_in_two_runs_is_two_records(journal: Journal, lease: Lease) -> None:
    journal.create_run("run-2", {})
    other = journal.acquire("run-2", this_process(), 30)

    journal.append(lease, "k", "call-1", {"run": 1})
    journal.append(other, "k", "call-1", {"run": 2})

    found = journal.find(RUN, "call-1")
    assert found is not None
    assert found.body == {"run": 1}
    assert journal.find("run-2", "absent") is None


def test_a_body_that_is_not_json_leaves_no_trace(journal: Journal, lease: Lease) -> None:
    with pytest.raises(JournalError, match="not JSON"):
        journal.append(lease, "k", "bad", {"score": float("nan")})

    journal.append(lease, "k", "good", {"score": 1.0})

    assert journal.verify(RUN) == journal.head(RUN)
    assert journal.run(RUN).records == 2


def test_half_a_surrogate_pair_does_not_stop_a_run(journal: Journal, lease: Lease) -> None:
    record = journal.append(lease, "policy.called", "call", {"text": "\ud83d", "\ud83d": "x"})

    assert record.body == {"text": "?", "?": "x"}
    assert journal.verify(RUN) == record.hash


def test_a_name_that_is_no_text_is_refused(journal: Journal, lease: Lease) -> None:
    with pytest.raises(JournalError, match="no valid Unicode"):
        journal.append(lease, "k", "\ud83d", {})
    with pytest.raises(JournalError, match="no valid Unicode"):
        journal.create_run("\ud83d", {})


def test_creating_a_run_again_keeps_its_first_specification(journal: Journal) -> None:
    journal.create_run(RUN, {"video": "a", "policy": "rules"})

    again = journal.create_run(RUN, {"video": "b"})

    assert again.spec == {"video": "a", "policy": "rules"}
    assert again.records == 1


def test_an_unknown_run_is_named(journal: Journal) -> None:
    for ask in (journal.run, journal.head, journal.verify):
        with pytest.raises(JournalError, match=r"no run 'nowhere'; list them with"):
            ask("nowhere")
    with pytest.raises(JournalError, match="no run 'nowhere'"):
        journal.acquire("nowhere", this_process(), 30)
    assert list(journal.records("nowhere")) == []


def test_the_state_of_a_run_comes_from_its_records(
    journal: Journal, move_clock: Callable[..., None]
) -> None:
    assert journal.create_run(RUN, {}).state == "paused"
    with journal.hold(RUN, this_process(), 30) as lease:
        assert journal.run(RUN).state == "running"
        assert journal.run(RUN).owner == this_process()
        move_clock(minutes=10)
        journal.append(lease, RUN_FAILED, "failed-1", {"error": "no space"})
        assert journal.run(RUN).state == "running"
    row = journal.run(RUN)
    assert (row.state, row.owner) == ("failed", None)
    assert row.updated > row.created
    with journal.hold(RUN, this_process(), 30) as lease:
        journal.append(lease, RUN_FINISHED, "finished", {})
        assert journal.run(RUN).state == "finished"
        journal.append(lease, "review.requested", "review-1", {})
    assert journal.run(RUN).state == "finished"


def test_runs_are_listed_newest_first(journal: Journal, move_clock: Callable[..., None]) -> None:
    for number in range(3):
        journal.create_run(f"run-{number}", {"number": number})
        move_clock(hours=1)

    assert [row.run_id for row in journal.runs()] == ["run-2", "run-1", "run-0"]


def test_one_damaged_run_does_not_hide_the_others(journal: Journal, path: Path) -> None:
    journal.create_run("good", {})
    journal.create_run("bad", {})
    change(path, "UPDATE records SET body = '{}' || ' ' WHERE run_id = 'bad'")

    assert {row.run_id: row.state for row in journal.runs()} == {
        "good": "paused",
        "bad": "damaged",
    }
    with pytest.raises(IntegrityError, match="run 'bad', record 1"):
        journal.run("bad")


def test_a_reader_follows_from_where_it_was_across_pages(journal: Journal, lease: Lease) -> None:
    for number in range(300):
        journal.append(lease, "k", str(number), {"number": number})

    seqs = [record.seq for record in journal.records(RUN)]

    assert seqs == list(range(1, 302))
    assert [record.seq for record in journal.records(RUN, after_seq=298)] == [299, 300, 301]
    assert list(journal.records(RUN, after_seq=301)) == []


def test_a_reader_that_stops_half_way_blocks_nobody(journal: Journal, lease: Lease) -> None:
    reading = journal.records(RUN)
    assert next(reading).seq == 1

    writer = threading.Thread(target=lambda: journal.append(lease, "k", "from-thread", {}))
    writer.start()
    writer.join(timeout=20)

    assert journal.find(RUN, "from-thread") is not None


def test_threads_share_a_journal_without_losing_anything(journal: Journal, lease: Lease) -> None:
    def write(writer: int) -> None:
        for number in range(10):
            journal.append(lease, "k", f"{writer}-{number}", {"writer": writer})
            journal.append(lease, "k", f"shared-{number}", {"writer": writer})

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert journal.run(RUN).records == 1 + 60 + 10
    assert journal.verify(RUN) == journal.head(RUN)


@pytest.mark.parametrize("jump", [{"days": 1}, {"days": -1}, {"hours": 1}, {"hours": -1}, {}])
def test_a_clock_that_jumps_changes_no_order(
    journal: Journal, lease: Lease, move_clock: Callable[..., None], jump: dict[str, float]
) -> None:
    for number in range(20):
        journal.append(lease, "k", str(number), {"number": number})
        move_clock(**jump)
        jump = {name: -by for name, by in jump.items()}

    numbers = [record.body.get("number") for record in journal.records(RUN, after_seq=1)]

    assert numbers == list(range(20))
    assert journal.verify(RUN) == journal.head(RUN)


def test_the_time_of_a_record_is_told_in_utc(path: Path) -> None:
    summer = datetime.fromisoformat("2026-10-25T02:30:00+02:00")
    with Journal.open(path, clock=lambda: summer) as journal:
        row = journal.create_run(RUN, {})

    assert datetime.fromisoformat(row.created) == summer.astimezone(UTC)
    assert row.created.endswith("+00:00")


def test_an_export_verifies_without_the_journal(journal: Journal, lease: Lease) -> None:
    journal.append(lease, "k", "a", {"text": "ü 🔥", "score": 1e-7})
    lines = [record.model_dump_json() for record in journal.records(RUN)]

    read = [Record.model_validate_json(line) for line in lines]

    assert verify_chain(read, RUN, head=journal.head(RUN))


def test_an_older_head_still_stands_in_a_longer_run(journal: Journal, lease: Lease) -> None:
    exported = journal.append(lease, "k", "a", {}).hash
    journal.append(lease, "k", "b", {})

    assert journal.verify(RUN, head=exported) == journal.head(RUN)
    with pytest.raises(IntegrityError, match="cut off or replaced"):
        journal.verify(RUN, head="0" * 64)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE records SET body = '{}' WHERE seq = 2",
        "DELETE FROM records WHERE seq = 2",
        "INSERT OR REPLACE INTO records SELECT run_id, 2, kind, 'x', at, body, prev, hash"
        " FROM records WHERE seq = 3",
        "INSERT INTO records SELECT run_id, 9, kind, 'x', at, body, prev, hash"
        " FROM records WHERE seq = 3",
    ],
)
def test_sql_cannot_change_records(
    journal: Journal, lease: Lease, path: Path, statement: str
) -> None:
    journal.append(lease, "k", "a", {})
    journal.append(lease, "k", "b", {})

    with sqlite3.connect(path) as other, pytest.raises(sqlite3.IntegrityError, match="record"):
        other.execute(statement)
    other.close()

    assert journal.run(RUN).records == 3
    assert journal.verify(RUN) == journal.head(RUN)


def test_the_file_is_durable_guarded_and_private(journal: Journal, path: Path) -> None:
    connection = journal._connection

    def pragma(name: str) -> object:
        return connection.execute(f"PRAGMA {name}").fetchone()[0]

    assert pragma("journal_mode") == "wal"
    assert pragma("synchronous") == 2
    assert pragma("foreign_keys") == 1
    assert pragma("trusted_schema") == 0
    assert pragma("secure_delete") == 1
    assert pragma("recursive_triggers") == 1
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_opening_a_journal_twice_in_one_process_keeps_its_locks(path: Path) -> None:
    """Without its locks, another process that closes the file takes the WAL away with it."""
    read = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('SELECT * FROM runs').close()"
    with Journal.open(path) as journal:
        journal.create_run(RUN, {})
        with Journal.open(path) as again:
            assert again.run(RUN).records == 1

        subprocess.run([sys.executable, "-c", read, str(path)], check=True, timeout=60)

        assert path.with_name(f"{path.name}-wal").exists()
        assert journal.run(RUN).records == 1


def test_a_journal_in_use_says_so_after_the_time_given(path: Path) -> None:
    with Journal.open(path, busy_seconds=0.05) as journal:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match="in use by another process; wait"):
            journal.create_run(RUN, {})
        other.execute("ROLLBACK")
        other.close()
        assert journal.create_run(RUN, {}).records == 1


def test_a_file_that_is_no_journal_is_refused(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"this is a text about something else\n" * 100)

    with pytest.raises(IntegrityError, match="damaged"), Journal.open(path):
        pass


def test_a_folder_in_the_journals_place_is_refused(path: Path) -> None:
    path.mkdir(parents=True)

    with (
        pytest.raises(JournalError, match="check the folder and its permissions"),
        Journal.open(path),
    ):
        pass


def change(path: Path, statement: str) -> None:
    """Change the file behind the journal's back."""
    connection = sqlite3.connect(path)
    for (trigger,) in connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'trigger'"
    ).fetchall():
        connection.execute(f"DROP TRIGGER {trigger}")
    connection.execute(statement)
    connection.commit()
    connection.close()


CHANGES = {
    "edit": "UPDATE records SET body = '{}' WHERE seq = {at}",
    "retime": "UPDATE records SET at = '2020-01-01T00:00:00.000000+00:00' WHERE seq = {at}",
    "delete": "DELETE FROM records WHERE seq = {at}",
    "insert": "INSERT INTO records SELECT run_id, 41, kind, 'forged', at, body, prev, hash"
    " FROM records WHERE seq = {at}",
    "reorder": "UPDATE records SET seq = CASE seq WHEN {at} THEN {at} + 1000 ELSE {at} END"
    " WHERE seq IN ({at}, {at} + 1)",
    "truncate": "DELETE FROM records WHERE seq >= {at}",
}


@pytest.mark.parametrize("kind", CHANGES)
def test_changes_behind_the_journals_back_are_found(
    filled: Path, tmp_path: Path, kind: str
) -> None:
    for at in range(2, 40, 4):
        copy = tmp_path / f"{kind}-{at}.sqlite3"
        copy.write_bytes(filled.read_bytes())
        change(copy, CHANGES[kind].replace("{at}", str(at)))
        with Journal.open(copy) as journal, pytest.raises(IntegrityError, match="record"):
            journal.verify(RUN)


def test_truncation_that_covers_its_tracks_needs_the_exported_head(filled: Path) -> None:
    with Journal.open(filled) as journal:
        exported = journal.head(RUN)
    change(filled, "DELETE FROM records WHERE seq > 20")
    change(
        filled,
        "UPDATE runs SET seq = 20, head = (SELECT hash FROM records WHERE seq = 20)",
    )

    with Journal.open(filled) as journal:
        assert journal.verify(RUN)
        with pytest.raises(IntegrityError, match="cut off or replaced"):
            journal.verify(RUN, head=exported)


def test_an_altered_record_is_never_handed_out(filled: Path) -> None:
    change(filled, "UPDATE records SET body = '{\"number\":0}' WHERE seq = 20")

    with Journal.open(filled) as journal:
        reading: Iterator[Record] = journal.records(RUN)
        assert [next(reading).seq for _ in range(19)] == list(range(1, 20))
        with pytest.raises(IntegrityError, match="record 20"):
            next(reading)
        with pytest.raises(IntegrityError, match="record 20"):
            journal.find(RUN, "node-20")


def test_bodies_are_stored_as_readable_json(filled: Path) -> None:
    connection = sqlite3.connect(filled)
    (body,) = connection.execute("SELECT body FROM records WHERE seq = 20").fetchone()
    connection.close()

    assert json.loads(body)["number"] == 20
