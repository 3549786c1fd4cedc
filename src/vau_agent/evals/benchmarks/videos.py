"""Finding a benchmark's videos in the user's own folder."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from vau_agent.errors import BenchmarkError
from vau_agent.evals.samples import Dataset, Gap, Sample
from vau_agent.tools.video.formats import SUFFIXES


def find_videos(dataset: Dataset, folder: Path) -> tuple[dict[str, Path], tuple[Gap, ...]]:
    """Find each sample's video below `folder`.

    The relative name of the annotation comes first, then the file name anywhere below, then the
    file name without a known ending, last the same without the prefix that names the sample's
    source (VAU-Bench writes `msad_x.mp4` for MSAD's `x.mp4`).

    Returns:
        Paths by sample id, and a gap for every video that is absent or could be several files.

    Raises:
        BenchmarkError: The folder is absent.
    """
    if not folder.is_dir():
        raise BenchmarkError(f"{folder} is no folder; give the folder that holds the videos")
    by_place: dict[str, list[Path]] = {}
    by_name: dict[str, list[Path]] = {}
    by_stem: dict[str, list[Path]] = {}
    for path in _files(folder):
        by_place[path.relative_to(folder).as_posix()] = [path]
        by_name.setdefault(path.name, []).append(path)
        if path.suffix.lower() in SUFFIXES:
            by_stem.setdefault(path.stem, []).append(path)
    found: dict[str, Path] = {}
    gaps: list[Gap] = []
    for sample in dataset.samples:
        name = PurePosixPath(sample.video).name
        short = name.removeprefix(f"{sample.source}_")
        tries = (
            by_place.get(sample.video),
            by_name.get(name),
            by_stem.get(_stem(name)),
            by_name.get(short),
            by_stem.get(_stem(short)),
        )
        matches = next((paths for paths in tries if paths), [])
        if len(matches) == 1:
            found[sample.id] = matches[0]
        else:
            gaps.append(_gap(sample, matches, folder))
    return found, tuple(gaps)


def _files(folder: Path) -> Iterator[Path]:
    """Give the files below, links to folders followed, each folder entered once."""
    entered: set[str] = set()
    for place, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in entered:
            folders.clear()
            continue
        entered.add(real)
        folders.sort()
        yield from (Path(place) / name for name in sorted(files))


def _stem(name: str) -> str:
    path = PurePosixPath(name)
    return path.stem if path.suffix.lower() in SUFFIXES else name


def _gap(sample: Sample, matches: list[Path], folder: Path) -> Gap:
    detail = f"no file {sample.video!r} below the folder of videos"
    if matches:
        places = ", ".join(path.relative_to(folder).as_posix() for path in matches[:3])
        detail = f"{sample.video!r} could be any of {len(matches)} files: {places}"
    return Gap(id=sample.id, kind="missing-video", detail=detail)
