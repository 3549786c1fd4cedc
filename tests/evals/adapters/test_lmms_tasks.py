import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from vau_agent.errors import SettingsError
from vau_agent.evals.adapters.cases import read_cases
from vau_agent.evals.adapters.lmms_eval import tasks
from vau_agent.evals.adapters.lmms_eval.__main__ import main
from vau_agent.evals.adapters.lmms_eval.export import export_tasks
from vau_agent.evals.adapters.verdicts import write_verdict
from vau_agent.evals.records import Opinion

TaskLoader = type("TaskLoader", (yaml.SafeLoader,), {})
"""Reads `!function` the way lmms-eval does: an import by name."""


def _function(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Callable[..., Any]:
    module, _, name = str(loader.construct_scalar(node)).rpartition(".")
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found


yaml.add_constructor("!function", _function, Loader=TaskLoader)


def load(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=TaskLoader)
    return loaded


def rows_of(task: dict[str, Any]) -> list[dict[str, str]]:
    file = Path(task["dataset_kwargs"]["data_files"]["test"])
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("subject", ["verdict", "qa"])
def test_a_folder_holds_a_valid_task_its_rows_and_its_videos(
    subject: str, clip_list: Path, clip_folder: Path, tmp_path: Path
) -> None:
    cases = read_cases("manifest", clip_list, clip_folder, subject=subject)
    path = export_tasks(cases, tmp_path / "a folder: with 'signs'")
    task = load(path)
    rows = rows_of(task)

    assert task["task"] == path.stem == f"vau_{subject}"
    assert task["output_type"] == "generate_until"
    assert len(rows) == 2
    scores = task["process_results"](rows[0], [""])
    assert scores.keys() == {metric["metric"] for metric in task["metric_list"]}
    for row in rows:
        (video,) = task["doc_to_visual"](row)
        assert Path(video).stem in {"00001", "00002"}
        assert Path(video).read_bytes()
        assert not any(name in f"{video}{task['doc_to_text'](row)}" for name in ("fighting.mp4",))
        assert task["doc_to_target"](row)


def test_verdicts_are_scored_and_summed_up(
    clip_list: Path, clip_folder: Path, tmp_path: Path
) -> None:
    task = load(export_tasks(read_cases("manifest", clip_list, clip_folder), tmp_path / "t"))
    rows = {task["doc_to_target"](row): row for row in rows_of(task)}
    alarm = write_verdict(Opinion(label="anomalous", category="fire"))

    right = tasks.process_verdict(rows["anomalous"], [alarm])
    wrong = tasks.process_verdict(rows["normal"], [alarm])
    unread = tasks.process_verdict(rows["normal"], ["?"])

    assert [one["accuracy"] for one in (right, wrong, unread)] == [1, 0, 0]
    assert [one["unreadable"] for one in (right, wrong, unread)] == [0, 0, 1]
    pairs = [{"anomalous": True, "said": True}, {"anomalous": False, "said": True}]
    assert [right["f1"], wrong["f1"]] == pairs
    assert tasks.aggregate_f1(pairs) == pytest.approx(2 / 3)
    assert tasks.aggregate_f1([{"anomalous": False, "said": None}]) == 0
    assert tasks.aggregate_known([0.5, None, 1.0]) == 0.75
    assert tasks.aggregate_known([None]) == 0


def test_a_folder_in_use_is_left_alone(clip_list: Path, clip_folder: Path, tmp_path: Path) -> None:
    cases = read_cases("manifest", clip_list, clip_folder)
    (tmp_path / "mine").write_text("keep", encoding="utf-8")

    with pytest.raises(SettingsError, match="not empty"):
        export_tasks(cases, tmp_path)


def test_the_command_names_gaps_and_says_what_is_wrong(
    clip_list: Path, clip_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [
        "--benchmark",
        "manifest",
        "--annotation",
        str(clip_list),
        "--out",
        str(tmp_path / "t"),
    ]

    assert main([*given, "--videos", str(clip_folder)]) == 0
    told = capsys.readouterr()
    assert "2 samples, 1 gaps" in told.out
    assert "missing-video: lost.mp4" in told.err
    assert main([*given, "--videos", str(tmp_path / "nowhere")]) == 3
    assert "nowhere" in capsys.readouterr().err
