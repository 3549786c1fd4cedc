import logging
from pathlib import Path

import numpy as np
import pytest

from tests.tools.keeping import COLOURS, ColourEmbedder
from tests.tools.painted import Painted
from vau_agent.errors import SettingsError
from vau_agent.memory.index_store import IndexStore
from vau_agent.settings import RetrievalSettings, TriageSettings
from vau_agent.tools.retrieval import MAX_QUERY_CHARS, Retrieval
from vau_agent.tools.video.base import Image


def retrieval(
    tmp_path: Path,
    embedder: ColourEmbedder | None = None,
    settings: RetrievalSettings | None = None,
) -> Retrieval:
    return Retrieval(
        embedder=embedder or ColourEmbedder(),
        store=IndexStore(root=tmp_path),
        settings=settings or RetrievalSettings(),
        triage=TriageSettings(),
    )


def yard() -> Painted:
    colours = {0.0: "grey", 10.0: "red", 14.0: "grey", 30.0: "blue", 33.0: "grey"}
    return Painted(duration_s=40, colours=colours)


def painted(name: str) -> Image:
    return np.full((48, 64, 3), COLOURS[name], dtype=np.uint8)


def test_a_search_gives_the_moment_and_calls_it_strong(tmp_path: Path) -> None:
    opened = retrieval(tmp_path)

    best, *others = opened.search(opened.index(yard()), "something red")

    assert (best.segment.start, best.segment.end, best.peak) == (10, 14, 10)
    assert best.strong
    assert not any(one.strong for one in others)
    assert best.score == pytest.approx(1, abs=1e-3)


def test_nothing_like_it_is_no_strong_match(tmp_path: Path) -> None:
    opened = retrieval(tmp_path)

    moments = opened.search(opened.index(yard()), "a purple submarine in the desert")

    assert moments
    assert not any(one.strong for one in moments)


def test_neighbouring_frames_are_one_moment(tmp_path: Path) -> None:
    colours = {0.0: "grey", 10.0: "red", 11.0: "yellow", 12.0: "red", 20.0: "grey"}
    opened = retrieval(tmp_path, settings=RetrievalSettings(fps=2))

    moments = opened.search(opened.index(Painted(duration_s=30, colours=colours)), "red yellow")

    assert [(one.segment.start, one.segment.end) for one in moments] == [(10, 20)]


def test_an_index_is_built_once_and_then_loaded(tmp_path: Path) -> None:
    embedder = ColourEmbedder()
    first = retrieval(tmp_path, embedder).index(yard())
    embedded = embedder.images_embedded

    again = retrieval(tmp_path, embedder).index(yard())

    assert embedder.images_embedded == embedded > 0
    assert again.frames == first.frames


@pytest.mark.parametrize(
    ("embedder", "settings"),
    [
        (ColourEmbedder(digest="d" * 64), RetrievalSettings()),
        (ColourEmbedder(), RetrievalSettings(fps=2)),
    ],
)
def test_an_index_of_another_embedder_or_sampling_is_not_used(
    tmp_path: Path, embedder: ColourEmbedder, settings: RetrievalSettings
) -> None:
    retrieval(tmp_path).index(yard())

    retrieval(tmp_path, embedder, settings).index(yard())

    assert embedder.images_embedded > 0
    assert len(IndexStore(root=tmp_path).list()) == 2


def test_a_damaged_index_is_built_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    opened = retrieval(tmp_path)
    opened.index(yard())
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-7])

    with caplog.at_level(logging.WARNING):
        index = opened.index(yard())

    assert len(index) > 1
    assert "damaged" in caplog.text
    assert retrieval(tmp_path).find(yard()) is not None


def test_force_builds_anew(tmp_path: Path) -> None:
    embedder = ColourEmbedder()
    opened = retrieval(tmp_path, embedder)
    opened.index(yard())
    before = embedder.images_embedded

    opened.index(yard(), force=True)

    assert embedder.images_embedded == 2 * before


def test_several_videos_are_searched_at_once(tmp_path: Path) -> None:
    opened = retrieval(tmp_path)
    gate = Painted(duration_s=20, colours={0: "grey", 5: "green"}, sha256="b" * 64)
    indexes = [opened.index(yard()), opened.index(gate)]

    best, *_ = opened.search(indexes, "green", 3)

    assert best.video.video_sha256 == "b" * 64
    assert (best.segment.start, best.segment.end) == (5, 20)
    assert best.strong


@pytest.mark.parametrize("count", [1, 3])
def test_no_more_moments_are_given_than_were_asked_for(tmp_path: Path, count: int) -> None:
    opened = retrieval(tmp_path)
    colours = {float(at): ("red", "grey")[at % 2] for at in range(20)}

    moments = opened.search(opened.index(Painted(duration_s=20, colours=colours)), "red", count)

    assert len(moments) == count


def test_no_video_gives_no_moment(tmp_path: Path) -> None:
    assert retrieval(tmp_path).search((), "red") == ()
    assert retrieval(tmp_path).search_like((), painted("red")) == ()


@pytest.mark.parametrize("query", ["", "  \n\t "])
def test_an_empty_query_is_named(tmp_path: Path, query: str) -> None:
    opened = retrieval(tmp_path)
    with pytest.raises(SettingsError, match="the query is empty"):
        opened.search(opened.index(yard()), query)


@pytest.mark.parametrize(("more", "refused"), [(0, False), (1, True)])
def test_the_longest_query_holds_from_both_sides(tmp_path: Path, more: int, refused: bool) -> None:
    opened, query = retrieval(tmp_path), "x" * (MAX_QUERY_CHARS + more)
    index = opened.index(yard())
    if refused:
        with pytest.raises(SettingsError, match="301 characters"):
            opened.search(index, query)
    else:
        assert opened.search(index, query)


def test_a_picture_finds_its_like_and_not_itself(tmp_path: Path) -> None:
    opened = retrieval(tmp_path)
    colours = {0.0: "grey", 5.0: "red", 8.0: "grey", 20.0: "red", 23.0: "grey"}
    reader = Painted(duration_s=30, colours=colours)

    best, *others = opened.search_like(
        [opened.index(reader)], painted("red"), but=(reader.sha256, 6.0)
    )

    assert (best.segment.start, best.segment.end) == (20, 23)
    assert best.strong
    assert all(one.segment.start != 5 for one in others)


def test_a_picture_of_what_is_not_there_has_no_strong_match(tmp_path: Path) -> None:
    opened = retrieval(tmp_path)

    moments = opened.search_like([opened.index(yard())], painted("yellow"))

    assert moments
    assert not any(one.strong for one in moments)
