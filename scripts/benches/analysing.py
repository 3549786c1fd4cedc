"""One analysis with a policy of the bench's choice."""

import time

from langgraph.checkpoint.memory import InMemorySaver

from vau_agent.agent.backends.base import Backend
from vau_agent.graphs.budget import Budget
from vau_agent.graphs.context import AnalysisContext
from vau_agent.graphs.opening import open_retrieval
from vau_agent.graphs.recorder import Recorder
from vau_agent.graphs.resume import run_analysis
from vau_agent.graphs.toolbox import build_tools
from vau_agent.memory.home import Home
from vau_agent.memory.leases import this_process
from vau_agent.results import Result
from vau_agent.settings import Settings
from vau_agent.tools.video.base import VideoReader


def analyse(
    reader: VideoReader, backend: Backend, *, settings: Settings, home: Home, run_id: str
) -> Result:
    """Run the graph over one video and give its result; no folder is written."""
    home.journal.create_run(run_id, {"name": run_id})
    retrieval = open_retrieval(settings, home.indexes)
    with home.journal.hold(run_id, this_process(), 60.0) as lease:
        recorder = Recorder(home.journal, lease, timer=time.perf_counter)
        context = AnalysisContext(
            settings=settings,
            backend=backend,
            tools=build_tools(settings, retrieval),
            blobs=home.blobs,
            recorder=recorder,
            budget=Budget(settings.budget, recorder),
            reader=reader,
            retrieval=retrieval,
            on_progress=lambda stage, share: None,
        )
        return run_analysis(context, InMemorySaver())
