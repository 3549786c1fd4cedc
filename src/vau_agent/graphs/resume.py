"""Where a run goes on, and when it has ended.

A run has ended when the journal holds its terminal record, and only then: one that a limit stopped
has a partial result and has not ended. LangGraph's own "nothing
next" is not asked: it is also true while writes are pending. A checkpoint that cannot be read is
dropped: the journal still holds every answer of the policy, so nothing is asked twice.
"""

import logging
from typing import Any, Final, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver

from vau_agent.errors import BudgetExceededError, CheckpointError
from vau_agent.graphs.analysis import build_analysis
from vau_agent.graphs.context import AnalysisContext
from vau_agent.graphs.state import AnalysisState, initial_state
from vau_agent.graphs.stopping import partial_result
from vau_agent.memory.home import Home
from vau_agent.memory.journal import RUN_FINISHED, RUN_STOPPED
from vau_agent.results import Result

_LOG = logging.getLogger(__name__)
_RECURSION_LIMIT: Final = 10_000
"""Above any run's number of steps: windows and rounds are bounded by settings."""


def run_analysis(context: AnalysisContext, checkpointer: BaseCheckpointSaver[str]) -> Result:
    """Run, or go on with, one analysis to its end or to a limit, and record that it ended."""
    recorder = context.recorder
    run_id = recorder.run_id
    config: RunnableConfig = {
        "configurable": {"thread_id": run_id},
        "recursion_limit": _RECURSION_LIMIT,
    }
    card = context.backend.card
    started = {"policy": context.backend.name, "endpoint": card.endpoint}
    recorder.emit("run.started", "run.started", started)
    graph = build_analysis(checkpointer)
    try:
        state = graph.invoke(
            None if _has_checkpoint(checkpointer, config, run_id) else initial_state(run_id),
            config,
            context=context,
            durability="sync",
        )
    except BudgetExceededError as error:
        stopped = cast(AnalysisState, graph.get_state(config).values)
        return _stop(stopped, context, str(error))
    result = Result.model_validate(context.blobs.get_json(state["result_blob"]))
    recorder.emit(RUN_FINISHED, RUN_FINISHED, _ending(result, state["result_blob"]))
    # The journal holds the result now; the cache of a finished run only takes space.
    checkpointer.delete_thread(run_id)
    return result


def _stop(state: AnalysisState, context: AnalysisContext, why: str) -> Result:
    """Record that a limit ended the run here; its checkpoint stays, to be gone on from."""
    result = partial_result(state, context, why)
    blob = context.blobs.put_json(result.model_dump(mode="json", by_alias=True))
    number = sum(1 for record in context.recorder.records() if record.kind == RUN_STOPPED)
    context.recorder.emit(
        RUN_STOPPED, f"{RUN_STOPPED}/{number}", {**_ending(result, blob), "reason": why}
    )
    return result


def _ending(result: Result, blob: str) -> dict[str, Any]:
    return {
        "result_blob": blob,
        "label": result.verdict.label,
        "category": result.verdict.category,
        "events": len(result.events),
    }


def stopped_result(home: Home, run_id: str) -> Result | None:
    """Give the latest partial result of a run that a limit ended, else `None`."""
    ends = [one for one in home.journal.records(run_id) if one.kind == RUN_STOPPED]
    if not ends:
        return None
    return Result.model_validate(home.blobs.get_json(str(ends[-1].body["result_blob"])))


def finished_result(home: Home, run_id: str) -> Result | None:
    """Give the result of a run that has ended, else `None`."""
    end = home.journal.find(run_id, RUN_FINISHED)
    if end is None:
        return None
    return Result.model_validate(home.blobs.get_json(str(end.body["result_blob"])))


def _has_checkpoint(
    checkpointer: BaseCheckpointSaver[str], config: RunnableConfig, run_id: str
) -> bool:
    try:
        return checkpointer.get_tuple(config) is not None
    except CheckpointError as error:
        _LOG.warning("checkpoint of run %s dropped: %s", run_id, error)
        checkpointer.delete_thread(run_id)
        return False
