import json
import shutil
from pathlib import Path

import jsonschema
import pytest

from tests.cli.support import Place, Run
from vau_agent.cli.clip import parse_time
from vau_agent.errors import SettingsError

pytestmark = pytest.mark.slow


def only_folder(place: Place) -> Path:
    """Give the one output folder."""
    (folder,) = [path for path in place.out.iterdir() if path.is_dir()]
    return folder


def test_runs_are_listed_with_their_verdicts(run: Run, analysed: Place) -> None:
    (line,) = run("runs", "list", "--home", analysed.home).out.splitlines()
    (record,) = run("runs", "list", "--home", analysed.home, "--json").out.splitlines()

    assert "finished" in line
    assert line.endswith("yard.mp4")
    assert json.loads(record)["run_id"] in line


def test_without_runs_the_list_says_how_to_begin(run: Run) -> None:
    assert "vau-agent analyze" in run("runs", "list").out
    assert run("runs", "list", "--json").out == ""


def test_a_run_can_be_shown_again(run: Run, analysed: Place) -> None:
    assert run("runs", "show", "--home", analysed.home).out.startswith("VERDICT  ")


def test_a_finished_run_is_resumed_without_running_anything(run: Run, analysed: Place) -> None:
    shown = json.loads(run("runs", "show", "--home", analysed.home, "--json").out)

    said = run("runs", "resume", shown["run_id"], "--home", analysed.home, "--json")

    assert json.loads(said.out)["run_id"] == shown["run_id"]
    assert "Reused" in run("runs", "resume", shown["run_id"], "--home", analysed.home).out


def test_the_report_is_found_and_made_again_when_it_is_gone(
    run: Run, analysed: Place, tmp_path: Path
) -> None:
    assert run("report", "--home", analysed.home).out.strip().endswith("report.html")

    said = run("report", "--home", analysed.home, "--out", tmp_path)

    page = Path(said.out.strip())
    assert page.is_relative_to(tmp_path)
    assert "yard.mp4" in page.read_text()


def test_verify_holds_until_a_byte_changes(run: Run, analysed: Place, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(only_folder(analysed), folder)

    good = run("verify", folder, "--video", analysed.video)
    (folder / "result.json").write_bytes((folder / "result.json").read_bytes() + b" ")
    bad = run("verify", folder)
    as_json = run("verify", folder, "--json")

    assert (good.code, bad.code, as_json.code) == (0, 8, 8)
    assert good.out.startswith("ok ")
    assert "altered" in bad.out
    assert "result.json" in bad.out
    assert json.loads(as_json.out)["problems"]


def test_a_span_is_cut_out_twice_and_the_run_stays_sealed(
    run: Run, analysed: Place, tmp_path: Path
) -> None:
    said = run("clip", "latest", "0:02", "0:04", "--into", tmp_path, "--home", analysed.home)

    assert said.code == 0
    assert "Stream copy" in said.out
    assert "Viewing copy" in said.out
    assert len([*tmp_path.glob("*.mp4")]) == 2
    assert run("verify", only_folder(analysed)).code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["0:01"],
        [],
        ["0:04", "0:02"],
        ["soon", "0:02"],
        ["--event", "e99"],
        ["1", "2", "--event", "e1"],
    ],
)
def test_a_clip_that_makes_no_sense_is_refused(
    run: Run, analysed: Place, tmp_path: Path, arguments: list[str]
) -> None:
    said = run("clip", "latest", *arguments, "--into", tmp_path / "c", "--home", analysed.home)

    assert said.code == 2
    assert len(said.err.splitlines()) == 1
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0.0), ("12.5", 12.5), ("90", 90.0), ("2:10", 130.0), ("1:02:03.5", 3723.5)],
)
def test_times_are_read_as_people_write_them(text: str, seconds: float) -> None:
    assert parse_time(text) == seconds


@pytest.mark.parametrize("text", ["", "-1", "1:2:3:4", "ten", "1:", ":5", "nan", "1e3"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="no time"):
        parse_time(text)


def test_a_question_is_answered_from_the_run(run: Run, analysed: Place) -> None:
    options = ("--home", analysed.home)

    said = run("ask", "what happened at 4 seconds?", *options)
    # A second question: the first one's answer names frames in the same journal.
    answer = json.loads(run("ask", "was anybody lying?", *options, "--json").out)

    assert said.code == 0
    assert said.out.strip()
    assert answer["question"] == "was anybody lying?"


def test_doctor_finds_a_good_place_usable_and_says_what_to_type(run: Run) -> None:
    said = run("doctor")

    assert said.code == 0
    assert "sandbox: " in said.out
    assert said.out.splitlines()[-1].startswith("Next:   vau-agent ")
    assert json.loads(run("doctor", "--json").out)["usable"] is True


def test_doctor_ends_with_7_where_nothing_can_be_kept(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    said = run("doctor", "--home", tmp_path / "file" / "home")

    assert said.code == 7
    assert "  fail  home" in said.out
    assert "config set home" in said.out


def test_doctor_warns_of_variables_that_send_traces_away(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGSMITH_TRACING", "true")

    said = run("doctor")

    assert said.code == 0
    assert "LANGSMITH_TRACING" in said.out


def test_doctor_tells_of_a_policy_that_cannot_run(run: Run) -> None:
    said = run("doctor", "--policy", "oracle")

    assert said.code == 7
    assert "config set policy rules" in said.out


def test_the_demo_is_a_real_run_with_its_truth_beside(run: Run, tmp_path: Path) -> None:
    said = run("demo", "--kind", "fire", "--seconds", "8", "--out", tmp_path)

    assert said.code == 0
    assert "VERDICT  " in said.out
    assert "Truth    fire 00:0" in said.out
    assert "with policy 'rules'" in said.err


@pytest.mark.parametrize("document", ["result", "event", "manifest"])
def test_published_schemas_are_schemas(run: Run, document: str) -> None:
    schema = json.loads(run("schema", document).out)

    jsonschema.Draft202012Validator.check_schema(schema)


def test_a_manifest_fits_its_published_schema(run: Run, analysed: Place) -> None:
    manifest = json.loads((only_folder(analysed) / "manifest.json").read_text())

    jsonschema.validate(manifest, json.loads(run("schema", "manifest").out))


def test_settings_are_set_and_shown_with_their_origin(run: Run, tmp_path: Path) -> None:
    assert run("config", "path").out.strip() == str(tmp_path / "config.toml")
    assert run("config", "set", "analysis.max_rounds", "4").code == 0

    assert run("config", "get", "analysis.max_rounds").out == "4\n"
    shown = json.loads(run("config", "show", "--json", "--home", tmp_path / "h").out)
    assert shown["analysis.max_rounds"]["origin"] == str(tmp_path / "config.toml")
    assert shown["home"]["origin"] == "flag"
    assert shown["reader"]["origin"] == "default"
    (line,) = [line for line in run("config", "show").out.splitlines() if line.startswith("reader")]
    assert line.split() == ["reader", "pyav"]


@pytest.mark.parametrize(("name", "value"), [("analysis.max_rounds", "many"), ("no.such", "1")])
def test_a_setting_that_cannot_be_is_not_written(
    run: Run, tmp_path: Path, name: str, value: str
) -> None:
    said = run("config", "set", name, value)

    assert said.code == 2
    assert name in said.err
    assert not (tmp_path / "config.toml").exists()
