import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest

from vau_agent.errors import ModelError
from vau_agent.memory.embedders.exporting import Agreement
from vau_agent.memory.embedders.folder import MANIFEST
from vau_agent.memory.embedders.onnx import OnnxGraph
from vau_agent.memory.embedders.probes import draw_probes
from vau_agent.memory.embedders.squares import to_unit
from vau_agent.memory.embedders.towers import IMAGE, LEAST, KeptTowers, Tower

for package in ("onnxruntime", "onnxscript"):
    pytest.importorskip(package, reason=f"{package} is not installed: see the extra 'local'")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of torch, while it is imported
    torch = pytest.importorskip("torch", reason="torch is not installed: see the extra 'local'")

SIDE = 32
PRECISIONS = ("fp32", "int8")
ANY = Agreement(cosine=-1.0, recall=0.0)

pytestmark = pytest.mark.slow  # exporting takes seconds


@pytest.fixture(scope="module")
def tower() -> Tower:
    """A network of random weights that tells pictures apart."""
    torch.manual_seed(1)

    class Network(torch.nn.Module):  # type: ignore[misc, name-defined]  # torch may be absent
        def __init__(self) -> None:
            super().__init__()
            self.first = torch.nn.Linear(SIDE * SIDE * 3, 64)
            self.second = torch.nn.Linear(64, 16)

        def forward(self, pixels):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - as above
            flat = pixels.flatten(1).float() / 128 - 1
            found = self.second(torch.nn.functional.gelu(self.first(flat)))
            return torch.nn.functional.normalize(found, dim=-1)

    return Tower(name="toy", digest="d" * 64, network=Network().eval(), side=SIDE)


@pytest.fixture(scope="module")
def root(tower: Tower, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the tower at both precisions."""
    root = tmp_path_factory.mktemp("models") / "onnx"
    KeptTowers(root=root, least=ANY).open(tower, "int8", batch=4)
    return root


def run(graph: OnnxGraph) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return to_unit(graph.run({"pixels": draw_probes(7, SIDE)}))


def test_a_tower_gives_what_torch_gives_in_any_batch(tower: Tower, root: Path) -> None:
    with torch.no_grad():
        expected = tower.network(torch.from_numpy(draw_probes(7, SIDE))).numpy()

    for batch in (1, 4, 16):
        graph = KeptTowers(root=root, least=ANY).open(tower, "fp32", batch=batch)
        assert run(graph) == pytest.approx(expected, abs=1e-4)


def test_a_kept_tower_is_not_made_again(tower: Tower, root: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}

    KeptTowers(root=root, least=ANY).open(tower, "int8", batch=4)
    KeptTowers(root=root, least=ANY).open(tower, "fp32", batch=4)

    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before
    assert {path.name for path in root.iterdir()} == {f"{'d' * 64}-{one}" for one in PRECISIONS}


@pytest.mark.parametrize("damage", ["altered", "cut short", "absent", "without manifest"])
def test_a_damaged_tower_is_made_again(
    tower: Tower, root: Path, tmp_path: Path, damage: str
) -> None:
    image = tmp_path / f"{tower.digest}-fp32" / IMAGE
    shutil.copytree(root / image.parent.name, image.parent)
    kept = KeptTowers(root=tmp_path, least=ANY)
    expected = run(kept.open(tower, "fp32", batch=4))
    data = image.read_bytes()
    if damage == "altered":
        image.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    elif damage == "cut short":
        image.write_bytes(data[:-1])
    elif damage == "absent":
        image.unlink()
    else:
        (image.parent / MANIFEST).unlink()

    assert run(kept.open(tower, "fp32", batch=4)) == pytest.approx(expected, abs=1e-6)
    assert image.stat().st_size == pytest.approx(len(data), rel=0.05)
    assert [path.name for path in tmp_path.iterdir()] == [image.parent.name]


def test_eight_bits_are_smaller(tower: Tower, root: Path) -> None:
    exact, coarse = (root / f"{tower.digest}-{one}" / IMAGE for one in PRECISIONS)

    assert coarse.stat().st_size < 0.4 * exact.stat().st_size


def test_eight_bits_that_agree_enough_are_accepted(tower: Tower, root: Path) -> None:
    exact = run(KeptTowers(root=root).open(tower, "fp32", batch=4))
    coarse = run(KeptTowers(root=root, least=ANY).open(tower, "int8", batch=4))

    assert (exact * coarse).sum(axis=1).mean() > LEAST.cosine


@pytest.mark.parametrize(
    ("least", "problem"),
    [
        (Agreement(cosine=1.0, recall=0.0), r"cosine 0\.9\d+, 1\.0 is needed"),
        (Agreement(cosine=0.0, recall=1.01), r"recall \d\.\d+, 1\.01 is needed"),
    ],
)
def test_eight_bits_that_agree_too_little_are_refused(
    tower: Tower, root: Path, least: Agreement, problem: str
) -> None:
    with pytest.raises(ModelError, match=rf"toy at 8 bits .*{problem}; set retrieval\.precision"):
        KeptTowers(root=root, least=least).open(tower, "int8", batch=4)


def test_a_tower_that_fills_more_than_one_file_is_refused(tower: Tower, tmp_path: Path) -> None:
    size = sum(part.nbytes for part in tower.network.state_dict().values())

    with pytest.raises(ModelError, match=rf"has {size} bytes, and one ONNX file holds {size - 1}"):
        KeptTowers(root=tmp_path, max_bytes=size - 1).open(tower, "fp32", batch=4)
    KeptTowers(root=tmp_path, max_bytes=size).open(tower, "fp32", batch=4)
