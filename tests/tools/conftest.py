from collections.abc import Callable

import pytest

from vau_agent.settings import TriageSettings
from vau_agent.tools.triage import TriageResult, triage
from vau_agent.tools.video.scenes.kinds import build_scene
from vau_agent.tools.video.scenes.scene import Scene
from vau_agent.tools.video.synthetic import SyntheticReader

Triaged = Callable[[str], tuple[Scene, TriageResult]]


@pytest.fixture(scope="session")
def triaged() -> Triaged:
    """Triage a rendered scene of a kind, once a session."""
    known: dict[str, tuple[Scene, TriageResult]] = {}

    def run(kind: str) -> tuple[Scene, TriageResult]:
        if kind not in known:
            scene = build_scene(kind, seed=1, duration_s=14, fps=10, size=(192, 144))
            known[kind] = scene, triage(SyntheticReader(scene=scene), TriageSettings())
        return known[kind]

    return run
