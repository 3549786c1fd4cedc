"""`vau-agent eval score`: published or own predictions."""

from pathlib import Path
from typing import Annotated

import typer

from vau_agent.cli.evaluate.options import DrawsOption, SeedOption, TruthOption, print_tables
from vau_agent.cli.options import JsonOption


def score(
    name: Annotated[
        str, typer.Option("--format", metavar="NAME", help="A format of 'eval formats'.")
    ],
    predictions: Annotated[
        Path, typer.Option("--predictions", metavar="FILE", help="What was predicted.")
    ],
    truth: TruthOption = None,
    draws: DrawsOption = 1000,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Score a file of predictions in a published format.

    Items that cannot be used are named and counted; the rest is scored.
    """
    from vau_agent.evals.formats.registry import find_format

    table = find_format(name).score(predictions, truth, draws=draws, seed=seed)
    print_tables([table], name=name, source="format", as_json=as_json)
