import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from vau_agent.errors import JournalError
from vau_agent.memory.database import open_database
from vau_agent.memory.journal import Journal
from vau_agent.memory.leases import this_process
from vau_agent.memory.migrations import MIGRATIONS, migrate

RUN = "run-1"
V1 = Path(__file__).parent / "journal-v1.sql"
"""A journal as schema 1 wrote it, with its records; never regenerated."""

ADD_TITLES = ("ALTER TABLE runs ADD COLUMN title TEXT", "UPDATE runs SET title = 'untitled'")


@pytest.fixture
def v1(tmp_path: Path) -> Path:
    path = tmp_path / "journal.sqlite3"
    connection = sqlite3.connect(path)
    connection.executescript(V1.read_text(encoding="utf-8"))
    connection.close()
    return path


@pytest.fixture
def connection(v1: Path) -> Iterator[sqlite3.Connection]:
    connection = open_database(v1, synchronous="FULL", busy_seconds=1)
    yield connection
    connection.close()


def version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_a_journal_of_the_first_version_is_read_verified_and_continued(v1: Path) -> None:
    with Journal.open(v1) as journal:
        row = journal.run(RUN)
        assert (row.state, row.records, row.spec) == ("finished", 4, {"video": "a.mp4"})
        assert journal.verify(RUN) == (
            "31008d081646a264e938c4e923181b71a316e39ff35e771f7c95c83b3097494c"
        )
        with journal.hold(RUN, this_process(), 30) as lease:
            assert lease.token == 2
            assert journal.append(lease, "review.requested", "review", {}).seq == 5
        assert journal.verify(RUN) == journal.head(RUN)


def test_a_new_journal_and_an_old_one_end_with_the_same_schema(v1: Path, tmp_path: Path) -> None:
    def schema(path: Path) -> list[tuple[str, str]]:
        with Journal.open(path):
            pass
        connection = sqlite3.connect(path)
        rows = connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql NOT NULL")
        found = sorted((name, " ".join(sql.split())) for name, sql in rows)
        connection.close()
        return found

    assert schema(v1) == schema(tmp_path / "new.sqlite3")


def test_a_step_changes_the_schema_and_keeps_what_is_there(
    connection: sqlite3.Connection, v1: Path
) -> None:
    migrate(connection, v1, (*MIGRATIONS, ADD_TITLES))

    assert version(connection) == len(MIGRATIONS) + 1
    assert connection.execute("SELECT run_id, title FROM runs").fetchall() == [(RUN, "untitled")]
    assert connection.execute("SELECT count(*) FROM records").fetchone() == (4,)


def test_a_step_that_fails_leaves_the_journal_as_it_was(
    connection: sqlite3.Connection, v1: Path
) -> None:
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, v1, (*MIGRATIONS, (*ADD_TITLES, "SELECT nonsense FROM nowhere")))

    assert version(connection) == 1
    columns = [row[1] for row in connection.execute("PRAGMA table_info(runs)")]
    assert "title" not in columns


def test_a_journal_of_a_newer_version_is_refused_untouched(
    connection: sqlite3.Connection, v1: Path
) -> None:
    migrate(connection, v1, (*MIGRATIONS, ADD_TITLES))
    connection.close()
    before = v1.read_bytes()

    refusal = r"has schema 3, this version of vau-agent knows 2; use the newer version"
    with pytest.raises(JournalError, match=refusal), Journal.open(v1):
        pass

    assert v1.read_bytes() == before


def test_a_current_journal_is_not_written_to(v1: Path) -> None:
    with Journal.open(v1):
        pass
    before = v1.read_bytes()

    with Journal.open(v1) as journal:
        assert journal.runs()

    assert v1.read_bytes() == before
