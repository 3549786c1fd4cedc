from dataclasses import replace
from pathlib import Path

from langgraph.runtime import Runtime

from tests.graphs.conftest import OpenContext
from tests.tools.keeping import ColourEmbedder
from tests.tools.painted import Painted
from vau_agent.agent.backends.rules.backend import RulesBackend
from vau_agent.graphs.context import AnalysisContext
from vau_agent.graphs.nodes import index, measure_video
from vau_agent.graphs.state import initial_state
from vau_agent.memory.index_store import IndexStore
from vau_agent.settings import RetrievalSettings
from vau_agent.tools.retrieval import Retrieval
from vau_agent.tools.triage import TriageResult


def _measured(context: AnalysisContext, *, searchable: bool) -> TriageResult:
    state, runtime = initial_state("run"), Runtime(context=context)
    if searchable:
        index(state, runtime)
    return context.triage({**state, **measure_video(state, runtime)})


def test_a_searchable_video_is_told_how_new_its_moments_look(
    open_context: OpenContext, tmp_path: Path
) -> None:
    colours = {float(at): ("grey", "blue")[at % 2] for at in range(40)} | {20.0: "red"}
    reader = Painted(duration_s=40, colours=colours)
    with open_context(reader, RulesBackend()) as context:
        retrieval = Retrieval(
            embedder=ColourEmbedder(),
            store=IndexStore(root=tmp_path),
            settings=RetrievalSettings(),
            triage=context.settings.triage,
        )
        plain = _measured(context, searchable=False)
        searchable = _measured(replace(context, retrieval=retrieval), searchable=True)

    newest = max(searchable.curve, key=lambda point: point.cues.get("appearance", 0.0))
    assert 19 <= newest.timestamp <= 21
    assert newest.cues["appearance"] > 0.5
    assert not any("appearance" in point.cues for point in plain.curve)
    assert searchable.candidates == plain.candidates
