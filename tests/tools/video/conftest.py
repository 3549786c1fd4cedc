"""Readers and files that the tests of this folder share."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tools.video.barcoded import Kind, encode


@pytest.fixture(scope="session")
def file_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Kind], Path]:
    """Give the file of a kind, encoding it the first time."""
    folder = tmp_path_factory.mktemp("kinds")
    made: dict[str, Path] = {}

    def give(kind: Kind) -> Path:
        if kind.name not in made:
            made[kind.name] = encode(kind, folder)
        return made[kind.name]

    return give


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--hostile", type=int, default=400, help="how many damaged files test_hostile.py reads"
    )
