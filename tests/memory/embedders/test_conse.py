import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from vau_agent.errors import ModelError
from vau_agent.memory.embedders.conse import DIM, VISION, ConseEmbedder
from vau_agent.tools.video.scenes.kinds import build_scene

for package in ("onnxruntime", "tokenizers"):
    pytest.importorskip(package, reason=f"{package} is not installed: see the extra 'local'")

WITHOUT_TORCH = """
import sys
from pathlib import Path
import numpy as np
from vau_agent.memory.embedders.conse import ConseEmbedder

embedder = ConseEmbedder.open(Path(sys.argv[1]), batch=4)
embedder.embed_images([np.zeros((9, 16, 3), dtype=np.uint8)])
embedder.embed_texts(["a car"])
heavy = {"torch", "transformers", "timm", "torchvision", "onnx", "faiss"} & set(sys.modules)
sys.exit(f"imported {heavy}" if heavy else 0)
"""


@pytest.fixture(scope="module")
def conse(conse_folder: Path) -> ConseEmbedder:
    return ConseEmbedder.open(conse_folder, batch=4)


@pytest.fixture(scope="module")
def pictures() -> list[NDArray[np.uint8]]:
    scene = build_scene("fire", seed=3, duration_s=8)
    return [scene.draw(t) for t in np.linspace(0, 7.9, 9)]


def test_pictures_and_texts_share_one_space_of_unit_vectors(
    conse: ConseEmbedder, pictures: list[NDArray[np.uint8]]
) -> None:
    for vectors, count in ((conse.embed_images(pictures), 9), (conse.embed_texts(["a", "b"]), 2)):
        assert vectors.shape == (count, DIM)
        assert vectors.dtype == np.float32
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(count), abs=1e-5)


def test_nothing_in_gives_nothing_out(conse: ConseEmbedder) -> None:
    assert conse.embed_images([]).shape == (0, DIM)
    assert conse.embed_texts([]).shape == (0, DIM)


def test_a_picture_has_the_same_vector_in_any_batch(
    conse_folder: Path, conse: ConseEmbedder, pictures: list[NDArray[np.uint8]]
) -> None:
    alone = ConseEmbedder.open(conse_folder, batch=1)

    assert conse.embed_images(pictures) == pytest.approx(alone.embed_images(pictures), abs=1e-4)


def test_a_text_has_the_same_vector_beside_a_longer_one(conse: ConseEmbedder) -> None:
    (alone,) = conse.embed_texts(["a red car"])
    beside, _ = conse.embed_texts(["a red car", "a man who walks along a street at night " * 20])

    assert beside == pytest.approx(alone, abs=1e-5)


@pytest.mark.parametrize(
    ("text", "near", "far"),
    [
        ("a burning house", "flames and smoke", "a parked bicycle"),
        ("a car on a road", "traffic in a street", "a sleeping cat"),
        ("a man with a gun", "someone holds a rifle", "a bowl of fruit"),
    ],
)
def test_texts_of_one_meaning_are_closer(
    conse: ConseEmbedder, text: str, near: str, far: str
) -> None:
    one, alike, unlike = conse.embed_texts([text, near, far])

    assert one @ alike > one @ unlike + 0.2


def test_what_is_recognised_is_what_the_text_says(conse: ConseEmbedder) -> None:
    """A drawn traffic light: few things can be drawn that a classifier of photographs knows."""
    image = np.full((240, 240, 3), (120, 160, 210), dtype=np.uint8)
    image[20:220, 90:150] = (25, 25, 25)
    rows, columns = np.mgrid[:240, :240]
    for row, colour in ((55, (255, 40, 30)), (120, (60, 50, 20)), (185, (20, 60, 30))):
        image[(rows - row) ** 2 + (columns - 120) ** 2 < 24**2] = colour

    names = [name for name, _ in conse.recognise(image, 3)]
    (shown,) = conse.embed_images([image])
    light, horse = conse.embed_texts(["a traffic light", "a horse in a field"])

    assert "traffic light" in names
    assert shown @ light > shown @ horse + 0.2


def test_vectors_are_comparable_wherever_the_folder_stands(
    conse: ConseEmbedder, conse_folder: Path, tmp_path: Path
) -> None:
    shutil.copytree(conse_folder, tmp_path / "copy")

    assert ConseEmbedder.open(tmp_path / "copy", batch=9).digest == conse.digest
    assert len(conse.digest) == 64


def test_altered_weights_are_not_run(conse_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(conse_folder, tmp_path / "copy")
    data = bytearray((folder / VISION).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / VISION).write_bytes(data)

    embedder = ConseEmbedder.open(folder, batch=4)

    assert len(embedder.embed_texts(["still whole"])) == 1
    with pytest.raises(ModelError, match=r"vision\.onnx.*models pull conse --force"):
        embedder.embed_images([np.zeros((8, 8, 3), dtype=np.uint8)])


@pytest.mark.slow
def test_it_runs_without_torch(conse_folder: Path) -> None:
    command = [sys.executable, "-c", WITHOUT_TORCH, str(conse_folder)]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
