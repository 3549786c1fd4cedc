"""Running contenders alternately, reading what they cost, printing ratios."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
LIBRARIES: Final = ("ours", "pyav", "opencv", "decord", "decord2", "torchcodec")
MIB: Final = 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """How the benches of this run are carried out."""

    folder: Path
    """Where clips are made and kept."""
    env: Path
    repeats: int
    quick: bool

    @property
    def libraries(self) -> tuple[str, ...]:
        """Who is compared; ours first."""
        return LIBRARIES[:2] if self.quick else LIBRARIES

    def peer(self, library: str, task: str, *arguments: object) -> list[str]:
        """Give the command by which a library does a task (see peers.py)."""
        program = [sys.executable, "-m", "scripts.benches.peers"]
        folder = str(self.env / "peers" / library)
        return [*program, folder, library, task, *map(str, arguments)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """What one run of a contender took, children included."""

    cpu_s: float
    wall_s: float
    peak_mib: float
    """Highest sum of resident memory over all its processes; 0 when it was not watched."""
    output: str
    failed: bool

    @property
    def problem(self) -> str:
        """The last line of its output, for a contender that failed."""
        return (self.output.strip().splitlines() or ["no output"])[-1][:90]


def run_once(command: Sequence[str], *, watch_memory: bool = False) -> Cost:
    """Run a command to its end and read its costs."""
    started = time.perf_counter()
    with subprocess.Popen(
        list(command), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        watch = _MemoryWatch(process.pid) if watch_memory else None
        output = process.stdout.read() if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(
        cpu_s=usage.ru_utime + usage.ru_stime,
        wall_s=time.perf_counter() - started,
        peak_mib=watch.stop() if watch else 0.0,
        output=output,
        failed=process.returncode != 0,
    )


def run_alternately(
    contenders: Mapping[str, Sequence[str]], *, repeats: int, watch_memory: bool = False
) -> dict[str, list[Cost]]:
    """Run every contender once, then all again; one that fails is not tried again."""
    costs: dict[str, list[Cost]] = {name: [] for name in contenders}
    for _ in range(repeats):
        for name, command in contenders.items():
            if not (costs[name] and costs[name][-1].failed):
                costs[name].append(run_once(command, watch_memory=watch_memory))
    return costs


def print_ratios(
    costs: Mapping[str, list[Cost]], *, base: str, goals: Mapping[str, str] | None = None
) -> None:
    """Print median and worst CPU time of each contender over the base of the same round."""
    print(f"{'contender':<34} {'median':>7} {'worst':>7} {'CPU s':>8}  goal")
    for name, runs in costs.items():
        if runs[-1].failed:
            print(f"{name:<34} {runs[-1].problem}")
            continue
        ratios = [run.cpu_s / other.cpu_s for run, other in zip(runs, costs[base], strict=True)]
        cpu = median(run.cpu_s for run in runs)
        goal = (goals or {}).get(name, "")
        print(
            f"{name:<34} {median(ratios):>7.2f} {max(ratios):>7.2f} {cpu:>8.2f}  {goal}", flush=True
        )


class _MemoryWatch:
    """Samples the resident memory of a process and all its descendants."""

    def __init__(self, pid: int, *, every_s: float = 0.02) -> None:
        self._pid = pid
        self._every_s = every_s
        self._peak = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> float:
        """End the sampling and give the peak in MiB."""
        self._done.set()
        self._thread.join()
        return self._peak / MIB

    def _watch(self) -> None:
        while not self._done.wait(self._every_s):
            self._peak = max(self._peak, sum(map(_resident_bytes, _family(self._pid))))


def _family(pid: int) -> list[int]:
    """Give a process and its descendants."""
    children: list[int] = []
    for listing in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children += [int(child) for child in listing.read_text().split()]
        except OSError:  # the thread ended meanwhile
            continue
    return [pid, *(one for child in children for one in _family(child))]


def _resident_bytes(pid: int) -> int:
    """Give what a process alone holds: shared pages count by their share."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it ended meanwhile
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
