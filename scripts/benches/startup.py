"""B15: how long one waits before anything happens."""

import sys
from statistics import median
from typing import Final

from scripts.benches.measure import Work, run_alternately

EMPTY: Final = "python -c pass"


def cold_start(work: Work) -> None:
    """Time of `vau-agent --help` and `import vau_agent` over `python -c pass`."""
    contenders = {
        EMPTY: [sys.executable, "-c", "pass"],
        "import vau_agent": [sys.executable, "-c", "import vau_agent"],
        "vau-agent --help": [sys.executable, "-m", "vau_agent", "--help"],
    }
    goals = {"import vau_agent": "<= 300 ms", "vau-agent --help": "<= 150 ms"}
    costs = run_alternately(contenders, repeats=1 if work.quick else 3 * work.repeats)
    empty = costs[EMPTY]
    print(f"{'command, over ' + EMPTY:<34} {'wall':>7} {'worst':>7} {'CPU':>7}  goal")
    for name, runs in costs.items():
        if runs[-1].failed:
            print(f"{name:<34} {runs[-1].problem}")
            continue
        wall = [1000 * (run.wall_s - one.wall_s) for run, one in zip(runs, empty, strict=True)]
        cpu = [1000 * (run.cpu_s - one.cpu_s) for run, one in zip(runs, empty, strict=True)]
        figures = f"{median(wall):>7.0f} {max(wall):>7.0f} {median(cpu):>7.0f}"
        print(f"{name:<34} {figures}  {goals.get(name, '')}")
