"""`vau-agent train sample`: a model's own first answers, to learn reflection from."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from vau_agent.cli.options import QuietOption
from vau_agent.cli.train.options import ConfigOption, SeedOption


def sample(
    model: Annotated[
        Path, typer.Option("--model", metavar="DIR", help="Model folder that can answer already.")
    ],
    clips: Annotated[
        Path, typer.Option("--clips", metavar="DIR", help="Clips, the same as for 'train sft'.")
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Answers, for 'train sft --answers'.")
    ],
    detector: Annotated[
        Path | None,
        typer.Option(
            "--detector", metavar="DIR", help="The same as for 'train sft'.", show_default=False
        ),
    ] = None,
    config: ConfigOption = None,
    seed: SeedOption = None,
    quiet: QuietOption = False,
) -> None:
    """Have a model answer the first question of every row, so that it learns from its mistakes.

    Give 'train sft --answers' the same clips, configuration and seed.
    """
    from vau_agent.training.packages import LEARNING, require

    require(LEARNING)
    from vau_agent.training.clips import ClipStore
    from vau_agent.training.config import LanguageConfig, load_config
    from vau_agent.training.sampling import sample_answers

    given = load_config(LanguageConfig, config, {"seed": seed})

    def on_answers(done: int, wanted: int) -> None:
        if not quiet:
            print(f"  {done}/{wanted} answers", file=sys.stderr, flush=True)

    count = sample_answers(
        model,
        out,
        ClipStore.open(clips, "train"),
        given,
        detector=detector,
        on_answers=on_answers,
    )
    print(f"{count} answers in {out}")
