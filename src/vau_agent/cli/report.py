"""`vau-agent report`: where a run's report is."""

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from vau_agent.cli.options import HomeOption, RunArgument, settings_from


def report(
    run: RunArgument = None,
    again: Annotated[
        bool, typer.Option("--again", help="Write the output folder anew from the journal.")
    ] = False,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write the folder below this one instead of the run's own."),
    ] = None,
    home: HomeOption = None,
) -> None:
    """Print where a run's report is, writing it first if it is not there."""
    from vau_agent.api import load_result, rebuild_report

    settings = settings_from({"home": home})
    result, folder = load_result(run, settings=settings)
    if out is not None or again or not (folder / "report.html").is_file():
        folder = rebuild_report(result.run_id, settings=settings, out=out)
    page = folder / "report.html"
    print(page)
    if show:
        webbrowser.open(page.absolute().as_uri())
