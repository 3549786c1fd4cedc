"""Inspect, run as users run it: it brings warnings and threads of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.adapters, pytest.mark.slow]


def run_task(tmp_path: Path, *arguments: str) -> dict[str, Any]:
    command = [str(Path(sys.executable).with_name("inspect")), "eval", *arguments]
    options = ["--model", "none", "--display", "none", "--log-format", "json"]
    done = subprocess.run(
        [*command, *options, "--log-dir", str(tmp_path / "logs"), "-T", f"out={tmp_path / 'out'}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = (tmp_path / "logs").glob("*.json")
    log: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return log


def figures(log: dict[str, Any]) -> dict[str, dict[str, float]]:
    return {
        scores["name"]: {name: one["value"] for name, one in scores["metrics"].items()}
        for scores in log["results"]["scores"]
    }


def test_verdicts_are_scored_by_our_metrics(
    clip_list: Path, clip_folder: Path, tmp_path: Path
) -> None:
    log = run_task(
        tmp_path,
        "vau_agent/video_anomaly",
        *("-T", "benchmark=manifest"),
        *("-T", f"annotation={clip_list}"),
        *("-T", f"videos={clip_folder}"),
    )

    assert log["status"] == "success"
    found = figures(log)
    assert found["right_verdict"]["accuracy"] == 1
    assert found["right_verdict"]["f1"] == 1
    assert found["found_time"]["mean"] > 0.7
    assert [gap["id"] for gap in log["eval"]["metadata"]["gaps"]] == ["lost.mp4"]
    for sample in log["samples"]:
        assert sample["id"] in (1, 2)
        assert "fighting.mp4" not in json.dumps(sample["messages"])


def test_a_broken_video_counts_as_wrong_and_stays_in_the_mean(
    clip_list: Path, clip_folder: Path, tmp_path: Path
) -> None:
    videos = tmp_path / "videos"
    videos.mkdir()
    (videos / "fighting.mp4").write_bytes(b"no video")
    (videos / "empty.mp4").symlink_to(clip_folder / "empty.mp4")
    log = run_task(
        tmp_path,
        "vau_agent/video_anomaly",
        *("-T", "benchmark=manifest"),
        *("-T", f"annotation={clip_list}"),
        *("-T", f"videos={videos}"),
    )

    assert figures(log)["right_verdict"]["accuracy"] == 0.5
    assert log["results"]["completed_samples"] == 2


def test_questions_are_put_to_the_agent(clip_list: Path, clip_folder: Path, tmp_path: Path) -> None:
    log = run_task(
        tmp_path,
        "vau_agent/video_anomaly",
        *("-T", "benchmark=manifest", "-T", "subject=qa"),
        *("-T", f"annotation={clip_list}"),
        *("-T", f"videos={clip_folder}"),
    )

    assert "right_option" in figures(log)
    assert all(sample["output"]["completion"] for sample in log["samples"])
