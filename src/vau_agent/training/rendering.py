"""Rendered scenes as video files, with a manifest of what is true of them; and sheets to look at.

The manifest is the project's own (`evals/benchmarks/manifest.py`), so that a level is a benchmark
like any other: `vau-agent eval run manifest --truth DIR/manifest.json --videos DIR`.
"""

import hashlib
import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image as Picture
from PIL import ImageDraw
from pydantic import JsonValue

from vau_agent.evals.samples import RISKS
from vau_agent.tools.video.encode import write_images
from vau_agent.training.scenes.scene import Scene, draw_scene
from vau_agent.training.scenes.splits import Split

MANIFEST_NAME: Final = "manifest.json"
SCENES_A_SEED: Final = 1_000_000
"""Scenes of one seed are numbered from a multiple of this: no scene belongs to two seeds."""
_ENCODING: Final = {"x264-params": "mbtree=0"}
"""With its look-ahead over blocks, x264 gives other bytes from run to run (seen with equal
pictures, one thread too)."""
_CELL: Final = (176, 132)
"""Pixels of one picture of a sheet, width and height."""
_CAPTION: Final = 14
"""Pixels above a row of a sheet, for its words."""

OnVideo = Callable[[int, int], None]
"""Called with how many videos are finished, and how many there will be."""


def scene_seeds(seed: int, count: int) -> range:
    """Number the scenes of one seed.

    Raises:
        ValueError: There are more than a seed has.
    """
    if not 0 < count <= SCENES_A_SEED:
        raise ValueError(f"a seed has 1 to {SCENES_A_SEED} scenes, not {count}")
    return range(seed * SCENES_A_SEED, seed * SCENES_A_SEED + count)


def scene_name(split: Split, seed: int) -> str:
    """Give a scene a name that tells nothing about it."""
    return hashlib.sha256(f"{split}/{seed}".encode()).hexdigest()[:12]


def render_videos(
    split: Split,
    seeds: Sequence[int],
    folder: Path,
    *,
    jobs: int = 1,
    on_video: OnVideo | None = None,
) -> Path:
    """Write the videos of scenes that are not there yet, then the manifest of all of them.

    Args:
        split: Which looks and stories are drawn.
        seeds: One for each scene; see `scene_seeds`.
        folder: Made if it is not there.
        jobs: Processes at once.
        on_video: Told of each finished video.

    Returns:
        The manifest.
    """
    folder.mkdir(parents=True, exist_ok=True)
    entries: list[JsonValue] = []
    for entry in _entries(partial(_render, split, folder), seeds, jobs):
        entries.append(entry)
        if on_video is not None:
            on_video(len(entries), len(seeds))
    manifest = folder / MANIFEST_NAME
    partial_file = manifest.with_name(f".{MANIFEST_NAME}.{os.getpid()}")
    partial_file.write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
    partial_file.replace(manifest)
    return manifest


def draw_sheet(scenes: Sequence[Scene], *, moments: int) -> Picture.Image:
    """Put scenes under one another, each as pictures at evenly spaced moments.

    Pictures inside the event are framed in red.
    """
    width, height = _CELL
    row = height + _CAPTION
    sheet = Picture.new("RGB", (width * moments, row * len(scenes)), "white")
    pen = ImageDraw.Draw(sheet)
    for number, scene in enumerate(scenes):
        top = number * row
        pen.text((2, top + 1), _words(scene), fill="black")
        for place in range(moments):
            time = (place + 0.5) * scene.duration_s / moments
            shown = Picture.fromarray(scene.picture(time)).resize(_CELL)
            sheet.paste(shown, (place * width, top + _CAPTION))
            if scene.truth.segment is not None and scene.truth.segment.contains(time):
                left, upper = place * width, top + _CAPTION
                corners = (left, upper, left + width - 1, upper + height - 1)
                pen.rectangle(corners, outline="red", width=2)
    return sheet


def _entry(split: Split, seed: int, scene: Scene) -> dict[str, JsonValue]:
    name, truth, frames = scene_name(split, seed), scene.truth, _frame_count(scene)
    duration = frames / scene.fps
    events: list[JsonValue] = []
    if truth.segment is not None:
        events = [[round(truth.segment.start, 3), round(min(truth.segment.end, duration), 3)]]
    entry: dict[str, JsonValue] = {
        "id": name,
        "file": f"{name}.mp4",
        "dataset": f"rendered {split}",
        "label": truth.category or "normal",
        "events_s": events,
        "duration_s": duration,
        "fps": scene.fps,
        "frames": frames,
        "risk": RISKS[truth.risk],
        "description": truth.caption,
        "kind": truth.kind,
        "place": truth.place,
        "cause": truth.cause,
        "split": split,
        "scene_seed": seed,
    }
    questions = scene.questions()
    if questions:
        asked = questions[seed % len(questions)]
        options: list[JsonValue] = list(asked.options)
        entry["question"] = {"text": asked.text, "options": options, "answer": asked.answer}
    return entry


def _entries(
    render: Callable[[int], dict[str, JsonValue]], seeds: Sequence[int], jobs: int
) -> Iterator[dict[str, JsonValue]]:
    if jobs == 1:
        yield from map(render, seeds)
        return
    # A started process inherits no lock and no thread; libraries of pictures hold both.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=jobs, mp_context=context) as pool:
        yield from pool.map(render, seeds)


def _render(split: Split, folder: Path, seed: int) -> dict[str, JsonValue]:
    scene = draw_scene(split, seed)
    path = folder / f"{scene_name(split, seed)}.mp4"
    if not path.is_file():
        times = (number / scene.fps for number in range(_frame_count(scene)))
        width, height = scene.view.size
        size = (width // 2 * 2, height // 2 * 2)  # the encoder halves both for colour
        pictures = (
            np.ascontiguousarray(scene.picture(time)[: size[1], : size[0]]) for time in times
        )
        write_images(pictures, path, size=size, fps=scene.fps, options=_ENCODING)
    return _entry(split, seed, scene)


def _frame_count(scene: Scene) -> int:
    return max(1, round(scene.duration_s * scene.fps))


def _words(scene: Scene) -> str:
    truth = scene.truth
    when = "" if truth.segment is None else f" {truth.segment.start:.1f}-{truth.segment.end:.1f}"
    return (
        f"{scene.split} {scene.seed}  {truth.kind}: {truth.category or 'normal'}{when}"
        f" of {scene.duration_s:.1f} s, {truth.place}. {truth.caption}"
    )
