import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.support import Run, draw
from vau_agent.cli.ledger import DONE, FAILED, Ledger

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two videos, a copy of one of them, and a file that is no video."""
    folder = tmp_path_factory.mktemp("archive")
    draw(folder / "gate.mp4", seed=1)
    draw(folder / "hall.mp4", seed=2)
    shutil.copy(folder / "gate.mp4", folder / "gate-copy.mp4")
    (folder / "zz-broken.mp4").write_bytes(b"\0" * 4096)
    return folder


@pytest.fixture(scope="module")
def done(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the archive was analysed by two workers, outside this process."""
    root = tmp_path_factory.mktemp("done")
    command = [sys.executable, "-m", "vau_agent", "analyze", str(archive), "-j", "2", "--json"]
    environment = {**os.environ, "VAU_HOME": str(root / "home"), "VAU_OUT": str(root / "out")}
    ended = subprocess.run(command, capture_output=True, text=True, env=environment)
    (root / "out.txt").write_text(ended.stdout)
    (root / "err.txt").write_text(ended.stderr)
    (root / "code.txt").write_text(str(ended.returncode))
    return root


def test_a_batch_survives_its_bad_files_and_ends_with_5(done: Path) -> None:
    said = (done / "err.txt").read_text()

    assert (done / "code.txt").read_text() == "5"
    assert "4 videos   3 done   1 failed" in said
    lines = said.splitlines()
    assert lines[-2].startswith("failed: ")
    assert "zz-broken.mp4" in lines[-2]
    assert "--retry-failed" in lines[-1]


def test_json_of_a_batch_is_one_compact_document_a_line(done: Path) -> None:
    documents = [json.loads(line) for line in (done / "out.txt").read_text().splitlines()]

    assert [one["schema"] for one in documents] == ["vau.result/1"] * 3


def test_equal_files_are_analysed_once(done: Path) -> None:
    rows = Ledger(done / "out").rows().values()

    assert sorted(row.state for row in rows) == [DONE, DONE, FAILED]
    assert all((done / "out" / row.folder / "report.html").is_file() for row in rows if row.label)


def test_the_same_batch_again_does_nothing_and_says_the_same(
    run: Run, archive: Path, done: Path
) -> None:
    written = {path: path.stat().st_mtime_ns for path in (done / "out").rglob("*")}

    said = run("analyze", archive, "--home", done / "home", "--out", done / "out")

    assert said.code == 5
    assert "4 videos   3 done   1 failed   (4 known already)" in said.out
    assert {path: path.stat().st_mtime_ns for path in (done / "out").rglob("*")} == written


def test_a_failure_is_tried_again_when_asked(run: Run, archive: Path, done: Path) -> None:
    said = run(
        *("analyze", archive, "--home", done / "home", "--out", done / "out", "--retry-failed"),
        "--quiet",
    )

    assert said.code == 5
    assert "(3 known already)" in said.out
    assert said.err == ""


def test_a_result_that_was_deleted_is_made_again(
    run: Run, archive: Path, done: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(done / "out", out)
    (row,) = [row for row in Ledger(out).rows().values() if "hall" in row.file]
    shutil.rmtree(out / row.folder)

    said = run(
        "analyze", archive / "hall.mp4", archive / "gate.mp4", "--home", done / "home", "--out", out
    )

    assert said.code == 0
    assert "(1 known already)" in said.out
    assert (out / row.folder / "result.json").is_file()


def test_events_of_a_batch_carry_their_runs(run: Run, archive: Path, tmp_path: Path) -> None:
    files = (archive / "gate.mp4", archive / "gate-copy.mp4")

    said = run("analyze", *files, "--out", tmp_path / "out", "--events", "--quiet")

    events = [json.loads(line) for line in said.out.splitlines()]
    assert said.code == 0
    assert len({event["run_id"] for event in events}) == 1
    assert events[-1]["type"] == "run.finished"


def test_a_worker_that_dies_fails_its_file_and_not_the_batch(archive: Path, tmp_path: Path) -> None:
    batch = _start(archive, tmp_path)
    worker = _first_child(batch.pid)
    os.kill(worker, signal.SIGKILL)
    said, _ = batch.communicate()

    assert batch.returncode == 5
    assert "the worker process ended with signal SIGKILL" in said
    assert "4 videos   2 done   2 failed" in said or "4 videos   1 done   3 failed" in said


def test_an_interrupted_batch_ends_its_workers_and_goes_on_later(
    run: Run, archive: Path, tmp_path: Path
) -> None:
    batch = _start(archive, tmp_path)
    worker = _first_child(batch.pid)
    batch.send_signal(signal.SIGINT)
    _, complaint = batch.communicate()

    assert batch.returncode == 130
    assert "the same command again resumes" in complaint
    assert not Path(f"/proc/{worker}").exists()

    again = run("analyze", archive, "--home", tmp_path / "home", "--out", tmp_path / "out")
    assert again.code == 5
    assert "4 videos   3 done   1 failed" in again.out


def _start(archive: Path, root: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "vau_agent", "analyze", str(archive), "--quiet"]
    environment = {**os.environ, "VAU_HOME": str(root / "home"), "VAU_OUT": str(root / "out")}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


def _first_child(pid: int) -> int:
    """Wait for the first child of a process and give its id."""
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            children = task.read_text().split()
            if children:
                return int(children[0])
        os.sched_yield()
    raise AssertionError(f"no child of {pid}: {listed}")
