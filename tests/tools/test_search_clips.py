from pathlib import Path

import pytest

from tests.tools.keeping import ColourEmbedder, Keeper
from tests.tools.painted import Painted
from vau_agent.errors import ToolArgumentError, ToolExecutionError
from vau_agent.memory.index_store import IndexStore
from vau_agent.schemas import Evidence, ToolCall
from vau_agent.settings import RetrievalSettings, TriageSettings
from vau_agent.tools.base import Tool
from vau_agent.tools.retrieval import Retrieval
from vau_agent.tools.search_clips import SearchClips

COLOURS = {0.0: "grey", 10.0: "red", 14.0: "grey", 24.0: "red", 26.0: "grey"}


def tool(home: Path, embedder: str) -> Tool:
    retrieval = Retrieval(
        embedder=ColourEmbedder(name=embedder),
        store=IndexStore(root=home),
        settings=RetrievalSettings(),
        triage=TriageSettings(),
    )
    return SearchClips(retrieval, count=3, frames=2)


def _search(
    home: Path, *, duration_s: float = 40, embedder: str = "colours", **arguments: object
) -> Evidence:
    reader = Painted(duration_s=duration_s, colours=COLOURS)
    call = ToolCall(tool="search_clips", arguments=arguments)
    result = tool(home, embedder).run(call, reader=reader, keep_frames=Keeper())
    assert result.evidence is not None
    return result.evidence


def test_a_match_brings_its_moments_and_frames_in_order(tmp_path: Path) -> None:
    evidence = _search(tmp_path, query="red")

    (measurement,) = evidence.measurements
    assert measurement.notes[1:3] == (
        "10.0-14.0 s, best at 10.0 s: score 1.000, strong",
        "24.0-26.0 s, best at 24.0 s: score 1.000, strong",
    )
    assert [frame.timestamp for frame in evidence.frames] == [10, 24]
    assert not measurement.seeks_events


def test_no_match_is_said_and_only_the_nearest_moment_is_shown(tmp_path: Path) -> None:
    evidence = _search(tmp_path, query="a purple submarine in the desert")

    (note,) = evidence.measurements[0].notes
    assert "no strong match" in note
    assert '"a purple submarine in the desert"' in note
    assert len(evidence.frames) == 1


@pytest.mark.parametrize("query", ["red", "a purple submarine in the desert"])
def test_an_embedder_that_only_ranks_is_not_believed(tmp_path: Path, query: str) -> None:
    plain = _search(tmp_path / "plain", query=query).measurements[0].notes
    ranked = _search(tmp_path / "ranked", query=query, embedder="conse").measurements[0].notes

    assert len(ranked) == len(plain) + 1
    assert ranked[-1].startswith("this search only ranks moments")


def test_the_index_is_kept_for_the_next_question(tmp_path: Path) -> None:
    _search(tmp_path, query="red")

    assert len(IndexStore(root=tmp_path).list()) == 1


@pytest.mark.parametrize(("count", "refused"), [(3, False), (4, True)])
def test_the_most_moments_hold_from_both_sides(tmp_path: Path, count: int, refused: bool) -> None:
    if refused:
        with pytest.raises(ToolArgumentError, match="count is 4, and 3 is the most"):
            _search(tmp_path, query="red", count=count)
    else:
        assert _search(tmp_path, query="red", count=count)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "query"),
        ({"query": " "}, "the query is empty"),
        ({"query": "x" * 301}, "301 characters"),
        ({"query": "red", "count": 0}, "count is 0"),
        ({"query": "red", "start_s": 2}, "start_s"),
    ],
)
def test_a_wrong_call_is_named(tmp_path: Path, arguments: dict[str, object], said: str) -> None:
    with pytest.raises(ToolArgumentError, match="search_clips") as raised:
        _search(tmp_path, **arguments)  # type: ignore[arg-type] # what a policy may write
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_video_that_cannot_be_decoded_fails_for_good(tmp_path: Path) -> None:
    with pytest.raises(ToolExecutionError, match="could not be searched"):
        _search(tmp_path, duration_s=0, query="red")
