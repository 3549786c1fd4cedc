"""`vau-agent train`: the group of commands that train."""

import typer

from vau_agent.cli.train.align import align
from vau_agent.cli.train.clips import clips
from vau_agent.cli.train.detector import detector
from vau_agent.cli.train.evaluating import evaluate
from vau_agent.cli.train.export import export
from vau_agent.cli.train.sample import sample
from vau_agent.cli.train.sft import sft


def build_app() -> typer.Typer:
    """Put the subcommands together, in the order in which they are run."""
    app = typer.Typer(
        rich_markup_mode=None,
        help="Train: draw clips of rendered scenes, then run one stage after another on them.",
    )
    for command in (clips, detector, align, sft, sample, export, evaluate):
        app.command()(command)
    return app
