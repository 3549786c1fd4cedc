"""Published figures from published predictions, by the one command."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
DATA = ROOT.parent / "shared" / "data"

pytestmark = [
    pytest.mark.skipif(
        not (DATA / "expected.json").is_file(), reason="../shared/data is not beside the project"
    ),
    pytest.mark.slow,
]


def reproduce(data: Path, *parts: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts/reproduce"), str(data), *parts, "--draws", "20"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def test_every_published_figure_is_met() -> None:
    done = reproduce(DATA)
    assert done.returncode == 0, done.stdout + done.stderr
    met = re.search(r"(\d+) of (\d+) figures agree", done.stdout)
    assert met is not None
    assert met[1] == met[2]
    assert int(met[1]) >= 79
    for what in ("corevad", "sultani", "qvhighlights", "smarthome", "vau-r1", "captions"):
        assert re.search(rf"^{what} .* yes$", done.stdout, re.MULTILINE), what
    assert "longest option" in done.stdout


def test_a_figure_that_is_off_is_named_and_ends_with_1(tmp_path: Path) -> None:
    (tmp_path / "predictions").symlink_to(DATA / "predictions")
    expected = json.loads((DATA / "expected.json").read_text())
    expected["sultani_roc"]["6_C3D_Final_L1L2.mat"]["auc_in_file"] += 0.002
    (tmp_path / "expected.json").write_text(json.dumps(expected))
    done = reproduce(tmp_path, "sultani")
    assert done.returncode == 1
    off = [line for line in done.stdout.splitlines() if line.endswith("NO")]
    assert len(off) == 1
    assert off[0].startswith("sultani 6_C3D_Final_L1L2.mat auc_in_file")


def test_a_folder_without_expectations_is_refused_in_one_line(tmp_path: Path) -> None:
    done = reproduce(tmp_path)
    assert done.returncode == 3
    assert done.stderr.startswith("reproduce: ")
    assert done.stderr.count("\n") == 1
