"""`vau-agent train clips`: draw what the stages learn from."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from vau_agent.cli.options import QuietOption
from vau_agent.errors import SettingsError


def clips(
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder of the clips; one for all splits.")
    ],
    split: Annotated[
        str, typer.Option("--split", metavar="SPLIT", help="train, L1, L2 or L3.")
    ] = "train",
    count: Annotated[
        int, typer.Option("--count", metavar="N", min=1, help="How many (0.8 MB each).")
    ] = 1000,
    first_seed: Annotated[
        int, typer.Option("--first-seed", metavar="N", min=0, help="Number of the first scene.")
    ] = 0,
    jobs: Annotated[
        int, typer.Option("--jobs", metavar="N", min=1, help="Processes, at lowest priority.")
    ] = 2,
    shard_clips: Annotated[
        int, typer.Option("--shard-clips", metavar="N", min=1, help="Clips written at once.")
    ] = 256,
    quiet: QuietOption = False,
) -> None:
    """Draw scenes as clips of 16 motion pictures, with what is true of them.

    Finished shards are never drawn again: the same command goes on where it ended, and one with a
    higher count adds to what is there.
    """
    from vau_agent.training.packages import DRAWING, require

    require(DRAWING)
    from vau_agent.training.clip_building import Order, build_clips
    from vau_agent.training.scenes.splits import SPLITS

    if split not in SPLITS:
        raise SettingsError(f"no split {split!r}; there are {', '.join(SPLITS)}")
    order = Order(
        split=split,
        seeds=range(first_seed, first_seed + count),
        folder=out,
        shard_clips=shard_clips,
    )

    def on_clips(done: int, wanted: int) -> None:
        if not quiet:
            print(f"  {done}/{wanted} clips", file=sys.stderr, flush=True)

    made = build_clips(order, jobs=jobs, on_clips=on_clips)
    print(f"{count} clips of {split} in {out}, {made} of them new")
