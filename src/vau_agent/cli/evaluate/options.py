"""Options that several evaluation commands share, and how tables are printed."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from vau_agent.evals.report.document import Source
    from vau_agent.evals.tables import Table

DrawsOption = Annotated[
    int,
    typer.Option("--draws", metavar="N", min=1, help="Bootstrap draws behind every 95 % interval."),
]
SeedOption = Annotated[
    int, typer.Option("--seed", metavar="N", min=0, help="Seed of whatever is drawn at random.")
]
TruthOption = Annotated[
    Path | None,
    typer.Option("--truth", metavar="FILE", help="The annotation.", show_default=False),
]


def print_tables(tables: "Sequence[Table]", *, name: str, source: "Source", as_json: bool) -> None:
    """Print tables on standard output: Markdown for people, one object for programs."""
    if as_json:
        from vau_agent.evals.report.document import render_json

        print(json.dumps(render_json(tables, name=name, source=source), indent=2))
        return
    from vau_agent.evals.report.markdown import render_markdown

    print(render_markdown(tables), end="")
