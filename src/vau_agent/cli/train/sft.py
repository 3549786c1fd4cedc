"""`vau-agent train sft`: stage 2, the language model learns to reason, reflect and revise."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from vau_agent.cli.options import QuietOption
from vau_agent.cli.train.options import ConfigOption, ResumeOption, SeedOption


def sft(
    base: Annotated[
        Path,
        typer.Option("--base", metavar="DIR", help="Model folder, of 'vau-agent train align'."),
    ],
    clips: Annotated[
        Path,
        typer.Option(
            "--clips",
            metavar="DIR",
            help="Clips of 'vau-agent train clips' that the detector was not trained on.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", metavar="DIR", help="Where checkpoints, log and the adapter go."),
    ],
    detector: Annotated[
        Path | None,
        typer.Option(
            "--detector",
            metavar="DIR",
            help="Folder of 'vau-agent train detector', whose measurements rows quote; without "
            "it, they quote the truth with mistakes.",
            show_default=False,
        ),
    ] = None,
    answers: Annotated[
        Path | None,
        typer.Option(
            "--answers",
            metavar="FILE",
            help="First answers that a policy wrote itself, of 'vau-agent train sample'.",
            show_default=False,
        ),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(
            "--start",
            metavar="DIR",
            help="Folder of an earlier 'train sft' on the same --base, whose adapter learns on.",
            show_default=False,
        ),
    ] = None,
    config: ConfigOption = None,
    epochs: Annotated[
        float | None,
        typer.Option("--epochs", metavar="N", help="Passes over the rows.", show_default=False),
    ] = None,
    max_steps: Annotated[
        int | None, typer.Option("--max-steps", metavar="N", show_default=False)
    ] = None,
    batch: Annotated[
        int | None, typer.Option("--batch", metavar="N", min=1, show_default=False)
    ] = None,
    seed: SeedOption = None,
    resume: ResumeOption = False,
    quiet: QuietOption = False,
) -> None:
    """Train LoRA and projector on whole dialogues of the agent, with TRL.

    A training that was killed goes on with --resume, from at most the last few minutes.
    """
    from vau_agent.training.packages import LEARNING, require

    require(LEARNING)
    from vau_agent.training.clips import ClipStore
    from vau_agent.training.config import LanguageConfig, load_config
    from vau_agent.training.own_answers import load_answers
    from vau_agent.training.sft import train_language

    given = load_config(
        LanguageConfig,
        config,
        {"epochs": epochs, "max_steps": max_steps, "batch": batch, "seed": seed},
    )

    def on_line(line: dict[str, float]) -> None:
        if not quiet:
            words = "  ".join(f"{name} {value:g}" for name, value in line.items())
            print(f"  {words}", file=sys.stderr, flush=True)

    card = train_language(
        base,
        out,
        ClipStore.open(clips, "train"),
        given,
        detector=detector,
        own=None if answers is None else load_answers(answers, given),
        start=start,
        resume=resume,
        on_line=on_line,
    )
    print(
        f"{card.rows} rows of {card.clips} clips, {card.steps} steps, loss {card.loss:.3f}; "
        f"{card.cpu_seconds_per_row:.2f} CPU seconds a row; adapter in {out}"
    )
