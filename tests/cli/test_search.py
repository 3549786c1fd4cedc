"""`index` and `search` with the real embedder on rendered videos."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.support import Run, draw
from vau_agent.cli.main import main
from vau_agent.cli.search import lines_of
from vau_agent.searching import FoundMoment, NotSearched, SearchReport

pytestmark = pytest.mark.slow


def report_of(
    *,
    strong: bool,
    query: str | None = None,
    like: str | None = None,
    ranked_only: bool = False,
) -> SearchReport:
    moment = FoundMoment(
        video="yard.mp4",
        path=None,
        sha256="a" * 64,
        start_s=1.0,
        end_s=2.0,
        peak_s=1.5,
        score=0.4,
        strong=strong,
    )
    return SearchReport(
        query=query,
        like=like,
        embedder="conse",
        moments=(moment,),
        strong=strong,
        ranked_only=ranked_only,
        searched=1,
    )


@pytest.fixture(autouse=True)
def _models(monkeypatch: pytest.MonkeyPatch, models_folder: Path) -> None:
    monkeypatch.setenv("VAU_MODEL_DIR", str(models_folder))


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two videos and a file that is none."""
    folder = tmp_path_factory.mktemp("archive")
    draw(folder / "yard.mp4", kind="fire", seed=1, seconds=8.0)
    draw(folder / "gate.mp4", kind="walking", seed=2, seconds=4.0)
    (folder / "zz-broken.mp4").write_bytes(b"\0" * 4096)
    return folder


@pytest.fixture(scope="module")
def indexed(archive: Path, tmp_path_factory: pytest.TempPathFactory, models_folder: Path) -> Path:
    """A home in which both videos are searchable; not to be changed."""
    home = tmp_path_factory.mktemp("searchable")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("VAU_MODEL_DIR", str(models_folder))
        environment.setenv("VAU_CONFIG", str(home / "config.toml"))
        files = [str(archive / name) for name in ("yard.mp4", "gate.mp4")]
        assert main(["index", *files, "--home", str(home), "--quiet"]) == 0
    return home


def test_a_batch_with_a_bad_file_goes_on_and_ends_with_5(
    run: Run, archive: Path, tmp_path: Path
) -> None:
    said = run("index", archive, "--json", "--home", tmp_path / "home")

    assert said.code == 5
    documents = [json.loads(line) for line in said.out.splitlines()]
    assert [one["video"] for one in documents] == ["gate.mp4", "yard.mp4"]
    assert all(one["entries"] >= 1 and one["embedder"] == "conse" for one in documents)
    assert said.err.splitlines()[-1].startswith("failed: ")
    assert "zz-broken.mp4" in said.err


def test_a_single_bad_file_has_its_own_exit_code(run: Run, archive: Path) -> None:
    said = run("index", archive / "zz-broken.mp4")

    assert said.code == 3
    assert said.out == ""


def test_what_is_indexed_is_left_as_it_is_unless_forced(
    run: Run, archive: Path, indexed: Path, tmp_path: Path
) -> None:
    home = tmp_path / "copy"
    shutil.copytree(indexed, home)

    known = json.loads(run("index", archive / "yard.mp4", "--home", home, "--json").out)
    forced = json.loads(run("index", archive / "yard.mp4", "--home", home, "--json", "--force").out)

    assert known["reused"] is True
    assert forced["reused"] is False
    assert {**known, "reused": False} == forced


def test_a_search_ranks_the_burning_yard_first(run: Run, indexed: Path) -> None:
    report = json.loads(
        run("search", "flames and smoke", "--home", indexed, "-n", "3", "--json").out
    )

    assert report["moments"][0]["video"] == "yard.mp4"
    assert report["searched"] == 2
    assert report["not_searched"] == []
    assert len(report["moments"]) == 3
    assert [one["score"] for one in report["moments"]] == sorted(
        (one["score"] for one in report["moments"]), reverse=True
    )
    assert report["strong"] is any(one["strong"] for one in report["moments"])


def test_a_query_about_nothing_there_has_no_strong_match(run: Run, indexed: Path) -> None:
    said = run("search", "a penguin playing the piano", "--home", indexed)

    assert said.code == 0
    title, judged, worth, *moments = said.out.splitlines()
    assert title == '"a penguin playing the piano" in 2 videos (conse)'
    assert judged == "no strong match: unrelated words come as close. Nearest first:"
    assert worth.startswith("(conse only ranks: strong or not says little")
    assert moments


def test_one_video_can_be_searched_without_indexing_it_first(
    run: Run, archive: Path, tmp_path: Path
) -> None:
    said = run("search", "flames", "--video", archive / "yard.mp4", "--home", tmp_path, "--json")

    assert said.code == 0
    assert json.loads(said.out)["searched"] == 1
    assert list((tmp_path / "indexes").iterdir())


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["search", ""], 2, "the query is empty"),
        (["search", "flames"], 2, "no video is searchable yet; begin with 'vau-agent index VIDEO'"),
        (["search"], 2, "give words or --like"),
        (["search", "flames", "--like", "latest:f1"], 2, "not both"),
        (["search", "--like", "f1"], 2, "names no frame; give RUN:FRAME"),
        (["search", "--like", "latest:f1"], 1, "no finished run yet"),
        (["search", "flames", "--embedder", "off"], 2, "nothing can be searched"),
        (["search", "flames", "--embedder", "nope"], 2, "unknown embedder 'nope'"),
        (["search", "flames", "--video", "absent.mp4"], 3, "absent.mp4"),
    ],
)
def test_what_cannot_be_searched_is_named_in_one_line(
    run: Run, arguments: list[str], code: int, told: str
) -> None:
    said = run(*arguments)

    assert said.code == code
    assert said.out == ""
    assert told in said.err
    assert len(said.err.splitlines()) == 1


def test_without_the_embedder_it_is_told_how_to_get_it(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAU_MODEL_DIR", str(tmp_path / "none"))

    said = run("search", "flames")

    assert said.code == 7
    assert "vau-agent models pull conse" in said.err


def test_a_frame_of_a_run_finds_its_like(
    run: Run, archive: Path, indexed: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(indexed, home)
    place = ("--home", home, "--out", tmp_path / "out", "--quiet")
    assert run("analyze", archive / "yard.mp4", *place).code == 0

    said = run("search", "--like", "latest:f1", "--home", home, "--json")
    absent = run("search", "--like", "latest:f999", "--home", home)

    report = json.loads(said.out)
    assert report["like"] == "latest:f1"
    assert report["moments"][0]["video"] == "yard.mp4"
    assert report["moments"][0]["strong"]
    assert absent.code == 2
    assert "has no frame 'f999'" in absent.err


@pytest.mark.parametrize(
    ("report", "told"),
    [
        (
            report_of(query="fire", strong=False),
            ["no strong match: unrelated words come as close. Nearest first:"],
        ),
        (
            report_of(like="latest:f1", strong=False),
            ["no strong match: moments of one video are usually more alike. Nearest first:"],
        ),
        (report_of(query="fire", strong=True), []),
        (
            report_of(query="fire", strong=True, ranked_only=True),
            [
                "(conse only ranks: strong or not says little about what is there; look for "
                "yourself)"
            ],
        ),
    ],
)
def test_what_a_match_is_worth_is_told_before_the_moments(
    report: SearchReport, told: list[str]
) -> None:
    _, *judged, moment = lines_of(report)

    assert judged == told
    assert ("strong" in moment) is report.strong
    assert "score 0.400" in moment


def test_nothing_found_is_said_in_one_line() -> None:
    report = report_of(query="fire", strong=False, ranked_only=True)

    assert lines_of(report.model_copy(update={"moments": ()}))[1:] == ["no strong match"]


def test_what_was_not_searched_is_told_last() -> None:
    missed = NotSearched(video="hall.mp4", reason="it was analysed, but never indexed")
    report = report_of(query="fire", strong=True).model_copy(update={"not_searched": (missed,)})

    assert lines_of(report)[-1] == "not searched: hall.mp4: it was analysed, but never indexed"
