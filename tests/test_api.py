import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from vau_agent.api import (
    Outcome,
    analyze,
    ask,
    list_runs,
    load_result,
    plan,
    rebuild_report,
    resume,
    source_of,
)
from vau_agent.errors import JournalError, RunLeaseError, SettingsError, VideoError
from vau_agent.memory.home import open_home
from vau_agent.reports.manifest import verify_folder
from vau_agent.results import Event
from vau_agent.settings import AnalysisSettings, Settings, TriageSettings
from vau_agent.tools.video.encode import write_video
from vau_agent.tools.video.scenes.kinds import build_scene


def quick(folder: Path) -> Settings:
    return Settings(
        home=folder / "home",
        out=folder / "out",
        triage=TriageSettings(fps=4, longest_side=64, zoom_fps=4, zoom_longest_side=64),
        analysis=AnalysisSettings(frames_per_window=4, frames_per_zoom=2, max_rounds=1),
    )


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("video") / "yard.mp4"
    write_video(build_scene("fire", seed=3, duration_s=8.0, size=(160, 120), fps=8.0), path)
    return path


@pytest.fixture(scope="module")
def finished(video: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, Settings]:
    settings = quick(tmp_path_factory.mktemp("finished"))
    return analyze(video, settings=settings), settings


def test_a_finished_run_leaves_a_folder_that_verifies(
    finished: tuple[Outcome, Settings], video: Path
) -> None:
    outcome, _ = finished

    assert not outcome.reused
    assert verify_folder(outcome.folder, source=video).problems == ()
    assert (outcome.folder / "report.html").stat().st_size > 10_000


def test_the_same_video_is_not_analysed_twice_under_another_name(
    finished: tuple[Outcome, Settings], video: Path, tmp_path: Path
) -> None:
    outcome, settings = finished
    copy = tmp_path / "other-name.mp4"
    shutil.copyfile(video, copy)

    again = analyze(copy, settings=settings)

    assert again.reused
    assert again.result.run_id == outcome.result.run_id
    assert again.folder.name.startswith("other-name-")


def test_reusing_a_run_leaves_its_folder_as_it_is(
    finished: tuple[Outcome, Settings], video: Path
) -> None:
    outcome, settings = finished
    custody = (outcome.folder / "custody.jsonl").read_bytes()

    again = analyze(video, settings=settings)

    assert again.folder == outcome.folder
    assert (again.folder / "custody.jsonl").read_bytes() == custody


def test_other_settings_and_fresh_make_another_run(video: Path, tmp_path: Path) -> None:
    settings = quick(tmp_path)
    shallow = settings.model_copy(
        update={"analysis": settings.analysis.model_copy(update={"max_rounds": 0})}
    )

    first = analyze(video, settings=settings)
    runs = [
        analyze(video, settings=shallow).result.run_id,
        analyze(video, settings=settings, fresh=True).result.run_id,
    ]

    assert len({first.result.run_id, *runs}) == 3
    assert [run.run_id for run in list_runs(settings=settings)] == [
        *runs[::-1],
        first.result.run_id,
    ]


def test_a_question_is_answered_with_frames_and_kept_in_the_report(
    video: Path, tmp_path: Path
) -> None:
    settings = quick(tmp_path)
    outcome = analyze(video, settings=settings)

    reply = ask("When does it start?", settings=settings)

    assert reply.frames
    assert all(claim.frames for claim in reply.claims)
    document = (outcome.folder / "result.json").read_text()
    assert "When does it start?" in document
    assert verify_folder(outcome.folder).problems == ()


def test_a_question_still_gets_an_answer_when_the_video_is_gone(
    video: Path, tmp_path: Path
) -> None:
    settings = quick(tmp_path)
    copy = tmp_path / "gone.mp4"
    shutil.copyfile(video, copy)
    analyze(copy, settings=settings)
    copy.unlink()

    assert ask("What happened?", settings=settings).text


@pytest.mark.parametrize("question", ["", "  ", "x" * 2001])
def test_a_question_has_a_size(finished: tuple[Outcome, Settings], question: str) -> None:
    _, settings = finished

    with pytest.raises(SettingsError, match="1 to 2000 characters"):
        ask(question, settings=settings)


def test_a_run_is_found_by_the_beginning_of_its_id(finished: tuple[Outcome, Settings]) -> None:
    outcome, settings = finished
    run_id = outcome.result.run_id

    result, folder = load_result(run_id[:5], settings=settings)

    assert (result.run_id, folder) == (run_id, outcome.folder.resolve())
    assert source_of(run_id[:5], settings=settings).name == "yard.mp4"


def test_a_report_can_be_written_anew(finished: tuple[Outcome, Settings]) -> None:
    outcome, settings = finished
    shutil.rmtree(outcome.folder)

    assert verify_folder(rebuild_report(settings=settings)).problems == ()


def test_an_unknown_run_and_an_empty_home_are_told(
    finished: tuple[Outcome, Settings], tmp_path: Path
) -> None:
    _, settings = finished

    with pytest.raises(JournalError, match="no run 'nowhere'"):
        load_result("nowhere", settings=settings)
    with pytest.raises(JournalError, match="no finished run yet"):
        load_result(settings=quick(tmp_path))


def test_a_plan_runs_nothing(video: Path, tmp_path: Path) -> None:
    settings = quick(tmp_path)

    planned = plan(video, settings=settings)

    assert planned.calls == (1, 4)
    assert planned.destination == "in this process"
    assert planned.tokens == (0, 0)
    assert not settings.home.exists()


def test_an_unreadable_file_begins_no_run(tmp_path: Path) -> None:
    settings = quick(tmp_path)
    text = tmp_path / "notes.mp4"
    text.write_text("not a video")

    with pytest.raises(VideoError) as refused:
        analyze(text, settings=settings)

    assert refused.value.kind == "not-a-video"
    assert list_runs(settings=settings) == ()


def test_a_killed_run_is_resumed_and_another_process_is_refused_meanwhile(
    video: Path, tmp_path: Path
) -> None:
    settings = quick(tmp_path)
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from vau_agent.api import analyze\n"
        "from vau_agent.settings import Settings\n"
        "settings = Settings.model_validate_json(sys.argv[2])\n"
        "def wait(event):\n"
        "    if event.type == 'verdict.changed':\n"
        "        print('owned', flush=True)\n"
        "        sys.stdin.read()\n"
        "analyze(Path(sys.argv[1]), settings=settings, on_event=wait)\n"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", script, str(video), settings.model_dump_json()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )
    with owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "owned\n"
        with pytest.raises(RunLeaseError):
            analyze(video, settings=settings)
        owner.kill()
    (row,) = list_runs(settings=settings)
    assert row.state == "paused"

    events: list[Event] = []
    outcome = resume(row.run_id[:6], settings=settings, on_event=events.append)

    assert outcome.result.run_id == row.run_id
    started = [one.data["node"] for one in events if one.type == "stage.started"]
    assert "triage" not in started
    with open_home(settings.home) as home:
        assert home.journal.verify(row.run_id)


def test_a_run_is_not_resumed_on_another_file(video: Path, tmp_path: Path) -> None:
    settings = quick(tmp_path)
    copy = tmp_path / "yard.mp4"
    shutil.copyfile(video, copy)
    run_id = analyze(copy, settings=settings).result.run_id
    write_video(build_scene("empty", seed=1, duration_s=2.0, size=(96, 72), fps=8.0), copy)

    with pytest.raises(VideoError, match="is not the file that run"):
        resume(run_id, settings=settings)
