"""`vau-agent eval`: the group of commands that measure."""

import typer

from vau_agent.cli.evaluate.comparing import compare
from vau_agent.cli.evaluate.guessing import blind
from vau_agent.cli.evaluate.judging import judge
from vau_agent.cli.evaluate.listing import formats
from vau_agent.cli.evaluate.reporting import report
from vau_agent.cli.evaluate.running import run
from vau_agent.cli.evaluate.scoring import score


def build_app() -> typer.Typer:
    """Put the subcommands together."""
    app = typer.Typer(
        rich_markup_mode=None, help="Measure: run benchmarks, score predictions, compare, report."
    )
    for command in (run, formats, score, compare, judge, blind, report):
        app.command()(command)
    return app
