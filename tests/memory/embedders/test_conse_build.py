from pathlib import Path

import pytest

from vau_agent.errors import ModelError
from vau_agent.memory.embedders.conse import VERSION
from vau_agent.memory.embedders.conse_build import LITE0_SHA256, MAX_DIFFERENCE, build_conse
from vau_agent.memory.embedders.folder import PartsFolder


def test_an_absent_part_is_named_and_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"lite0\.pth.* cannot be read.*pull"):
        build_conse(tmp_path / "lite0.pth", tmp_path, tmp_path / "models" / "conse")
    assert not (tmp_path / "models").exists()


def test_a_part_that_is_not_the_pinned_one_is_refused_unread(tmp_path: Path) -> None:
    (tmp_path / "lite0.pth").write_bytes(b"other weights")

    with pytest.raises(ModelError, match=rf"lite0\.pth.*expected {LITE0_SHA256[:12]}.*pull"):
        build_conse(tmp_path / "lite0.pth", tmp_path, tmp_path / "models" / "conse")


def test_the_built_graphs_agree_with_torch(conse_folder: Path) -> None:
    manifest = PartsFolder.open(conse_folder, kind="conse", version=VERSION).manifest

    assert set(manifest.measured) == {"vision_difference", "text_difference"}
    assert all(difference <= MAX_DIFFERENCE for difference in manifest.measured.values())
    assert manifest.sources["lite0.pth"] == LITE0_SHA256
