"""nano in vLLM says what it says in transformers: the pulled one, or a tiny one asked alike."""

import shutil
from pathlib import Path
from typing import Final

import pytest

from tests.agent.backends.vllm.support import Drawn, opened, run_python
from vau_agent.agent.backends.base import BackendContext, Completion, GenerationSettings
from vau_agent.agent.backends.factory import open_backend
from vau_agent.agent.nano.profile import NANO_PROFILE, write_profile
from vau_agent.settings import EngineSettings

pytestmark = [pytest.mark.vllm, pytest.mark.slow]

COMPARED: Final = 60
"""Characters; further on, rounding may decide between two tokens that are nearly as likely."""
LONG = GenerationSettings(max_new_tokens=40)
TWIN = """
from tests.agent.backends.vllm.support import Drawn, opened
from vau_agent.agent.backends.base import BackendContext, GenerationSettings
from vau_agent.agent.backends.factory import open_backend
from vau_agent.settings import LocalSettings

context = BackendContext(pictures=Drawn(), local=LocalSettings(engine="torch"))
backend = open_backend("transformers:FOLDER", context)
for frames in (1, 8):
    conversation = opened(frames, words=2, moving=True)
    print(backend.generate(conversation, GenerationSettings(max_new_tokens=40)).model_dump_json())
"""


@pytest.fixture(scope="module", params=["tiny", "pulled"])
def folder(
    request: pytest.FixtureRequest,
    tiny_models: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    if request.param == "pulled":
        pulled: Path = request.getfixturevalue("nano_folder")
        return pulled
    copy = tmp_path_factory.mktemp("nano") / "tiny"
    shutil.copytree(tiny_models["fastvlm"], copy)
    write_profile(copy, NANO_PROFILE)
    return copy


def test_it_writes_in_vllm_what_it_writes_in_transformers(folder: Path) -> None:
    context = BackendContext(pictures=Drawn(), engine=EngineSettings(cpu_cache_mb=128))
    backend = open_backend(f"vllm:{folder}", context)
    asked = [opened(frames, words=2, moving=True) for frames in (1, 8)]
    ours = [backend.generate(one, LONG) for one in asked]

    # In a process of its own: vLLM alters the classes of transformers that it runs.
    twin = run_python(TWIN.replace("FOLDER", str(folder)))
    theirs = [Completion.model_validate_json(line) for line in twin.stdout.splitlines()]

    assert backend.profile == NANO_PROFILE
    assert [one.usage.prompt_tokens for one in ours] == [one.usage.prompt_tokens for one in theirs]
    assert [one.text[:COMPARED] for one in ours] == [one.text[:COMPARED] for one in theirs]
    for one, other in zip(ours, theirs, strict=True):
        assert one.logprobs[0] == pytest.approx(other.logprobs[0], abs=0.01)


def test_in_vllm_too_motion_is_seen(folder: Path) -> None:
    context = BackendContext(pictures=Drawn(), engine=EngineSettings(cpu_cache_mb=128))
    backend = open_backend(f"vllm:{folder}", context)

    moving, still = (
        backend.generate(opened(8, words=2, moving=one), LONG) for one in (True, False)
    )

    assert moving.usage.prompt_tokens == still.usage.prompt_tokens
    assert moving.logprobs[0] != pytest.approx(still.logprobs[0], abs=1e-4)
