from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from vau_agent.agent.backends.base import Backend
from vau_agent.graphs.budget import Budget
from vau_agent.graphs.context import AnalysisContext
from vau_agent.graphs.recorder import Recorder
from vau_agent.graphs.toolbox import build_tools
from vau_agent.memory.home import Home, open_home
from vau_agent.memory.leases import this_process
from vau_agent.results import Event
from vau_agent.settings import AnalysisSettings, BudgetSettings, Settings, TriageSettings
from vau_agent.tools.base import Meter
from vau_agent.tools.retrieval import Retrieval
from vau_agent.tools.video.base import VideoReader
from vau_agent.tools.video.scenes.kinds import build_scene
from vau_agent.tools.video.synthetic import SyntheticReader

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
OpenContext = Callable[..., AbstractContextManager[AnalysisContext]]


@pytest.fixture(scope="session")
def fire() -> SyntheticReader:
    scene = build_scene("fire", seed=3, duration_s=8.0, size=(96, 72), fps=8.0)
    return SyntheticReader(scene=scene)


@pytest.fixture(scope="session")
def empty() -> SyntheticReader:
    scene = build_scene("empty", seed=3, duration_s=8.0, size=(96, 72), fps=8.0)
    return SyntheticReader(scene=scene)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with open_home(tmp_path / "home", clock=lambda: NOON) as opened:
        yield opened


@pytest.fixture
def open_context(home: Home) -> OpenContext:
    """Open the context of a run on a reader, with a policy and settings of the test's choice."""

    @contextmanager
    def opened(
        reader: VideoReader,
        backend: Backend,
        *,
        analysis: AnalysisSettings | None = None,
        budget: BudgetSettings | None = None,
        timer: Callable[[], float] = lambda: 0.0,
        retrieval: Callable[[AnalysisContext], Retrieval] | None = None,
        detector: Meter | None = None,
        run_id: str = "run",
        on_event: Callable[[Event], None] | None = None,
    ) -> Iterator[AnalysisContext]:
        settings = Settings(
            home=home.root,
            triage=TriageSettings(longest_side=48, fps=4, zoom_fps=4, zoom_longest_side=48),
            analysis=analysis or AnalysisSettings(frames_per_window=4, frames_per_zoom=2),
            budget=budget or BudgetSettings(),
        )
        home.journal.create_run(run_id, {"name": "scene.mp4"})
        with home.journal.hold(run_id, this_process(), 60.0) as lease:
            recorder = Recorder(home.journal, lease, timer=timer, on_event=on_event)
            context = AnalysisContext(
                settings=settings,
                backend=backend,
                tools=build_tools(settings, None, profile=backend.profile, detector=detector),
                detector=detector,
                blobs=home.blobs,
                recorder=recorder,
                budget=Budget(settings.budget, recorder),
                reader=reader,
                on_progress=lambda stage, share: None,
            )
            if retrieval is not None:
                searching = retrieval(context)
                tools = build_tools(settings, searching)
                context = replace(context, retrieval=searching, tools=tools)
            yield context

    return opened
