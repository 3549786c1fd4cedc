import json
from pathlib import Path

import jsonschema
import pytest

from tests.cli.support import Place, Run, draw
from vau_agent.cli.analyze import ExitOn, exit_code_for

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("labels", "wanted", "code"),
    [
        ({"anomalous"}, "", 0),
        ({"anomalous"}, "anomaly", 10),
        ({"inconclusive"}, "anomaly", 0),
        ({"inconclusive"}, "inconclusive", 11),
        ({"normal"}, "anomaly inconclusive", 0),
        ({"anomalous", "inconclusive"}, "anomaly inconclusive", 10),
    ],
)
def test_the_verdict_changes_the_exit_code_only_when_asked(
    labels: set[str], wanted: str, code: int
) -> None:
    assert exit_code_for(labels, frozenset(ExitOn(one) for one in wanted.split())) == code


def test_json_is_one_document_that_fits_the_published_schema(run: Run, analysed: Place) -> None:
    said = run("analyze", analysed.video, *analysed.options, "--json")

    assert said.code == 0
    document = json.loads(said.out)
    jsonschema.validate(document, json.loads(run("schema", "result").out))
    assert document["schema"] == "vau.result/1"
    assert document["video"]["name"] == "yard.mp4"


def test_a_finished_analysis_is_reused_and_says_so(run: Run, analysed: Place) -> None:
    said = run("analyze", analysed.video, *analysed.options)

    assert said.code == 0
    assert said.out.startswith("VERDICT  ")
    assert "Reused   nothing was run again" in said.out
    assert "vau-agent ask" in said.out
    assert said.err == ""


def test_events_are_one_json_object_a_line_in_order(run: Run, tmp_path: Path) -> None:
    video = draw(tmp_path / "gate.mp4")

    said = run("analyze", video, "--out", tmp_path / "out", "--events")

    events = [json.loads(line) for line in said.out.splitlines()]
    form = json.loads(run("schema", "event").out)
    for event in events:
        jsonschema.validate(event, form)
    assert [event["seq"] for event in events] == sorted(event["seq"] for event in events)
    assert events[-1]["type"] == "run.finished"
    assert "  triage   " in said.err  # progress, one plain line a stage
    assert "\x1b" not in said.err


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(run: Run, tmp_path: Path) -> None:
    video = draw(tmp_path / "gate.mp4")

    said = run("analyze", video, "--out", tmp_path / "out", "--dry-run")

    assert said.code == 0
    assert said.out.startswith("Plan: ")
    assert "Nothing sent yet." in said.out
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "home").exists()
    assert json.loads(run("analyze", video, "--dry-run", "--json").out)["calls"]


def test_the_exit_code_follows_the_verdict_when_asked(run: Run, analysed: Place) -> None:
    label = json.loads(run("runs", "show", "--home", analysed.home, "--json").out)["verdict"][
        "label"
    ]

    said = run(
        *("analyze", analysed.video, *analysed.options, "--quiet"),
        *("--exit-on", "anomaly", "--exit-on", "inconclusive"),
    )

    assert said.code == {"anomalous": 10, "inconclusive": 11, "normal": 0}[label]


def test_a_damaged_video_is_refused_with_its_name(run: Run, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\0" * 4096)

    said = run("analyze", broken, "--out", tmp_path / "out", "--json")

    assert said.code == 3
    assert said.out == ""
    assert "broken.mp4" in said.err
    assert len(said.err.splitlines()) == 1
