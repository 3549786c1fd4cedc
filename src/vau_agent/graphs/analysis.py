"""The analysis graph, assembled in one place."""

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from vau_agent.graphs import nodes, routing
from vau_agent.graphs.context import AnalysisContext
from vau_agent.graphs.stages import recorded
from vau_agent.graphs.state import AnalysisState

AnalysisGraph = CompiledStateGraph[AnalysisState, AnalysisContext, AnalysisState, AnalysisState]

_NODES = {
    "ingest": nodes.ingest,
    "index": nodes.index,
    "triage": nodes.measure_video,
    "initial_reason": nodes.initial_reason,
    "self_reflect": nodes.self_reflect,
    "retrieve": nodes.retrieve,
    "verify": nodes.verify,
    "revise": nodes.revise,
    "close_window": nodes.close_window,
    "decide": nodes.decide,
    "report": nodes.report,
}


def build_analysis(checkpointer: BaseCheckpointSaver[str] | None = None) -> AnalysisGraph:
    """Assemble initial reasoning, self-reflection and revision around their looks at the video."""
    graph = StateGraph(AnalysisState, AnalysisContext)
    for name, node in _NODES.items():
        graph.add_node(name, recorded(name, node))
    graph.add_edge(START, "ingest")
    graph.add_conditional_edges("ingest", routing.route_ingest)
    graph.add_edge("index", "triage")
    graph.add_edge("triage", "initial_reason")
    graph.add_conditional_edges("initial_reason", routing.route_reasoning)
    graph.add_conditional_edges("self_reflect", routing.route_reflection)
    graph.add_conditional_edges("retrieve", routing.route_evidence)
    graph.add_edge("verify", "revise")
    graph.add_conditional_edges("revise", routing.route_revision)
    graph.add_conditional_edges("close_window", routing.route_window)
    graph.add_edge("decide", "report")
    graph.add_edge("report", END)
    return graph.compile(checkpointer=checkpointer)
