from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tools.keeping import ColourEmbedder
from tests.tools.painted import Painted
from vau_agent.errors import SettingsError
from vau_agent.memory.home import Home, open_home
from vau_agent.searching import VideoSearch
from vau_agent.settings import RetrievalSettings, Settings, TriageSettings
from vau_agent.tools.retrieval import Retrieval

GATE = Painted(duration_s=20, colours={0: "grey", 5: "red"})
YARD = Painted(duration_s=20, colours={0: "grey", 8: "blue", 9: "grey"}, sha256="b" * 64)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with open_home(tmp_path / "home") as opened:
        yield opened


def search_in(
    home: Home,
    *,
    embedder: str = "colours",
    digest: str = "c" * 64,
    settings: RetrievalSettings | None = None,
) -> VideoSearch:
    retrieval = Retrieval(
        embedder=ColourEmbedder(name=embedder, digest=digest),
        store=home.indexes,
        settings=settings or RetrievalSettings(),
        triage=TriageSettings(),
    )
    return VideoSearch(settings=Settings(home=home.root), home=home, retrieval=retrieval)


def test_every_searchable_video_is_searched_once(home: Home) -> None:
    opened = search_in(home)
    for reader in (GATE, YARD):
        opened.retrieval.index(reader)
    search_in(home, settings=RetrievalSettings(fps=2)).retrieval.index(GATE)

    report = opened.find("blue", count=2)

    assert report.searched == 2
    assert report.strong
    assert (report.moments[0].sha256, report.moments[0].start_s) == ("b" * 64, 8)
    assert report.not_searched == ()
    assert len(report.moments) == 2


@pytest.mark.parametrize(("embedder", "ranked_only"), [("conse", True), ("colours", False)])
def test_what_a_strong_match_is_worth_depends_on_the_embedder(
    home: Home, embedder: str, ranked_only: bool
) -> None:
    opened = search_in(home, embedder=embedder)
    opened.retrieval.index(GATE)

    assert opened.find("red").ranked_only is ranked_only


def test_without_a_searchable_video_it_is_told_how_to_begin(home: Home) -> None:
    with pytest.raises(SettingsError, match="begin with 'vau-agent index VIDEO'"):
        search_in(home).find("red")


def test_an_index_of_another_embedder_is_named_and_not_searched(home: Home) -> None:
    search_in(home, digest="d" * 64).retrieval.index(
        GATE, source=Path("gate.mp4"), on_progress=None
    )

    report = search_in(home).find("red")

    assert (report.searched, report.moments, report.strong) == (0, (), False)
    (missed,) = report.not_searched
    assert missed.video == "gate.mp4"
    assert "indexed with 'colours'" in missed.reason


def test_a_video_with_an_index_of_each_embedder_is_searched(home: Home) -> None:
    for digest in ("c" * 64, "d" * 64):
        search_in(home, digest=digest).retrieval.index(GATE)

    report = search_in(home).find("red")

    assert report.searched == 1
    assert report.not_searched == ()


def test_a_damaged_index_is_named_and_the_others_are_searched(home: Home) -> None:
    opened = search_in(home)
    opened.retrieval.index(YARD)
    opened.retrieval.index(GATE, source=Path("gate.mp4"))
    (path,) = (home.root / "indexes").glob("a*")
    content = bytearray(path.read_bytes())
    content[-1] ^= 255
    path.write_bytes(content)

    report = opened.find("blue")

    assert report.searched == 1
    (missed,) = report.not_searched
    assert missed.video == "gate.mp4"
    assert "damaged" in missed.reason


def test_an_analysed_video_that_was_never_indexed_is_named(home: Home) -> None:
    opened = search_in(home)
    opened.retrieval.index(GATE)
    home.journal.create_run("run", {"name": "hall.mp4", "sha256": "e" * 64})

    (missed,) = opened.find("red").not_searched

    assert (missed.video, "never indexed" in missed.reason) == ("hall.mp4", True)


@pytest.mark.parametrize("example", ["", "f7", "run:", "run:7", ":f7", "run:f7:f8"])
def test_what_names_no_frame_is_refused(home: Home, example: str) -> None:
    with pytest.raises(SettingsError, match="names no frame; give RUN:FRAME"):
        search_in(home).find_like(example)
