"""B1 to B3: what decoding costs beside the ffmpeg program and other libraries."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Final

from scripts.benches.clips import looped, surveillance_clip
from scripts.benches.measure import Cost, Work, print_ratios, run_alternately

FLOOR: Final = "ffmpeg -f null"
KEY_FLOOR: Final = "ffmpeg -skip_frame nokey"


def full_pass(work: Work) -> None:
    """CPU of a full pass at 1 frame a second, resized, beside only decoding."""
    for kind in _kinds(work):
        clip = _clip(work, kind)
        contenders = {FLOOR: _ffmpeg(clip)}
        contenders |= {name: work.peer(name, "full", clip) for name in work.libraries}
        print(f"\n{clip.name}")
        costs = run_alternately(contenders, repeats=work.repeats)
        print_ratios(costs, base=FLOOR, goals={"ours": "<= 1.10, <= 1.03 of the best library"})
        _print_counts(costs)


def keyframe_pass(work: Work) -> None:
    """CPU of decoding keyframes only, beside ffmpeg doing so and beside a full pass."""
    for kind in _kinds(work):
        clip = _clip(work, kind)
        contenders = {
            KEY_FLOOR: _ffmpeg(clip, "-skip_frame", "nokey"),
            "ours": work.peer("ours", "keys", clip),
            "ours, only opened": work.peer("ours", "nothing", clip),
            "pyav": work.peer("pyav", "keys", clip),
            "ours, full pass": work.peer("ours", "full", clip),
        }
        if not work.quick:
            contenders |= {name: work.peer(name, "keys", clip) for name in ("decord", "decord2")}
        print(f"\n{clip.name}")
        costs = run_alternately(contenders, repeats=work.repeats)
        print_ratios(costs, base=KEY_FLOOR, goals={"ours": "<= 1.20"})
        share = {name: costs[name] for name in ("ours, full pass", "ours")}
        print_ratios(share, base="ours, full pass", goals={"ours": "<= 0.20"})
        _print_counts(costs)


def zoom(work: Work) -> None:
    """CPU of 32 frames of the last 10 s, beside libraries and in a 60 times longer video."""
    clip = _clip(work, "cctv")
    contenders = {name: work.peer(name, "zoom", clip) for name in work.libraries}
    print(f"\n{clip.name}")
    contenders |= {f"{name}, only opened": work.peer(name, "nothing", clip) for name in contenders}
    costs = run_alternately(contenders, repeats=work.repeats)
    print_ratios(costs, base="pyav", goals={"ours": "<= 1.05 of the best library"})
    _print_counts(costs)
    _print_beyond_opening(costs, work.libraries)
    long = looped(clip, times=2 if work.quick else 60)
    lengths = {
        "ours, 10 min": work.peer("ours", "zoom", clip),
        "ours, 10 h": work.peer("ours", "zoom", long),
    }
    if not work.quick:
        lengths["ours, 10 min, only opened"] = work.peer("ours", "nothing", clip)
        lengths["ours, 10 h, only opened"] = work.peer("ours", "nothing", long)
        peers = ("pyav", "opencv", "decord2")
        lengths |= {f"{name}, 10 h": work.peer(name, "zoom", long) for name in peers}
    costs = run_alternately(lengths, repeats=work.repeats)
    print_ratios(costs, base="ours, 10 min", goals={"ours, 10 h": "<= 1.20"})


def _kinds(work: Work) -> tuple[str, ...]:
    return ("cctv",) if work.quick else ("busy", "cctv")


def _clip(work: Work, kind: str) -> Path:
    if work.quick:
        return surveillance_clip(work.folder, kind=kind, gop=25, seconds=4)
    return surveillance_clip(work.folder, kind=kind, gop=250, seconds=600)


def _ffmpeg(clip: Path, *options: str) -> list[str]:
    command = ["ffmpeg", "-v", "error", "-nostdin", *options, "-i", str(clip)]
    return [*command, "-vsync", "passthrough", "-f", "null", "-"]


def _print_beyond_opening(costs: Mapping[str, list[Cost]], libraries: Sequence[str]) -> None:
    """Show what is left when start-up, imports and opening are taken off: they come once."""
    print("CPU s of the frames themselves, opening taken off")
    for name in libraries:
        if not costs[name][-1].failed:
            whole = median(run.cpu_s for run in costs[name])
            opened = median(run.cpu_s for run in costs[f"{name}, only opened"])
            print(f"  {name}: {whole - opened:.2f}")


def _print_counts(costs: Mapping[str, list[Cost]]) -> None:
    """Show that everyone did the same work."""
    for name, runs in costs.items():
        if not runs[-1].failed and runs[-1].output.strip():
            print(f"  {name}: {runs[-1].output.strip().splitlines()[-1]}")
