"""B5: does the memory of an ingest grow with the length of the video?"""

from statistics import median
from typing import Final

from scripts.benches.clips import looped, surveillance_clip
from scripts.benches.measure import Work, run_alternately

LENGTHS: Final = {"10 min": 1, "1 h": 6, "10 h": 60}
QUICK_LENGTHS: Final = {"10 min": 1, "1 h": 2}


def peak_memory(work: Work) -> None:
    """Peak memory of open, index, keyframes and triage, parent and child, by length of video."""
    gop, seconds = (25, 4) if work.quick else (250, 600)
    clip = surveillance_clip(work.folder, kind="cctv", gop=gop, seconds=seconds)
    lengths = QUICK_LENGTHS if work.quick else LENGTHS
    contenders = {
        f"ours, {name}": work.peer("ours", "ingest", looped(clip, times=times))
        for name, times in lengths.items()
    }
    contenders["ours, only opened"] = work.peer("ours", "nothing", clip)
    for name in () if work.quick else ("decord", "decord2"):
        contenders[f"{name} get_batch, 10 min"] = work.peer(name, "full", clip)
    costs = run_alternately(contenders, repeats=min(work.repeats, 3), watch_memory=True)
    first = costs["ours, 10 min"]
    print(f"{'contender':<34} {'MiB':>6} {'x 10 min':>9} {'CPU s':>8}  goal")
    for name, runs in costs.items():
        if runs[-1].failed:
            print(f"{name:<34} {runs[-1].problem}")
            continue
        peak = median(run.peak_mib for run in runs)
        ratio = median(run.peak_mib / one.peak_mib for run, one in zip(runs, first, strict=True))
        goal = "<= 1.05" if name.endswith("10 h") else ""
        cpu = median(run.cpu_s for run in runs)
        print(f"{name:<34} {peak:>6.0f} {ratio:>9.2f} {cpu:>8.2f}  {goal}", flush=True)
    print("  goals besides: <= 0.5 of decord, <= 200 MiB over only opened")
