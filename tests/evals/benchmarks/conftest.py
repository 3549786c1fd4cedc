import json
from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[[str, object], Path]


@pytest.fixture
def written(tmp_path: Path) -> Write:
    """Write an annotation: text as it is, anything else as JSON."""

    def write(name: str, content: object) -> Path:
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def published_annotations() -> Path:
    """The folder of published annotation files, which is no part of the repository."""
    folder = Path(__file__).resolve().parents[4] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("published annotations are not here (../shared/data)")
    return folder
