"""B4: is the picture that a library gives for a time the one that is shown then?"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from scripts.benches.clips import numbered_images, run_ffmpeg
from scripts.benches.measure import Work, run_once
from vau_agent.tools.video.encode import write_images

FRAMES: Final = 400
ASKED: Final = 60
FPS: Final = 25.0
SKIPPED_S: Final = 1.0
"""Where the edit list begins."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Numbered:
    """A video of numbered pictures, and when each is shown."""

    name: str
    path: Path
    shown: list[tuple[int, float]]
    """Number and time from the first one shown, in seconds."""


def exactness(work: Work) -> None:
    """Wrong frames of 60 asked for in each of 7 files, one seek each."""
    work.folder.mkdir(parents=True, exist_ok=True)
    videos = [make(work.folder) for make in (MAKERS[:1] if work.quick else MAKERS)]
    libraries = work.libraries
    asked = 8 if work.quick else ASKED
    print(f"{'file':<26}" + "".join(f"{name:>12}" for name in libraries))
    totals: dict[str, int] = dict.fromkeys(libraries, 0)
    for video in videos:
        wrong = {name: _count_wrong(work, video, name, asked) for name in libraries}
        print(
            f"{video.name:<26}" + "".join(f"{_cell(wrong[n]):>12}" for n in libraries), flush=True
        )
        for name, count in wrong.items():
            totals[name] += asked if count is None else count
    row = "".join(f"{totals[name]:>12}" for name in libraries)
    print(f"{'all, of ' + str(asked * len(videos)):<26}{row}  goal: ours 0")
    print("  '-': not installed or cannot read it; counted as all wrong")


def _count_wrong(work: Work, video: Numbered, library: str, asked: int) -> int | None:
    """Ask a library for random times; `None` when it cannot answer at all."""
    rng = np.random.default_rng(7)
    last = len(video.shown) - 1
    chosen: list[int] = rng.choice(last, asked, replace=False).tolist()
    between = [(video.shown[n][1] + video.shown[n + 1][1]) / 2 for n in chosen]
    times = video.path.with_suffix(".times.json")
    times.write_text(json.dumps(between))
    cost = run_once(work.peer(library, "numbers", video.path, times))
    if cost.failed:
        return None
    numbers: list[int | None] = json.loads(cost.output.strip().splitlines()[-1])
    return sum(number != video.shown[n][0] for number, n in zip(numbers, chosen, strict=True))


def _cell(wrong: int | None) -> str:
    return "-" if wrong is None else str(wrong)


def _numbered(folder: Path, name: str, file: str, **how: object) -> Numbered:
    path = folder / file
    if not path.exists():
        options: dict[str, object] = {"size": (320, 240), "fps": FPS, "gop": 50} | how
        write_images(numbered_images(FRAMES), path, **options)  # type: ignore[arg-type]  # as above
    return Numbered(name=name, path=path, shown=[(n, n / FPS) for n in range(FRAMES)])


def _closed(folder: Path) -> Numbered:
    options = {"bf": "3", "preset": "medium"}
    return _numbered(folder, "H.264 closed GOP", "closed.mp4", options=options)


def _open_gop(folder: Path) -> Numbered:
    options = {"bf": "3", "preset": "medium", "x264-params": "open-gop=1"}
    return _numbered(folder, "H.264 open GOP", "open.mp4", options=options)


def _variable(folder: Path) -> Numbered:
    rng = np.random.default_rng(5)
    times = [round(float(time), 3) for time in np.cumsum(rng.uniform(0.02, 0.12, FRAMES))]
    times = [time - times[0] for time in times]
    video = _numbered(folder, "H.264 VFR", "variable.mp4", timestamps=times)
    return Numbered(name=video.name, path=video.path, shown=list(enumerate(times)))


def _avi(folder: Path) -> Numbered:
    return _numbered(folder, "MPEG-4 AVI, B-frames", "b.avi", codec="mpeg4", options={"bf": "2"})


def _hevc(folder: Path) -> Numbered:
    options = {"x265-params": "log-level=error:open-gop=1"}
    return _numbered(folder, "HEVC open GOP", "hevc.mp4", codec="libx265", options=options)


def _transport_stream(folder: Path) -> Numbered:
    return _numbered(folder, "MPEG-TS", "stream.ts", options={"bf": "3", "preset": "medium"})


def _edit_list(folder: Path) -> Numbered:
    """Cut a second off the start without encoding: an edit list hides it."""
    source, path = _closed(folder), folder / "edited.mp4"
    if not path.exists():
        run_ffmpeg("-ss", str(SKIPPED_S), "-i", str(source.path), "-c", "copy", str(path))
    first = round(SKIPPED_S * FPS)
    shown = [(n, (n - first) / FPS) for n in range(first, FRAMES)]
    return Numbered(name="MP4 with edit list", path=path, shown=shown)


MAKERS: Final[tuple[Callable[[Path], Numbered], ...]] = (
    _closed,
    _open_gop,
    _variable,
    _avi,
    _hevc,
    _transport_stream,
    _edit_list,
)
