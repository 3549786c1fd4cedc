"""B15: how long one waits before anything happens."""

import sys
from statistics import median

from scripts.benches.measure import Work, run_alternately


def cold_start(work: Work) -> None:
    """Wall time of `vau-agent --help` and `import vau_agent` over `python -c pass`."""
    contenders = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "import vau_agent": [sys.executable, "-c", "import vau_agent"],
        "vau-agent --help": [sys.executable, "-m", "vau_agent", "--help"],
    }
    goals = {"import vau_agent": "<= 300 ms", "vau-agent --help": "<= 150 ms"}
    costs = run_alternately(contenders, repeats=1 if work.quick else 2 * work.repeats)
    base = [run.wall_s for run in costs["python -c pass"]]
    print(f"{'command':<34} {'over, median':>13} {'worst':>9}  goal")
    for name, runs in costs.items():
        if runs[-1].failed:
            print(f"{name:<34} {runs[-1].problem}")
            continue
        over = [1000 * (run.wall_s - floor) for run, floor in zip(runs, base, strict=True)]
        print(f"{name:<34} {median(over):>10.0f} ms {max(over):>6.0f} ms  {goals.get(name, '')}")
