"""Tiny models for vLLM; where vLLM is not installed, what needs it is skipped."""

from importlib.util import find_spec
from pathlib import Path

import pytest

FAMILIES = ("fastvlm", "qwen2.5-vl")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if find_spec("vllm") is not None:
        return
    skip = pytest.mark.skip(reason="vLLM is not in this environment; scripts/vllm runs these")
    for item in items:
        if item.get_closest_marker("vllm"):
            item.add_marker(skip)


@pytest.fixture
def fastvlm(tiny_models: dict[str, Path]) -> Path:
    return tiny_models["fastvlm"]
