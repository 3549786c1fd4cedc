import hashlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import numpy as np
import pytest
from langgraph.checkpoint.memory import InMemorySaver
from numpy.typing import NDArray

from vau_agent.graphs.context import AnalysisContext
from vau_agent.graphs.resume import run_analysis
from vau_agent.memory.embedders.base import Vectors
from vau_agent.memory.home import Home
from vau_agent.results import Event
from vau_agent.schemas import Reflection, ToolCall, Verification
from vau_agent.settings import AnalysisSettings, RetrievalSettings
from vau_agent.testing import anomalous, scripted_backend
from vau_agent.tools.retrieval import Retrieval
from vau_agent.tools.video.synthetic import SyntheticReader

pytest.importorskip("faiss", reason="faiss is not installed: see the extra 'local'")

OpenContext = Callable[..., AbstractContextManager[AnalysisContext]]


class ColourEmbedder:
    """Pictures by their mean colour, texts by chance: a real space of three dimensions."""

    name = "colours"
    digest = hashlib.sha256(b"colours").hexdigest()
    dim = 3

    def embed_images(self, images: Sequence[NDArray[np.uint8]]) -> Vectors:
        return _unit(np.array([image.mean(axis=(0, 1)) for image in images]))

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        seeds = (int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) for text in texts)
        return _unit(np.array([np.random.default_rng(seed).normal(size=3) for seed in seeds]))


def _unit(rows: NDArray[np.float64]) -> Vectors:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


@pytest.fixture
def retrieval(home: Home) -> Callable[[AnalysisContext], Retrieval]:
    def opened(context: AnalysisContext) -> Retrieval:
        return Retrieval(
            embedder=ColourEmbedder(),
            store=home.indexes,
            settings=RetrievalSettings(),
            triage=context.settings.triage,
        )

    return opened


def doubt(*queries: str, calls: int = 0) -> Reflection:
    zoom = ToolCall(tool="zoom", arguments={"start_s": 3.0, "end_s": 5.0})
    return Reflection(text="Was there smoke?", accept=False, queries=queries, calls=(zoom,) * calls)


def test_queries_are_searched_for_and_told_as_events(
    open_context: OpenContext,
    fire: SyntheticReader,
    home: Home,
    retrieval: Callable[[AnalysisContext], Retrieval],
) -> None:
    told: list[Event] = []
    backend = scripted_backend(
        initial=anomalous("fire", 3.0, 6.0, "f1"),
        reflections=[doubt("smoke", "flames"), Reflection(text="Fine.", accept=True)],
        verifications=[Verification(text="Unclear.", verdict=None)],
        revisions=[anomalous("fire", 3.0, 7.0, "f1")],
    )

    with open_context(fire, backend, retrieval=retrieval, on_event=told.append) as context:
        result = run_analysis(context, InMemorySaver())

    hits = [event.data for event in told if event.type == "search.hit"]
    assert [hit["query"] for hit in hits] == ["smoke", "flames"]
    (revised,) = [stage for stage in result.stages if stage.stage == "revise"]
    assert all(hit["notes"][0] in "".join(revised.looks) for hit in hits)
    assert all(hit["frames"] and hit["notes"] for hit in hits)
    started = [event.data["node"] for event in told if event.type == "stage.started"]
    assert started[:3] == ["ingest", "index", "triage"]
    assert result.models.embedder is not None and result.models.embedder.id == "colours"
    assert result.stages[1].calls == ("search_clips(query=smoke)", "search_clips(query=flames)")
    assert len(home.indexes.list()) == 1


def test_queries_count_as_looks_and_what_is_too_much_is_told(
    open_context: OpenContext,
    fire: SyntheticReader,
    retrieval: Callable[[AnalysisContext], Retrieval],
) -> None:
    backend = scripted_backend(
        initial=anomalous("fire", 3.0, 6.0, "f1"),
        reflections=[doubt("smoke", calls=2)],
        verifications=[Verification(text="Unclear.", verdict=None)],
        revisions=[anomalous("fire", 3.0, 6.0, "f1")],
    )
    analysis = AnalysisSettings(frames_per_window=4, frames_per_zoom=2, calls_per_round=2)

    with open_context(fire, backend, retrieval=retrieval, analysis=analysis) as context:
        result = run_analysis(context, InMemorySaver())

    (revised,) = [stage for stage in result.stages if stage.stage == "revise"]
    assert [look.rpartition(": ")[2] for look in revised.looks[:2]] == ["2 frames", "2 frames"]
    assert "search_clips(query=smoke): not carried out: at most 2 looks" in revised.looks[2]
    assert "at most 2 looks" in backend.requests[-1].messages[-1].text


def test_without_an_embedder_a_query_is_answered_with_what_there_is(
    open_context: OpenContext, fire: SyntheticReader
) -> None:
    backend = scripted_backend(
        initial=anomalous("fire", 3.0, 6.0, "f1"),
        reflections=[doubt("smoke")],
        revisions=[anomalous("fire", 3.0, 6.0, "f1")],
    )

    with open_context(fire, backend) as context:
        result = run_analysis(context, InMemorySaver())

    told = backend.requests[-1].messages[-1].text
    assert "no tool 'search_clips'; there is: zoom" in told
    assert result.models.embedder is None
