import shutil
from pathlib import Path

import pytest

from vau_agent.errors import ModelError, SettingsError
from vau_agent.memory.embedders.factory import open_embedder, resolve_embedder

for package in ("onnxruntime", "tokenizers", "faiss"):
    pytest.importorskip(package, reason=f"{package} is not installed: see the extra 'local'")


def test_auto_is_conse_where_its_parts_are(models_folder: Path) -> None:
    assert resolve_embedder("auto", models_folder) == "conse"


def test_auto_is_off_where_nothing_was_pulled(tmp_path: Path) -> None:
    assert resolve_embedder("auto", tmp_path) == "off"


def test_auto_is_off_where_a_part_is_missing(conse_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(conse_folder, tmp_path / "conse")
    (tmp_path / "conse" / "text.onnx").unlink()

    assert resolve_embedder("auto", tmp_path) == "off"


@pytest.mark.parametrize("spec", ["conse", "off", "open_clip:ViT-B-32/laion2b_s34b_b79k"])
def test_what_was_asked_for_by_name_stays(tmp_path: Path, spec: str) -> None:
    assert resolve_embedder(spec, tmp_path) == spec


@pytest.mark.parametrize("spec", ["clip", "", "ViT-B-32/openai"])
def test_an_unknown_name_lists_the_forms(tmp_path: Path, spec: str) -> None:
    for act in (
        lambda: resolve_embedder(spec, tmp_path),
        lambda: open_embedder(spec, models=tmp_path, batch=4),
    ):
        with pytest.raises(SettingsError, match=r"conse, open_clip:ARCH/PRETRAINED, off, auto"):
            act()


def test_conse_opens_from_the_folder_of_models(models_folder: Path) -> None:
    assert open_embedder("conse", models=models_folder, batch=4).name == "conse"


def test_conse_that_was_not_pulled_says_how(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="models pull conse"):
        open_embedder("conse", models=tmp_path, batch=4)


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ("conse:large", "takes nothing after a colon"),
        ("open_clip:ViT-B-32", "not of the form"),
        ("open_clip:/laion2b", "not of the form"),
        ("open_clip:ViT-B-32/weights.pt", "may run code"),
        ("open_clip:ViT-B-32/weights.bin", "may run code"),
    ],
)
def test_what_cannot_follow_the_colon_is_refused(tmp_path: Path, spec: str, problem: str) -> None:
    with pytest.raises(SettingsError, match=problem):
        open_embedder(spec, models=tmp_path, batch=4)


def test_a_file_of_weights_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no weights at .*absent\.safetensors"):
        open_embedder(f"open_clip:ViT-B-32/{tmp_path}/absent.safetensors", models=tmp_path, batch=4)


def test_conse_is_refused_at_eight_bits(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"'conse' runs at fp32.*retrieval\.precision"):
        open_embedder("conse", models=tmp_path, precision="int8", batch=4)


def test_open_clip_is_opened_at_eight_bits(tmp_path: Path) -> None:
    spec = "open_clip:ViT-B-32/laion2b_s34b_b79k"

    assert open_embedder(spec, models=tmp_path, precision="int8", batch=4).name == spec
