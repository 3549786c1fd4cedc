import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.support import Run
from tests.evals.made import archive, dataset, header, opinion, record, sample
from vau_agent.cli.evaluate.comparing import parse_share
from vau_agent.errors import SettingsError
from vau_agent.evals.store import open_store, read_records


def folder_of(folder: Path, right: int, *, sha256: str = "a" * 64) -> Path:
    """Write records of 40 normal videos, so many of them answered right."""
    samples = dataset(*(sample(f"n{number}") for number in range(40)))
    with open_store(folder, header(40, sha256=sha256), samples) as store:
        for number in range(40):
            said = opinion() if number < right else opinion((1, 2))
            store.append(record(f"n{number}", said))
    return folder


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return archive(
        tmp_path_factory.mktemp("clips"),
        {
            "fight.mp4": "fighting",
            "gate.mp4": "walking",
            "hall.mp4": "walking",
            "yard.mp4": "fighting",
            "zz-broken.mp4": "broken",
        },
    )


def test_formats_lists_benchmarks_and_formats_with_their_files(run: Run) -> None:
    listed = json.loads(run("eval", "formats", "--json").out)

    assert {"ucf-crime", "manifest"} <= {one["name"] for one in listed["benchmarks"]}
    assert {"corevad", "qvhighlights"} <= {one["name"] for one in listed["formats"]}
    assert all(one["annotations"] for one in listed["benchmarks"])
    assert "truth: " in run("eval", "formats").out


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("eval", "blind", "nope", "--truth", "x"), 3, "known: ucf-crime"),
        (("eval", "score", "--format", "nope", "--predictions", "x"), 3, "known: corevad"),
        (("eval", "blind", "manifest", "--truth", "absent.json"), 3, "absent.json cannot be read"),
        (("eval", "run", "manifest", "--truth", "absent.json"), 3, "absent.json cannot be read"),
        (("eval", "run", "nope", "--truth", "x"), 3, "known: ucf-crime"),
        (("eval", "run", "manifest"), 2, "--truth names the annotation"),
        (("eval", "run", "--truth", "x"), 2, "name one benchmark"),
        (("eval", "run", "manifest", "--benchmark", "uca", "--truth", "x"), 2, "name one"),
        (("eval", "report", "absent"), 3, "holds no evaluation"),
        (("eval", "report", "absent", "--out", "page.pdf"), 2, "ends in none of .html"),
        (("eval", "report", "absent", "--held-out-class", "fire"), 2, "needs --train-source"),
        (("eval", "compare", "absent", "absent"), 3, "holds no evaluation"),
        (("eval", "compare", "a", "b", "--fail-if-worse", "much"), 2, "such as 1% or 0.01"),
    ],
)
def test_a_mistake_is_one_line_and_says_what_there_is(
    run: Run, arguments: tuple[str, ...], code: int, told: str
) -> None:
    said = run(*arguments)

    assert said.code == code
    assert said.out == ""
    assert told in said.err
    assert not Path("absent").exists()
    assert len(said.err.splitlines()) == 1


@pytest.mark.parametrize(("text", "share"), [("1%", 0.01), ("0.5%", 0.005), ("0.02", 0.02)])
def test_a_share_may_be_given_in_points_of_a_hundred(text: str, share: float) -> None:
    assert parse_share(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["", "-1%", "nan", "101%", "%"])
def test_anything_else_is_no_share(text: str) -> None:
    with pytest.raises(SettingsError, match="such as 1%"):
        parse_share(text)


def test_compare_ends_with_13_only_when_told_to_and_worse(run: Run, tmp_path: Path) -> None:
    good, bad = folder_of(tmp_path / "good", 30), folder_of(tmp_path / "bad", 20)
    quick = ("--draws", "50")

    assert run("eval", "compare", good, bad, *quick).code == 0
    worse = run("eval", "compare", good, bad, "--fail-if-worse", "1%", *quick)
    assert worse.code == 13
    assert "worse: accuracy: -0.250" in worse.err
    assert run("eval", "compare", bad, good, "--fail-if-worse", "1%", *quick).code == 0
    assert run("eval", "compare", good, good, "--fail-if-worse", "0%", *quick).code == 0


def test_compare_prints_one_object_for_programs(run: Run, tmp_path: Path) -> None:
    good, bad = folder_of(tmp_path / "good", 30), folder_of(tmp_path / "bad", 20)

    said = run(
        *("eval", "compare", good, bad, "--fail-if-worse", "1%", "--json", "--draws", "50"),
        *("--metric", "accuracy"),
    )

    assert said.code == 13
    assert json.loads(said.out)["metrics"]["B - A"]["accuracy"] == pytest.approx(-0.25)


def test_compare_refuses_a_metric_that_is_not_there(run: Run, tmp_path: Path) -> None:
    good = folder_of(tmp_path / "good", 30)

    said = run("eval", "compare", good, good, "--metric", "nope", "--draws", "20")

    assert said.code == 2
    assert "there are accuracy" in said.err


def test_report_writes_each_form(run: Run, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "run", 30)
    quick = ("--draws", "20")

    page = Path(run("eval", "report", folder, *quick).out.strip())
    text = Path(run("eval", "report", folder, "--out", tmp_path / "r.md", *quick).out.strip())
    data = Path(run("eval", "report", folder, "--out", tmp_path / "r.json", *quick).out.strip())

    assert page == folder / "report.html"
    assert page.read_text().startswith("<!DOCTYPE html>")
    assert "always anomalous" in text.read_text()
    assert json.loads(data.read_text())["metrics"]["agent"]["accuracy"] == 0.75


def test_blind_needs_no_video(run: Run, clips: Path) -> None:
    said = run("eval", "blind", "manifest", "--truth", clips, "--json", "--draws", "20")

    assert said.code == 0
    document = json.loads(said.out)
    assert document["benchmark"] == "manifest"
    assert document["kinds"]["always normal"] == "blind"


@pytest.mark.slow
def test_run_scores_survives_a_bad_file_and_ends_with_5(run: Run, tmp_path: Path) -> None:
    clips = archive(tmp_path, {"fight.mp4": "fighting", "zz-broken.mp4": "broken"})
    command = ("eval", "run", "manifest", "--truth", clips, "--out", tmp_path / "out")

    first = run(*command, "--json", "--draws", "20", "-j", "2")
    again = run(*command, "--draws", "20")

    assert first.code == again.code == 5
    document = json.loads(first.out)
    assert document["metrics"]["agent"]["unanswered"] == 1
    assert [gap["kind"] for gap in document["gaps"]] == ["failed"]
    assert first.err.splitlines()[-1].startswith("failed: zz-broken.mp4: ")
    assert "(1 of 2 known already)" in again.err
    assert "| agent | measured | 2 |" in again.out
    assert "/2  failed" in again.err
    assert run(*command[:-1], tmp_path / "out", "--rounds", "0").code == 2


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was_and_loses_nothing(
    run: Run, clips: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    records = out / "records.jsonl"
    command = ("eval", "run", "manifest", "--truth", str(clips), "--out", str(out))
    started = subprocess.Popen(
        [sys.executable, "-m", "vau_agent", *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "VAU_HOME": str(tmp_path / "home")},
    )
    _wait(lambda: records.is_file() and len(records.read_text().splitlines()) >= 2)
    workers = _children(started.pid)
    started.send_signal(signal.SIGKILL)
    started.wait()
    before = records.read_bytes()
    with records.open("ab") as file:
        file.write(b'{"schema":"vau.rec')  # as if it was killed within a record

    said = run(*command, "--draws", "20")

    assert said.code == 5
    assert "was cut off and is dropped" in said.err
    assert records.read_bytes().startswith(before)
    header_, kept = read_records(out)
    assert header_.samples == len(kept) == 5
    names = [json.loads(line)["sample_id"] for line in records.read_text().splitlines()]
    good = [name for name in names if name != "zz-broken.mp4"]
    assert len(good) == len(set(good)) == 4
    assert len(list((out / "runs").iterdir())) == 4  # nothing was analysed twice
    _wait(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))


def _children(pid: int) -> list[int]:
    listed = [task.read_text() for task in Path(f"/proc/{pid}/task").glob("*/children")]
    return [int(child) for text in listed for child in text.split()]


def _wait(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if is_so():
            return
        os.sched_yield()
    raise AssertionError("it did not happen within a minute")


def test_what_each_command_does_fits_a_line(run: Run) -> None:
    shown = run("eval", "--help").out.split("Commands:")[1].strip().splitlines()

    assert [line.split()[0] for line in shown] == [
        "run", "formats", "score", "compare", "judge", "blind", "report",
    ]  # fmt: skip
    assert all(line.endswith(".") and not line.endswith("...") for line in shown)
