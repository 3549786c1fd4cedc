"""Two rendered clips and their truth; where a harness is absent, what needs it is skipped."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from vau_agent.tools.video.encode import write_video
from vau_agent.tools.video.scenes.kinds import build_scene

HARNESSES = {"test_inspect_tasks.py": "inspect_ai", "test_lmms_eval.py": "lmms_eval"}
OPTIONS = ["Two people fight", "Nothing unusual happens", "A bin burns"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        harness = HARNESSES.get(item.path.name)
        if item.get_closest_marker("adapters") and harness and find_spec(harness) is None:
            reason = f"{harness} is not in this environment; scripts/adapters runs these"
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def clip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fight and an empty place, under names that tell which is which."""
    folder = tmp_path_factory.mktemp("clips")
    for kind in ("fighting", "empty"):
        scene = build_scene(kind, seed=7, duration_s=10.0)
        write_video(scene, folder / f"{kind}.mp4")
    return folder


@pytest.fixture(scope="session")
def clip_list(clip_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The list of both, and of one that is not there, as benchmark `manifest`."""
    fight = build_scene("fighting", seed=7, duration_s=10.0).events[0].segment
    question = {"text": "What happens?", "options": OPTIONS}
    rows = [
        {
            "file": "fighting.mp4",
            "label": "fighting",
            "events_s": [[fight.start, fight.end]],
            "question": question | {"answer": 0},
        },
        {
            "file": "empty.mp4",
            "label": "normal",
            "events_s": [],
            "question": question | {"answer": 1},
        },
        {"file": "lost.mp4", "label": "normal", "events_s": []},
    ]
    path = tmp_path_factory.mktemp("list") / "clips.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    return path
