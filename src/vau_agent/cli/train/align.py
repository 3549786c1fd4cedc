"""`vau-agent train align`: stage 1, the projector learns words for frames."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from vau_agent.cli.options import QuietOption
from vau_agent.cli.train.options import ClipsOption, ConfigOption, SeedOption, find_folder

_TOLD_EVERY = 25


def align(
    base: Annotated[
        Path,
        typer.Option("--base", metavar="MODEL", help="Model folder, or a pulled model: nano-base."),
    ],
    clips: ClipsOption,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where the aligned model is written.")
    ],
    detector: Annotated[
        Path | None,
        typer.Option(
            "--detector",
            metavar="DIR",
            help="Folder of 'vau-agent train detector'; the model gets its tower.",
            show_default=False,
        ),
    ] = None,
    config: ConfigOption = None,
    steps: Annotated[int | None, typer.Option("--steps", metavar="N", show_default=False)] = None,
    frames: Annotated[
        int | None,
        typer.Option("--frames", metavar="N", help="Frames to learn from.", show_default=False),
    ] = None,
    seed: SeedOption = None,
    quiet: QuietOption = False,
) -> None:
    """Teach the projector of a model folder the word for what each frame shows.

    Takes seconds to minutes; begun again after an interruption, it begins anew.
    """
    from vau_agent.training.packages import LEARNING, require

    require(LEARNING)
    from vau_agent.training.alignment import align as align_model
    from vau_agent.training.clips import ClipStore
    from vau_agent.training.config import AlignmentConfig, load_config

    given = load_config(AlignmentConfig, config, {"steps": steps, "frames": frames, "seed": seed})

    def on_step(step: int, loss: float) -> None:
        if not quiet and step % _TOLD_EVERY == 0:
            print(f"  step {step}/{given.steps}  loss {loss:.3f}", file=sys.stderr, flush=True)

    report = align_model(
        find_folder(base),
        out,
        ClipStore.open(clips, "train"),
        given,
        stage0=detector,
        on_step=on_step,
    )
    print(
        f"{report.accuracy:.1%} of held-out frames next to the word of their class "
        f"(before {report.accuracy_before:.1%}, the commonest class {report.majority:.1%}); "
        f"{report.cpu_seconds:.0f} CPU seconds; model in {out}"
    )
