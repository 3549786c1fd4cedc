"""A full disk stops a run in plain words; with room again the run goes on as if nothing was."""

import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from vau_agent.errors import JournalError, NoSpaceError
from vau_agent.memory.blobs import BlobStore
from vau_agent.memory.journal import RUN_FINISHED, Journal
from vau_agent.memory.leases import this_process

RUN = "run-1"
STEPS = 12

FILL = """
import sys
from pathlib import Path

from vau_agent.errors import NoSpaceError
from vau_agent.memory.blobs import BlobStore
from vau_agent.memory.journal import Journal
from vau_agent.memory.leases import this_process

home = Path(sys.argv[1])
blobs, ballast = BlobStore(home / "blobs"), home / "ballast"
ballast.write_bytes(bytes(150_000))
written, messages = [], []

with Journal.open(home / "journal.sqlite3") as journal:
    journal.create_run("run-1", {})
    lease = journal.acquire("run-1", this_process(), 30)
    try:
        for number in range(1000):
            journal.append(lease, "k", str(number), {"text": "x" * 5000})
            written.append(str(number))
    except NoSpaceError as error:
        messages.append(str(error))
    try:
        blobs.put(bytes(500_000))
    except NoSpaceError as error:
        messages.append(str(error))
    assert not list((home / "blobs").glob("??/*")), "half a blob stayed"
    ballast.unlink()
    assert journal.append(lease, "k", str(len(written)), {"text": "after"}).body["text"] == "after"
    journal.verify("run-1")
    keys = [record.key for record in journal.records("run-1", after_seq=1)]

assert written, "the disk was full from the start"
assert keys == [*written, str(len(written))]
assert len(messages) == 2, messages
for message in messages:
    assert message.startswith("no space left in"), message
    assert message.endswith("; free some and run the same command again"), message
print("done")
"""


@pytest.fixture
def limit_file_size() -> Iterator[Callable[[int], None]]:
    """Make writes beyond a size fail in this process, as a full disk or a quota does."""

    def limit(size: int) -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))

    yield limit


def run_once(path: Path) -> None:
    """Do what a command does: own the run, take its steps, finish."""
    with Journal.open(path) as journal:
        journal.create_run(RUN, {"video": "a"})
        with journal.hold(RUN, this_process(), 30) as lease:
            for step in range(STEPS):
                journal.append(lease, "k", f"step-{step}", {"step": step, "text": "x" * 3000})
            journal.append(lease, RUN_FINISHED, RUN_FINISHED, {})


@pytest.mark.slow
def test_a_write_that_fails_anywhere_stops_the_run_and_the_same_command_ends_it(
    tmp_path: Path,
    in_child: Callable[[Callable[[], None]], int],
    limit_file_size: Callable[[int], None],
) -> None:
    failed = 0
    for size in range(0, 160_000, 4_000):
        path = tmp_path / f"{size}" / "journal.sqlite3"

        def fill(path: Path = path, size: int = size) -> None:
            limit_file_size(size)
            try:
                run_once(path)
            except JournalError as error:
                limit_file_size(resource.RLIM_INFINITY)
                os._exit(3 if "again" in str(error) or "check" in str(error) else 1)

        status = in_child(fill)
        assert status in (0, 3)
        failed += status == 3
        run_once(path)
        with Journal.open(path) as journal:
            assert journal.verify(RUN) == journal.head(RUN)
            assert journal.run(RUN).state == "finished"
            steps = [record.body.get("step") for record in journal.records(RUN, after_seq=1)]
        assert steps == [*range(STEPS), None]
    assert failed > 20


def test_a_blob_that_does_not_fit_is_refused_in_plain_words_and_leaves_nothing(
    tmp_path: Path,
    in_child: Callable[[Callable[[], None]], int],
    limit_file_size: Callable[[int], None],
) -> None:
    store = BlobStore(tmp_path)

    def put(size: int) -> None:
        limit_file_size(10_000)
        store.put(bytes(size))

    def refuse() -> None:
        with pytest.raises(NoSpaceError, match=r"no space left in .*; free some and run"):
            put(10_001)

    assert in_child(refuse) == 0
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert in_child(lambda: put(10_000)) == 0
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_a_full_file_system_is_told_in_plain_words_and_survived(tmp_path: Path) -> None:
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("this machine has no 'unshare' to mount a small file system with")
    mount = f"mount -t tmpfs -o size=600k none {tmp_path}"
    shell = (unshare, "-Urm", "sh", "-c")
    if subprocess.run([*shell, mount], capture_output=True).returncode:
        pytest.skip("this machine lets no user mount a small file system")

    script = f'{mount} && exec "$0" -c "$1" "$2"'
    ran = subprocess.run(
        [*shell, script, sys.executable, FILL, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert ran.stdout == "done\n", ran.stderr
