from pathlib import Path

import pytest

from vau_agent.errors import ModelError
from vau_agent.memory.embedders.folder import (
    MANIFEST,
    PartsFolder,
    PartsManifest,
    describe,
    write_manifest,
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in (("weights.onnx", "heavy"), ("labels.txt", "cat\ndog\n")):
        (tmp_path / name).write_text(text)
    files = {path.name: describe(path) for path in tmp_path.iterdir()}
    write_manifest(tmp_path, PartsManifest(kind="toy", version=3, sources={}, files=files))
    return tmp_path


def open_toy(root: Path) -> PartsFolder:
    return PartsFolder.open(root, kind="toy", version=3)


def test_a_whole_folder_gives_its_files(root: Path) -> None:
    assert open_toy(root).read("labels.txt") == b"cat\ndog\n"


def test_an_absent_folder_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"toy is not in .*nowhere.*models pull toy'"):
        open_toy(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["weights.onnx", "labels.txt"])
def test_an_incomplete_folder_is_not_opened(root: Path, name: str) -> None:
    (root / name).unlink()
    with pytest.raises(ModelError, match=rf"{name}.*models pull toy --force"):
        open_toy(root)


def test_a_file_of_another_length_is_noticed_on_opening(root: Path) -> None:
    (root / "weights.onnx").write_text("heavier")
    with pytest.raises(ModelError, match=r"weights\.onnx.*--force"):
        open_toy(root)


def test_an_altered_file_is_noticed_when_it_is_read(root: Path) -> None:
    folder = open_toy(root)
    (root / "weights.onnx").write_text("hEavy")

    with pytest.raises(ModelError, match=r"weights\.onnx.*--force"):
        folder.read("weights.onnx")
    assert folder.read("labels.txt")


def test_a_file_that_vanished_is_named(root: Path) -> None:
    folder = open_toy(root)
    (root / "labels.txt").unlink()

    with pytest.raises(ModelError, match=r"cannot read .*labels\.txt"):
        folder.read("labels.txt")


def test_only_listed_files_are_read(root: Path) -> None:
    (root / "extra.txt").write_text("new")
    with pytest.raises(ModelError, match=r"lists no file 'extra\.txt'"):
        open_toy(root).read("extra.txt")


def test_a_manifest_that_is_none_is_refused(root: Path) -> None:
    (root / MANIFEST).write_text("{}")
    with pytest.raises(ModelError, match=r"manifest\.json.*--force"):
        open_toy(root)


@pytest.mark.parametrize(("kind", "version"), [("other", 3), ("toy", 4)])
def test_another_kind_or_version_is_refused(root: Path, kind: str, version: int) -> None:
    with pytest.raises(ModelError, match=rf"holds toy version 3.*needs {kind} version {version}"):
        PartsFolder.open(root, kind=kind, version=version)
