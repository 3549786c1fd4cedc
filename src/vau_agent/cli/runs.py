"""`vau-agent runs`: what was analysed, and what can be gone on with."""

from typing import Annotated

import typer

from vau_agent.cli.analyze import exit_code_of, print_outcome
from vau_agent.cli.options import (
    DeadlineOption,
    HomeOption,
    JsonOption,
    MaxCallsOption,
    MaxTokensOption,
    QuietOption,
    RunArgument,
    settings_from,
)


def build_app() -> typer.Typer:
    """Put the subcommands together."""
    app = typer.Typer(rich_markup_mode=None, help="List and continue runs.")
    app.command(name="list")(list_all)
    app.command()(show)
    app.command()(resume)
    return app


def list_all(as_json: JsonOption = False, home: HomeOption = None) -> None:
    """List all runs, newest first."""
    from vau_agent.api import list_runs
    from vau_agent.reports.text import one_line

    runs = list_runs(settings=settings_from({"home": home}))
    for run in runs:
        if as_json:
            print(run.model_dump_json())
            continue
        verdict = f"{run.label}{f': {run.category}' if run.category else ''}" if run.label else "-"
        cells = (f"{run.run_id:<20}", f"{run.state:<12}", f"{verdict:<26}", one_line(run.video))
        print("  ".join(cells))
    if not runs and not as_json:
        print("No runs yet. Start with: vau-agent analyze YOUR.mp4")


def show(
    run: RunArgument = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Show a finished run's verdict."""
    from vau_agent.api import Outcome, load_result

    result, folder = load_result(run, settings=settings_from({"home": home}))
    if as_json:
        print(result.model_dump_json(by_alias=True, indent=2))
    else:
        print_outcome(Outcome(result=result, folder=folder, reused=False))


def resume(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Run id.")],
    as_json: JsonOption = False,
    home: HomeOption = None,
    max_calls: MaxCallsOption = None,
    max_tokens: MaxTokensOption = None,
    deadline: DeadlineOption = None,
    quiet: QuietOption = False,
) -> int:
    """Go on with an interrupted run, or one that a limit stopped, from its last saved step."""
    from vau_agent.api import resume as resume_run
    from vau_agent.cli.progress import open_view

    view = open_view(quiet=quiet)
    try:
        outcome = resume_run(
            run,
            settings=settings_from(
                {
                    "home": home,
                    "budget.max_calls": max_calls,
                    "budget.max_tokens": max_tokens,
                    "budget.deadline_seconds": deadline,
                }
            ),
            on_event=view.on_event,
            on_progress=view.on_progress,
        )
    finally:
        view.close()
    if as_json:
        print(outcome.result.model_dump_json(by_alias=True, indent=2))
    else:
        print_outcome(outcome)
    return exit_code_of(outcome)
