import json
import logging
import warnings
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from vau_agent.errors import ModelError, SettingsError
from vau_agent.memory.embedders.exporting import Agreement
from vau_agent.memory.embedders.factory import open_embedder
from vau_agent.memory.embedders.open_clip import CONFIG, WEIGHTS, OpenClipEmbedder
from vau_agent.memory.embedders.towers import LEAST
from vau_agent.torchvision_shim import install_shim

DIM, SIDE = 32, 64
TOWERS = {
    "embed_dim": DIM,
    "vision_cfg": {
        "image_size": SIDE,
        "layers": 2,
        "width": 64,
        "patch_size": 16,
        "head_width": 32,
    },
    "text_cfg": {
        "context_length": 16,
        "vocab_size": 49408,
        "width": 32,
        "heads": 2,
        "layers": 2,
    },
}
LOOK = {"mean": [0.4, 0.5, 0.6], "std": [0.2, 0.25, 0.3]}

pytestmark = pytest.mark.slow  # OpenCLIP takes seconds to import


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small model of random weights, as the hub keeps them."""
    for package in ("torch", "open_clip", "safetensors"):
        if package != "open_clip":
            pytest.importorskip(package, reason=f"{package} is not installed: extra 'local'")
    install_shim()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the libraries below, while they are imported
        open_clip = pytest.importorskip("open_clip", reason="not installed: extra 'local'")
    import torch
    from safetensors.torch import save_file

    folder = tmp_path_factory.mktemp("small")
    config = {"model_cfg": TOWERS, "preprocess_cfg": LOOK}
    (folder / CONFIG).write_text(json.dumps(config))
    torch.manual_seed(1)
    model = open_clip.create_model(f"local-dir:{folder}", load_weights=False)
    save_file(model.state_dict(), folder / WEIGHTS)
    return folder


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models, where the image tower is exported to once."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def embedder(small: Path, models: Path) -> OpenClipEmbedder:
    return OpenClipEmbedder.open(f"small/{small / WEIGHTS}", batch=4, models=models, offline=True)


@pytest.fixture(scope="module")
def pictures() -> list[NDArray[np.uint8]]:
    chance = np.random.default_rng(1)
    sizes = [(36, 64), (64, 36), (64, 64), (120, 200), (8, 8)]
    return [chance.integers(0, 256, (*size, 3), dtype=np.uint8) for size in sizes]


def test_pictures_and_texts_share_one_space_of_unit_vectors(
    embedder: OpenClipEmbedder, pictures: list[NDArray[np.uint8]]
) -> None:
    assert embedder.dim == DIM
    for vectors, count in (
        (embedder.embed_images(pictures), 5),
        (embedder.embed_texts(["a car", "fire", "a man"]), 3),
    ):
        assert vectors.shape == (count, DIM)
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(count), abs=1e-5)


def test_a_square_picture_is_embedded_as_open_clip_does_it(
    small: Path, embedder: OpenClipEmbedder, pictures: list[NDArray[np.uint8]]
) -> None:
    import open_clip
    import torch
    from PIL import Image as Pillow

    model, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{small}")
    with torch.no_grad():
        pixels = preprocess(Pillow.fromarray(pictures[2]))[None]
        expected = model.eval().encode_image(pixels, normalize=True).numpy()
        tokens = open_clip.get_tokenizer(f"local-dir:{small}")(["a red car"])
        expected_text = model.encode_text(tokens, normalize=True).numpy()

    assert embedder.embed_images([pictures[2]]) == pytest.approx(expected, abs=1e-4)
    assert embedder.embed_texts(["a red car"]) == pytest.approx(expected_text, abs=1e-4)


def test_a_picture_has_the_same_vector_in_any_batch(
    small: Path, models: Path, embedder: OpenClipEmbedder, pictures: list[NDArray[np.uint8]]
) -> None:
    alone = OpenClipEmbedder.open(f"small/{small / WEIGHTS}", batch=1, models=models, offline=True)

    assert embedder.embed_images(pictures) == pytest.approx(alone.embed_images(pictures), abs=1e-4)


def test_nothing_in_gives_nothing_out(embedder: OpenClipEmbedder) -> None:
    assert embedder.embed_images([]).shape == (0, DIM)
    assert embedder.embed_texts([]).shape == (0, DIM)


def test_the_digest_is_of_weights_and_look_and_not_of_the_place(
    small: Path, embedder: OpenClipEmbedder, tmp_path: Path
) -> None:
    def digest(folder: Path) -> str:
        return OpenClipEmbedder.open(
            f"x/{folder / WEIGHTS}", batch=2, models=tmp_path, offline=True
        ).digest

    moved, other_look = tmp_path / "moved", tmp_path / "look"
    for folder in (moved, other_look):
        folder.mkdir()
        for name in (CONFIG, WEIGHTS):
            (folder / name).write_bytes((small / name).read_bytes())
    config = {"model_cfg": TOWERS, "preprocess_cfg": LOOK | {"mean": [0.1, 0.2, 0.3]}}
    (other_look / CONFIG).write_text(json.dumps(config))

    assert digest(moved) == embedder.digest
    assert digest(other_look) != embedder.digest


def test_nothing_is_said_of_weights_that_are_loaded_a_moment_later(
    small: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = list(logging.getLogger().handlers)

    OpenClipEmbedder.open(
        f"small/{small / WEIGHTS}", batch=2, models=tmp_path, offline=True
    ).embed_texts(["a"])

    assert not caplog.records
    assert logging.getLogger().handlers == before
    assert not logging.getLogger().filters


def test_weights_of_another_architecture_are_refused(small: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone.safetensors"
    alone.write_bytes((small / WEIGHTS).read_bytes())
    embedder = OpenClipEmbedder.open(f"RN50/{alone}", batch=2, models=tmp_path, offline=True)

    with pytest.raises(ModelError, match=r"alone\.safetensors' cannot be used as 'RN50'"):
        embedder.embed_texts(["a"])


def test_a_file_that_is_no_safetensors_is_refused(small: Path, tmp_path: Path) -> None:
    (tmp_path / CONFIG).write_bytes((small / CONFIG).read_bytes())
    (tmp_path / WEIGHTS).write_bytes(b"\x80\x04nonsense")

    with pytest.raises(ModelError, match="cannot be used"):
        OpenClipEmbedder.open(
            f"x/{tmp_path / WEIGHTS}", batch=2, models=tmp_path, offline=True
        ).embed_texts(["a"])


def test_an_unknown_architecture_without_its_description_is_refused(
    small: Path, tmp_path: Path
) -> None:
    alone = tmp_path / "alone.safetensors"
    alone.write_bytes((small / WEIGHTS).read_bytes())

    with pytest.raises(SettingsError, match=rf"no architecture 'small'.*{CONFIG}"):
        OpenClipEmbedder.open(f"small/{alone}", batch=2, models=tmp_path, offline=True).embed_texts(
            ["a"]
        )


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ("open_clip:ViT-B-32/nonsense", r"no tag 'nonsense'.*laion2b_s34b_b79k"),
        ("open_clip:ViT-B-32/laion2b_s34b_b79k", r"not in the local cache, and offline is set"),
    ],
)
def test_offline_nothing_is_fetched(small: Path, tmp_path: Path, spec: str, problem: str) -> None:
    embedder = open_embedder(spec, models=tmp_path, batch=2, offline=True)

    with pytest.raises(ModelError, match=problem):
        embedder.embed_texts(["a"])


def eight_bits(small: Path, models: Path, least: Agreement = LEAST) -> OpenClipEmbedder:
    return OpenClipEmbedder.open(
        f"small/{small / WEIGHTS}",
        models=models,
        batch=4,
        precision="int8",
        least=least,
        offline=True,
    )


def test_the_exported_tower_gives_what_torch_gives(
    small: Path,
    embedder: OpenClipEmbedder,
    pictures: list[NDArray[np.uint8]],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    nowhere = tmp_path / "a file"
    nowhere.touch()
    in_torch = OpenClipEmbedder.open(
        f"small/{small / WEIGHTS}", models=nowhere, batch=4, offline=True
    )

    assert embedder.embed_images(pictures) == pytest.approx(
        in_torch.embed_images(pictures), abs=1e-4
    )
    assert embedder.digest == in_torch.digest
    assert "embedded by torch, more slowly" in caplog.text
    assert "cannot be kept in" in caplog.text


def test_eight_bits_give_nearly_the_same_pictures_and_the_same_texts(
    small: Path, models: Path, embedder: OpenClipEmbedder, pictures: list[NDArray[np.uint8]]
) -> None:
    coarse = eight_bits(small, models)
    exact, found = embedder.embed_images(pictures), coarse.embed_images(pictures)

    assert (exact * found).sum(axis=1).min() > 0.995
    assert not np.allclose(exact, found, atol=1e-6)
    assert np.array_equal(coarse.embed_texts(["fire"]), embedder.embed_texts(["fire"]))
    assert coarse.digest != embedder.digest


def test_eight_bits_that_agree_too_little_are_refused(
    small: Path, models: Path, pictures: list[NDArray[np.uint8]]
) -> None:
    strict = eight_bits(small, models, least=Agreement(cosine=0.5, recall=1.0))

    with pytest.raises(
        ModelError, match=r"8 bits agrees too little.*recall 0\.9\d+, 1\.0 is needed"
    ):
        strict.embed_images(pictures)


def test_eight_bits_that_cannot_be_kept_are_no_silent_fp32(
    small: Path, tmp_path: Path, pictures: list[NDArray[np.uint8]]
) -> None:
    (tmp_path / "onnx").touch()

    with pytest.raises(ModelError, match="cannot be kept in"):
        eight_bits(small, tmp_path).embed_images(pictures)
