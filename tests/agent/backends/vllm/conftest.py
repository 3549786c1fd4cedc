"""Tiny models for vLLM; where vLLM is not installed, what needs it is skipped."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.agent.backends.tiny_models import build_tiny_fastvlm, build_tiny_qwen25vl

FAMILIES = ("fastvlm", "qwen2.5-vl")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if find_spec("vllm") is not None:
        return
    skip = pytest.mark.skip(reason="vLLM is not in this environment; scripts/vllm runs these")
    for item in items:
        if item.get_closest_marker("vllm"):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One tiny model of each family, with random weights."""
    root = tmp_path_factory.mktemp("models")
    builders = zip(FAMILIES, (build_tiny_fastvlm, build_tiny_qwen25vl), strict=True)
    return {name: build(root / name) for name, build in builders}


@pytest.fixture
def fastvlm(folders: dict[str, Path]) -> Path:
    return folders["fastvlm"]
