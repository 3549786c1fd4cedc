import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("killed_runs.py")


@pytest.mark.slow
def test_a_run_killed_at_any_point_resumes_to_the_same_trace() -> None:
    # SIGKILL loses nothing that was written, so a file system in memory is as telling as a disk.
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        done = subprocess.run(
            [sys.executable, str(SCRIPT), folder],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "LANGGRAPH_STRICT_MSGPACK": "true"},
        )

    outcome = json.loads(done.stdout)
    assert outcome["points"] > 100
    assert outcome["killed"] == outcome["points"]
    assert outcome["wrong"] == {}
