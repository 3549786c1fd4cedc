"""Makes a store of clips with several processes; what is finished stays, whatever ends it."""

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vau_agent.errors import SettingsError
from vau_agent.training.clips import (
    FRAMES,
    SIDE,
    Clip,
    Drawable,
    finished_shards,
    render_clip,
    write_shard,
)
from vau_agent.training.scenes.splits import Split

SHARD_CLIPS: Final = 256
_NICENESS: Final = 15

Draw = Callable[[Split, int], Drawable]
"""Draws the scene of a split and a seed; found by its name in another process."""
OnClips = Callable[[int, int], None]
"""Told how many clips are there, and how many there will be."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """Which clips are wanted."""

    split: Split
    seeds: range
    folder: Path
    frames: int = FRAMES
    side: int = SIDE
    shard_clips: int = SHARD_CLIPS


def draw(split: Split, seed: int) -> Drawable:
    """Draw one of the project's own scenes."""
    from vau_agent.training.scenes.scene import draw_scene

    return draw_scene(split, seed)


def build_clips(
    order: Order,
    *,
    jobs: int,
    drawing: Draw = draw,
    on_clips: OnClips = lambda done, wanted: None,
) -> int:
    """Make what is missing of an order; give how many clips were made.

    Raises:
        SettingsError: The folder holds clips of another size, or cannot be written to.
    """
    try:
        order.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"clips cannot be written to {str(order.folder)!r}: {error.strerror}"
        ) from error
    _check_sizes(order)
    runs = list(missing_runs(order))
    wanted, made = len(order.seeds), 0
    before = wanted - sum(len(run) for run in runs)
    on_clips(before, wanted)
    if not runs:
        return 0
    with ProcessPoolExecutor(
        max_workers=min(jobs, len(runs)),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_settle,
    ) as pool:
        futures = {pool.submit(_make_shard, order, run, drawing): len(run) for run in runs}
        try:
            for future in as_completed(futures):
                future.result()
                made += futures[future]
                on_clips(before + made, wanted)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return made


def missing_runs(order: Order) -> Iterator[range]:
    """Yield the seeds that no finished shard holds, in runs of one shard at most."""
    held = {seed for shard in finished_shards(order.folder, order.split) for seed in shard.seeds}
    yield from _in_runs((seed for seed in order.seeds if seed not in held), order.shard_clips)


def _in_runs(seeds: Iterable[int], longest: int) -> Iterator[range]:
    first = last = -1
    for seed in seeds:
        if first >= 0 and (seed != last + 1 or last - first + 1 >= longest):
            yield range(first, last + 1)
            first = -1
        if first < 0:
            first = seed
        last = seed
    if first >= 0:
        yield range(first, last + 1)


def _check_sizes(order: Order) -> None:
    for shard in finished_shards(order.folder, order.split):
        found = shard.pictures.shape[1:]
        wanted = (order.frames, order.side, order.side, 3)
        if found != wanted:
            raise SettingsError(
                f"{str(order.folder)!r} holds clips of shape {found}, wanted are {wanted}; "
                "choose another folder with --out"
            )


def _settle() -> None:
    """Leave the machine to others: the lowest priority, and one thread a process."""
    os.nice(_NICENESS)
    import cv2

    cv2.setNumThreads(1)


def _make_shard(order: Order, seeds: range, drawing: Draw) -> None:
    clips: list[Clip] = [
        render_clip(drawing(order.split, seed), frames=order.frames, side=order.side)
        for seed in seeds
    ]
    write_shard(order.folder, clips)
