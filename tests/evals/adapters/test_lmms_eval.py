"""lmms-eval, run as users run it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from vau_agent.evals.adapters.cases import read_cases
from vau_agent.evals.adapters.lmms_eval.export import export_tasks

pytestmark = [pytest.mark.adapters, pytest.mark.slow]


@pytest.mark.parametrize("subject", ["verdict", "qa"])
def test_a_task_runs_against_the_agent(
    subject: str, clip_list: Path, clip_folder: Path, tmp_path: Path
) -> None:
    cases = read_cases("manifest", clip_list, clip_folder, subject=subject)
    task = export_tasks(cases, tmp_path / "tasks")
    options = {
        "--model": "vau_agent",
        "--model_args": f"policy=rules,out={tmp_path / 'out'}",
        "--tasks": task.stem,
        "--include_path": str(task.parent),
        "--batch_size": "1",
        "--output_path": str(tmp_path / "logs"),
    }
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("lmms-eval")),
            *(part for option in options.items() for part in option),
            "--log_samples",
        ],
        cwd=tmp_path,
        env={**os.environ, "HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr

    (results,) = (tmp_path / "logs").rglob("*_results.json")
    found: dict[str, Any] = json.loads(results.read_text(encoding="utf-8"))["results"][task.stem]
    (samples,) = (tmp_path / "logs").rglob("*_samples_*.jsonl")
    assert len(samples.read_text(encoding="utf-8").splitlines()) == 2
    if subject == "verdict":
        assert found["accuracy,none"] == 1
        assert found["f1,none"] == 1
        assert found["tiou_normals_counted,none"] > 0.7
    else:
        assert 0 <= found["unreadable,none"] <= 1
