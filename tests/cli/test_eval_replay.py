"""`vau-agent eval run --replay`: recorded answers in place of videos, in a real process."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.support import Run, Said
from tests.evals.replay.made_videos import EVENTS, NORMALS, answers, truths, write
from vau_agent.evals.replay.ablation import SHUFFLED, WITHOUT
from vau_agent.evals.replay.running import CALLS_PER_HOUR
from vau_agent.evals.store import read_records

pytestmark = pytest.mark.slow

HINT = "Sentences are compared by their words: no embedder's parts are here."


@dataclass(frozen=True, kw_only=True)
class Files:
    """A recording, its truth, and where no model is."""

    root: Path

    @property
    def out(self) -> Path:
        return self.root / "out"

    def command(self, *more: str | Path, recording: Path | None = None) -> tuple[str, ...]:
        given = (
            *("eval", "run", "--benchmark", "ucf-crime", "--draws", "5", "--json"),
            *("--replay", recording or self.root / "responses.json"),
            *("--truth", self.root / "UCF_Eval.json", "--out", self.out),
            *more,
        )
        return tuple(str(argument) for argument in given)

    def start(self, *more: str | Path, recording: Path | None = None) -> Said:
        (self.root / "none").mkdir(exist_ok=True)
        ended = subprocess.run(
            [sys.executable, "-m", "vau_agent", *self.command(*more, recording=recording)],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env={
                **os.environ,
                "VAU_HOME": str(self.root / "home"),
                "VAU_CONFIG": str(self.root / "config.toml"),
                "VAU_MODEL_DIR": str(self.root / "none"),
            },
        )
        return Said(code=ended.returncode, out=ended.stdout, err=ended.stderr)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    root = tmp_path_factory.mktemp("replay")
    write(root / "responses.json", answers())
    write(root / "UCF_Eval.json", truths())
    return Files(root=root)


@pytest.fixture(scope="module")
def first(files: Files) -> Said:
    """What the command says at first; the tests below start it anew on the same folder."""
    said = files.start()
    assert said.code == 0, said.err
    return said


@pytest.fixture(scope="module")
def told(first: Said) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(first.out)
    return document


@pytest.fixture(autouse=True)
def _no_model(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAU_MODEL_DIR", str(files.root / "none"))


def test_agent_and_published_rows_stand_beside_blind_ones(told: dict[str, Any]) -> None:
    published = {
        "CoReVAD, raw",
        "CoReVAD, smoothed",
        "CoReVAD, smoothed and position-weighted",
        "agent, grades by general words only",
    }
    rows = told["metrics"]

    assert told["benchmark"] == "ucf-crime"
    for name in (*published, "agent"):
        assert rows[name].keys() >= {"frame_auc", "frame_ap", "within_auc_pooled", "video_auc"}
        assert rows[name]["frames"] == sum(int(str(entry["length"])) for entry in truths())
        assert told["kinds"][name] == "measured"
    for name in published:
        low, high = told["intervals"][f"agent - {name}"]["frame_auc"]
        assert low <= high
        difference = rows["agent"]["frame_auc"] - rows[name]["frame_auc"]
        assert rows[f"agent - {name}"]["frame_auc"] == pytest.approx(difference)
    blind = {name for name, kind in told["kinds"].items() if kind == "blind"}
    assert blind >= {"position prior", "shorter video is anomalous"}
    assert any("perfect video label" in name for name in rows)
    assert told["conventions"]["position prior"] == "off in the agent"
    assert told["conventions"]["texts compared by"] == "words"


@pytest.mark.parametrize("step", sorted(WITHOUT))
def test_every_step_has_its_gain_and_its_gain_over_shuffled(
    told: dict[str, Any], step: str
) -> None:
    rows = told["metrics"]

    assert step in SHUFFLED
    for name in (f"gain: {step}", f"gain over shuffled: {step}"):
        assert {"frame_auc", "within_auc_macro"} <= told["intervals"][name].keys()
    assert rows[f"gain: {step}"]["frame_auc"] == pytest.approx(
        rows["agent"]["frame_auc"] - rows[f"without: {step}"]["frame_auc"]
    )


def test_every_budget_has_a_row_and_costs_no_more_than_it_says(told: dict[str, Any]) -> None:
    videos = len(EVENTS) + len(NORMALS)
    hours = videos * 40 / 3600
    for per_hour in CALLS_PER_HOUR:
        row = told["metrics"][f"{per_hour:g} calls an hour"]
        assert videos <= row["calls"] <= per_hour * hours + videos
    everything = told["metrics"]["3600 calls an hour"]
    assert everything["calls"] == videos * 40
    assert everything["frame_auc"] == told["metrics"]["agent"]["frame_auc"]


def test_hint_records_and_next_step_are_told_on_the_error_stream(first: Said, files: Files) -> None:
    assert HINT in first.err
    assert "vau-agent models pull conse" in first.err
    assert f"Records  {files.out}" in first.err
    assert f"Next     vau-agent eval report {files.out}" in first.err
    assert "Traceback" not in first.err


def test_records_are_left_and_reported(first: Said, files: Files, run: Run) -> None:
    header, records = read_records(files.out)

    assert header.samples == len(records) == len(EVENTS) + len(NORMALS)
    assert header.policy == "replay"
    said = run("eval", "report", files.out, "--draws", "5")
    assert said.code == 0
    page = (files.out / "report.html").read_text()
    assert page.startswith("<!DOCTYPE html>")
    for text in ("CoReVAD, smoothed and position-weighted", "gain over shuffled", "calls an hour"):
        assert text in page


def test_the_same_command_again_says_the_same_and_quietly_nothing_else(
    first: Said, files: Files, run: Run
) -> None:
    before = (files.out / "records.jsonl").read_bytes()
    again = run(*files.command("--quiet"))

    assert (again.code, again.err) == (0, "")
    assert again.out == first.out
    assert (files.out / "records.jsonl").read_bytes() == before


def test_other_answers_or_another_truth_are_refused_until_started_anew(
    first: Said, files: Files, run: Run, tmp_path: Path
) -> None:
    other = write(tmp_path / "other.json", answers(seed=1))
    entries = truths()
    entries[0] = {**entries[0], "temporal_label": [0, 90, -1, -1]}
    moved = write(tmp_path / "moved.json", entries)

    refused = run(*files.command("--quiet", recording=other))
    assert refused.code == 2
    assert refused.out == ""
    assert "were made from something else: recording was" in refused.err
    assert "--fresh" in refused.err
    assert len(refused.err.splitlines()) == 1
    refused = run(*files.command("--quiet", "--truth", moved))
    assert refused.code == 2
    assert "annotation_sha256 was" in refused.err
    elsewhere = tmp_path / "out"
    small = write(tmp_path / "small.json", {name: answers()[name] for name in list(EVENTS)[:1]})
    assert run(*files.command("--quiet", "--out", elsewhere, recording=small)).code == 0
    anew = write(tmp_path / "anew.json", {name: answers()[name] for name in list(EVENTS)[1:2]})
    fresh = files.command("--quiet", "--out", elsewhere, "--fresh", recording=anew)
    assert run(*fresh).code == 0
    assert [one.sample_id for one in read_records(elsewhere)[1]] == list(EVENTS)[1:2]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "cannot be read"),
        ("no json", "responses"),
        ("{}", "holds no answers"),
        ('{"another": ["Normal scenes. a"]}', "none of the 1 videos"),
    ],
)
def test_a_file_that_is_no_recording_of_it_is_one_line(
    files: Files, run: Run, tmp_path: Path, text: str | None, told: str
) -> None:
    path = tmp_path / "responses.json"
    if text is not None:
        path.write_text(text)
    said = run(*files.command("--quiet", "--out", tmp_path / "out", recording=path))

    assert said.code == 3
    assert said.out == ""
    assert told in said.err
    assert len(said.err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_videos_left_out_are_told(files: Files, run: Run, tmp_path: Path) -> None:
    given = {name: answers()[name] for name in (*list(EVENTS)[:2], NORMALS[0])}
    part = write(tmp_path / "part.json", {**given, "stranger": ["Normal scenes. a"]})
    said = run(*files.command("--quiet", "--out", tmp_path / "out", recording=part))

    kinds = [gap["kind"] for gap in json.loads(said.out)["gaps"]]
    assert said.code == 0
    assert kinds.count("unknown-id") == 1
    assert kinds.count("missing-prediction") == len(EVENTS) + len(NORMALS) - len(given)


def test_with_an_embedder_sentences_are_compared_by_meaning(
    first: Said, files: Files, run: Run, models_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAU_MODEL_DIR", str(models_folder))
    said = run(*files.command())

    assert said.code == 2
    assert "texts compared by was 'words', is 'conse'" in said.err
    assert HINT not in said.err


@pytest.mark.parametrize("name", ["replay.json", "curves.json"])
def test_damaged_tables_or_curves_are_one_line(
    files: Files, run: Run, tmp_path: Path, name: str
) -> None:
    given = {name: answers()[name] for name in (*list(EVENTS)[:1], NORMALS[0])}
    part = write(tmp_path / "part.json", given)
    out = tmp_path / "out"
    assert run(*files.command("--quiet", "--out", out, recording=part)).code == 0
    (out / name).write_text("[{")
    said = run("eval", "report", out)

    assert said.code == 3
    assert (
        said.err == f"vau-agent: {out / name} is damaged; run 'vau-agent eval run --replay' again\n"
    )


@pytest.mark.parametrize(
    "idle", [("--policy", "rules"), ("--limit", "3"), ("-j", "2"), ("--max-calls", "9")]
)
def test_options_that_a_replay_has_no_use_for_are_refused(
    files: Files, run: Run, tmp_path: Path, idle: tuple[str, str]
) -> None:
    said = run(*files.command("--out", tmp_path / "out", *idle))

    assert said.code == 2
    assert "--replay, which opens no video and asks no policy" in said.err
    assert not (tmp_path / "out").exists()
