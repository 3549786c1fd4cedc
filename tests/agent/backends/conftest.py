from pathlib import Path

import pytest

from tests.agent.backends.tiny_models import build_tiny_fastvlm, build_tiny_qwen25vl


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One tiny model of each family, with random weights.

    Both are built before any is used: vLLM's engine, once started, alters transformers' classes.
    """
    root = tmp_path_factory.mktemp("tiny-models")
    builders = {"fastvlm": build_tiny_fastvlm, "qwen2.5-vl": build_tiny_qwen25vl}
    return {family: build(root / family) for family, build in builders.items()}
