import csv
import json
from pathlib import Path

import pytest

from tests.cli.support import Run, draw

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def fight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video that takes the rules policy more than one call."""
    return draw(tmp_path_factory.mktemp("fight") / "yard.mp4", kind="fighting", seconds=8.0)


def test_a_run_stopped_by_a_limit_says_so_and_is_gone_on_with(
    run: Run, fight: Path, tmp_path: Path
) -> None:
    command = ("analyze", fight, "--out", tmp_path / "out")

    stopped = run(*command, "--max-calls", "1")

    assert stopped.code == 6
    assert stopped.out.splitlines()[0].endswith(", so far")
    assert "limit of 1 policy call (--max-calls); this result is partial" in stopped.out
    assert "Go on " in stopped.out
    assert "  stopped  " in stopped.err
    (report,) = (tmp_path / "out").glob("*/report.html")
    assert "<b>Partial:</b>" in report.read_text()
    assert "  stopped  " in run("runs", "list").out

    finished = run(*command, "--json")

    assert finished.code == 0
    document = json.loads(finished.out)
    assert document["stopped"] is None
    assert "  triage   " not in finished.err
    assert "<b>Partial:</b>" not in report.read_text()


def test_a_stopped_run_is_shown_and_resumed_by_its_id(
    run: Run, fight: Path, tmp_path: Path
) -> None:
    shown = run("analyze", fight, "--out", tmp_path / "out", "--max-calls", "1", "--json")
    run_id = json.loads(shown.out)["run_id"]

    assert json.loads(run("runs", "show", run_id, "--json").out)["stopped"]
    assert (
        f"finish it with 'vau-agent runs resume {run_id}'" in run("ask", "?", "--run", run_id).err
    )
    assert run("runs", "resume", run_id, "--max-calls", "1").code == 6
    assert run("runs", "resume", run_id).code == 0


def test_a_batch_marks_what_was_stopped_and_goes_on_with_it(
    run: Run, fight: Path, tmp_path: Path
) -> None:
    other = draw(tmp_path / "other.mp4", kind="empty")
    command = ("analyze", fight, other, "--out", tmp_path / "out")

    stopped = run(*command, "--max-calls", "1")

    assert stopped.code == 6
    assert "stopped early: 1;" in stopped.out
    with (tmp_path / "out" / "batch.csv").open() as file:
        rows = {Path(row["file"]).name: row for row in csv.DictReader(file)}
    assert (rows["yard.mp4"]["state"], rows["yard.mp4"]["exit_code"]) == ("stopped", "6")
    assert rows["other.mp4"]["state"] == "done"

    finished = run(*command)

    assert finished.code == 0
    assert "1 known already" in finished.out


@pytest.mark.parametrize("option", ["--max-calls", "--max-tokens", "--deadline"])
def test_a_limit_is_more_than_nothing(run: Run, fight: Path, option: str) -> None:
    said = run("analyze", fight, option, "0")

    assert said.code == 2
    assert len(said.err.splitlines()) == 1


def test_where_frames_go_is_the_first_line_and_offline_refuses_it(
    run: Run, fight: Path, tmp_path: Path
) -> None:
    policy = ("--policy", "openai:seer@http://127.0.0.1:9/v1", "--max-calls", "1")

    told = run("analyze", fight, "--out", tmp_path / "out", *policy, "--deadline", "0.001")
    plan = run("analyze", fight, *policy, "--dry-run")
    refused = run("analyze", fight, "--policy", "openai:seer@http://gpu-box:8000/v1", "--offline")

    assert told.err.splitlines()[0] == "Frames go to 127.0.0.1:9"
    assert "frames go to 127.0.0.1:9. Nothing sent yet." in plan.out
    assert "Stops early at --max-calls 1" in plan.out
    assert (refused.code, len(refused.err.splitlines())) == (2, 1)
