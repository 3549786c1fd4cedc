import importlib.util
import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent.downloads.fake_hub import COMMIT, Hub, open_hub, pull_in_child, start_pull
from tests.agent.downloads.shelf import noise

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("huggingface_hub") is None, reason="extra `local` is absent"
    ),
]
WEIGHTS = noise(300_000)


@pytest.fixture
def hub() -> Iterator[Hub]:
    files = {
        "config.json": b"{}",
        "model.safetensors": WEIGHTS,
        "pytorch_model.bin": b"code may hide here",
        "modeling.py": b"raise SystemExit",
    }
    with open_hub(files) as hub:
        yield hub


def test_only_what_is_wanted_is_fetched_and_what_was_fetched_is_recorded(
    hub: Hub, tmp_path: Path
) -> None:
    told = pull_in_child(hub, tmp_path / "models", commit=COMMIT)

    assert told.code == 0, told.err
    said = json.loads(told.out)
    folder = tmp_path / "models" / "made-up"
    assert sorted(hub.asked) == ["config.json", "model.safetensors"]
    assert said["files"] == ["config.json", "model.safetensors"]
    assert said["sources"] == [f"made/up@{COMMIT}"]
    assert said["told"][-1] == [300_002, 300_002]
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json",
        "model.safetensors",
        "vau-model.json",
    ]


def test_without_a_pinned_commit_the_newest_is_taken_and_recorded(hub: Hub, tmp_path: Path) -> None:
    told = pull_in_child(hub, tmp_path / "models")

    assert json.loads(told.out)["sources"] == [f"made/up@{COMMIT}"]


def test_a_hub_with_another_commit_is_refused(hub: Hub, tmp_path: Path) -> None:
    told = pull_in_child(hub, tmp_path / "models", commit="1" * 40)

    assert told.code == 7
    assert "instead of 1111" in told.err
    assert hub.asked == []


def test_weights_that_the_hub_does_not_name_are_removed(hub: Hub, tmp_path: Path) -> None:
    hub.sends["model.safetensors"] = WEIGHTS[:-1] + b"?"

    told = pull_in_child(hub, tmp_path / "models", commit=COMMIT)

    assert told.code == 7
    assert "model.safetensors of made/up is not what the hub names" in told.err
    assert not list(tmp_path.rglob("model.safetensors"))
    assert not (tmp_path / "models" / "made-up").exists()

    hub.sends.clear()
    hub.asked.clear()
    assert pull_in_child(hub, tmp_path / "models", commit=COMMIT).code == 0
    assert hub.asked == ["model.safetensors"]


def test_a_small_file_is_held_against_gits_own_digest(hub: Hub, tmp_path: Path) -> None:
    hub.sends["config.json"] = b"[]"

    told = pull_in_child(hub, tmp_path / "models", commit=COMMIT)

    assert told.code == 7
    assert "config.json of made/up is not what the hub names" in told.err


def test_a_killed_pull_goes_on_where_it_ended(hub: Hub, tmp_path: Path) -> None:
    hub.hold_after = 200_000
    with start_pull(hub, tmp_path / "models", commit=COMMIT) as child:
        while not any(path.stat().st_size == 200_000 for path in tmp_path.rglob("*.part")):
            assert child.poll() is None
            hub.released.wait(0.02)
        child.send_signal(signal.SIGKILL)
        child.communicate(timeout=30)
    hub.hold_after = None

    told = pull_in_child(hub, tmp_path / "models", commit=COMMIT)

    assert told.code == 0, told.err
    assert hub.ranges == ["bytes=200000-"]
    assert (tmp_path / "models" / "made-up" / "model.safetensors").read_bytes() == WEIGHTS


def test_a_hub_that_wants_its_terms_accepted_is_said_in_words(hub: Hub, tmp_path: Path) -> None:
    hub.status = 403

    told = pull_in_child(hub, tmp_path / "models", commit=COMMIT)

    assert told.code == 7
    assert "hf auth login" in told.err
    assert "Traceback" not in told.err


def test_a_hub_out_of_reach_is_said_in_one_line(hub: Hub, tmp_path: Path) -> None:
    hub.address = "http://127.0.0.1:1"

    told = pull_in_child(hub, tmp_path / "models", commit=COMMIT)

    assert told.code == 7
    assert "cannot be fetched from the hub" in told.err
    assert len(told.err.splitlines()) == 1
