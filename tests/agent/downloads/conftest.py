"""A wheel, the index that serves it, and a pip that knows no other."""

from collections.abc import Iterator

import pytest

from tests.agent.downloads.shelf import Shelf, Wheel, make_wheel, open_shelf


@pytest.fixture(scope="session")
def wheel() -> Wheel:
    return make_wheel()


@pytest.fixture
def shelf(wheel: Wheel) -> Iterator[Shelf]:
    with open_shelf(wheel) as shelf:
        yield shelf


@pytest.fixture
def only_index(monkeypatch: pytest.MonkeyPatch, shelf: Shelf) -> Shelf:
    """Let pip know this index and nothing else of the machine."""
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX", "PIP_CERT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("PIP_INDEX_URL", shelf.simple)
    return shelf
