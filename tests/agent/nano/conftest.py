from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent.nano.adapters import CARD, Weights, random_weights, write_adapter
from tests.agent.nano.parts import lay_parts

pytest.importorskip("torch", reason="the extra 'local' is not installed")
pytest.importorskip("gguf", reason="the extra 'local' is not installed")


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_parts(tmp_path_factory.mktemp("nano") / "parts")


@pytest.fixture(scope="session")
def base(parts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from vau_agent.agent.nano.build import build_base

    folder = tmp_path_factory.mktemp("nano") / "base"
    build_base(parts, folder)
    return folder


@pytest.fixture(scope="session")
def weights(base: Path) -> Weights:
    return random_weights(base)


@pytest.fixture(scope="session")
def adapter(weights: Weights, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that an adapter may hold, but for the detector, whose graph takes long to write."""
    path = tmp_path_factory.mktemp("nano") / "adapter.safetensors"
    write_adapter(path, weights, CARD)
    return path
