"""Does every bench still run? How fast things are is not tested here."""

import re
import subprocess
import sys
import venv
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BENCH = ROOT / "scripts" / "bench"


def _bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BENCH), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


def _quick(work: Path, name: str) -> str:
    done = _bench("--quick", "--work", str(work), "--env", str(work / "none"), name)
    assert done.returncode == 0, done.stderr
    assert f"## {name}: " in done.stdout
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", ["B1", "B2", "B3"])
def test_our_reader_is_compared_by_processor_time(work: Path, name: str) -> None:
    assert re.search(r"^ours +[0-9.]+ +[0-9.]+ +[0-9.]+  <= ", _quick(work, name), re.MULTILINE)


@pytest.mark.slow
def test_our_reader_is_compared_by_wrong_frames(work: Path) -> None:
    output = _quick(work, "B4")

    assert re.search(r"^H.264 closed GOP +0 +0$", output, re.MULTILINE)
    assert re.search(r"^all, of 8 +0 ", output, re.MULTILINE)


@pytest.mark.slow
def test_memory_is_compared_by_length(work: Path) -> None:
    assert re.search(r"^ours, 1 h +[1-9]\d+ +[0-9.]+", _quick(work, "B5"), re.MULTILINE)


@pytest.mark.slow
def test_start_up_is_compared_with_an_empty_program(work: Path) -> None:
    pattern = r"^import vau_agent +-?\d+ +-?\d+ +-?\d+  <= 300 ms"

    assert re.search(pattern, _quick(work, "B15"), re.MULTILINE)


@pytest.mark.slow
def test_search_is_compared_with_an_exact_index(work: Path) -> None:
    pytest.importorskip("faiss", reason="faiss is not installed: see the extra 'local'")

    pattern = r"^ +1000 ours +[0-9.]+ +[0-9.]+ +[0-9.]+ +1.000  <= "
    assert re.search(pattern, _quick(work, "B8"), re.MULTILINE)


@pytest.mark.slow
def test_embedding_is_compared_with_a_plain_loop(work: Path) -> None:
    if find_spec("open_clip") is None:
        pytest.skip("open_clip is not installed: see the extra 'local'")

    pattern = r"^ours, the same model, fp32 +[0-9.]+ +[0-9.]+ +[0-9.]+  >= 1.7"
    assert re.search(pattern, _quick(work, "B6"), re.MULTILINE)


@pytest.mark.slow
def test_text_search_is_compared_with_chance(work: Path) -> None:
    if not (ROOT / "../shared/data/manifest.json").exists():
        pytest.skip("the public clips are not beside the repository")

    assert re.search(r"^\| chance \| 0\.\d\d expected", _quick(work, "retrieval"), re.MULTILINE)


@pytest.mark.slow
def test_looks_are_judged_by_the_order_of_moments(work: Path) -> None:
    if find_spec("onnxruntime") is None:
        pytest.skip("onnxruntime is not installed: see the extra 'local'")
    output = _quick(work, "appearance")

    if "models pull conse" in output:
        pytest.skip("the embedder's parts are not in .models")
    assert re.search(r"^\| appearance \| [01]\.\d{3} \(", output, re.MULTILINE)
    assert "appearance reaches 0.5 in 0 of 1 videos without" in output


def test_what_an_environment_lacks_is_told_in_one_line(tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    venv.create(bare, with_pip=False)

    done = _bench("--env", str(bare), "B8")

    assert done.returncode == 1
    assert re.fullmatch(rf"bench B8 needs '\w+', which is not in {bare}; .*\n", done.stderr)


def test_an_unknown_bench_is_refused_with_the_known_ones() -> None:
    done = _bench("B99")

    assert done.returncode == 2
    assert "unknown bench 'B99'; choose from B1, B2" in done.stderr
