"""What whole agents say of the same videos: through files, a reader, triage and their own looks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vau_agent.evals.benchmarks.manifest import read as read_manifest
from vau_agent.evals.records import Record
from vau_agent.evals.runner import plan_run, run_benchmark
from vau_agent.settings import Settings
from vau_agent.training.rendering import render_videos, scene_seeds
from vau_agent.training.scenes.splits import Split

VIDEOS: Final = "videos"
OnRecord = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Videos:
    """Files with a manifest of what is true of them."""

    manifest: Path
    folder: Path


def render_some(
    split: Split, seeds: Sequence[int], count: int, folder: Path, *, jobs: int = 1
) -> Videos:
    """Write the first `count` scenes of a level as videos, taken from all seeds alike."""
    share = -(-count // len(seeds))
    numbers = [number for seed in seeds for number in scene_seeds(seed, share)][:count]
    return Videos(
        manifest=render_videos(split, numbers, folder / VIDEOS, jobs=jobs), folder=folder / VIDEOS
    )


def agent_records(
    policy: str,
    videos: Videos,
    settings: Settings,
    folder: Path,
    *,
    fresh: bool = False,
    on_record: OnRecord | None = None,
) -> tuple[Record, ...]:
    """Let an agent judge videos; what it said before stays.

    Raises:
        SettingsError: What is there was made from something else.
    """
    plan = plan_run(
        read_manifest(videos.manifest),
        annotation=videos.manifest,
        videos=videos.folder,
        settings=settings.model_copy(update={"policy": policy}),
    )

    def told(record: Record, done: int, count: int) -> None:
        if on_record is not None:
            on_record(done, count)

    return run_benchmark(plan, out=folder, fresh=fresh, on_record=told).records
