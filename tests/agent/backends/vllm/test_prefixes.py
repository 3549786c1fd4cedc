"""How much of the real prompts is read anew when a window is judged, doubted and judged again."""

from itertools import pairwise
from pathlib import Path

import pytest

from tests.agent.backends.vllm.conftest import FAMILIES
from tests.agent.backends.vllm.support import Drawn
from vau_agent.agent.backends.base import BackendContext, Completion, GenerationSettings
from vau_agent.agent.backends.factory import open_backend
from vau_agent.agent.backends.scripted import ScriptedBackend
from vau_agent.agent.conversation import Conversation
from vau_agent.agent.policy import Policy
from vau_agent.schemas import Segment
from vau_agent.settings import EngineSettings
from vau_agent.testing import ImaginedVideo, anomalous, candidate, doubt, scripted_backend

pytestmark = [pytest.mark.vllm, pytest.mark.slow]


def asked_in_a_window(frames: int) -> tuple[Conversation, ...]:
    """What a policy is asked when it judges, doubts, looks closer (8 frames), and judges again."""
    backend: ScriptedBackend = scripted_backend(
        initial=anomalous("fighting", 16, 28, "f1", "f2"),
        reflections=[doubt("The start looks late.", Segment(start=12, end=18))],
        revisions=[anomalous("fighting", 14.5, 28, "f1", "f2")],
    )
    policy = Policy(backend=backend, run_id="run-1")
    video = ImaginedVideo()
    seen = video.triage(candidate(16, 28, {"motion": 0.9, "erratic": 0.7}), step=40 / frames)
    reflected = policy.self_reflect(policy.initial_reason(seen).conversation)
    policy.revise(reflected.conversation, [video.zoom(12, 18, candidate(14.5, 18, motion=0.8))])
    return backend.requests


@pytest.mark.parametrize("frames", [8, 16])
@pytest.mark.parametrize("family", FAMILIES)
def test_of_a_longer_conversation_only_what_was_appended_is_read(
    tiny_models: dict[str, Path],
    family: str,
    frames: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    engine = EngineSettings(cpu_cache_mb=256)
    backend = open_backend(
        f"vllm:{tiny_models[family]}", BackendContext(pictures=Drawn(frames), engine=engine)
    )
    written = GenerationSettings(max_new_tokens=8)
    calls = [backend.generate(asked, written) for asked in asked_in_a_window(frames)]

    told = ", ".join(_share(call) for call in calls)
    with capsys.disabled():
        print(f"\n{family}, {frames} frames: cached of prompt {told}")  # noqa: T201 - the figure that docs/vllm.md shows
    for before, after in pairwise(calls):
        assert after.usage.cached_tokens >= before.usage.prompt_tokens - 32


def _share(call: Completion) -> str:
    usage = call.usage
    share = usage.cached_tokens / usage.prompt_tokens
    return f"{usage.cached_tokens}/{usage.prompt_tokens} ({share:.0%})"
