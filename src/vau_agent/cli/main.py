"""The `vau-agent` program: puts the commands together and turns every outcome into an exit code.

Modules of this package import nothing heavy at their top, so `--help` is quick; what a command
needs is imported when it runs.
"""

import os
import sys
from collections.abc import Sequence
from typing import Annotated, Final

import typer

from vau_agent import __version__
from vau_agent.cli import config, models, runs, scenes
from vau_agent.cli.analyze import analyze
from vau_agent.cli.ask import ask
from vau_agent.cli.clip import clip
from vau_agent.cli.demo import demo
from vau_agent.cli.doctor import doctor
from vau_agent.cli.evaluate import app as evaluation
from vau_agent.cli.index import index
from vau_agent.cli.report import report
from vau_agent.cli.schema import schema
from vau_agent.cli.search import search
from vau_agent.cli.session import Session
from vau_agent.cli.train import app as training
from vau_agent.cli.verify import verify
from vau_agent.crashes import write_crash_report
from vau_agent.errors import VauAgentError

PROGRAM: Final = "vau-agent"
INTERNAL_ERROR: Final = 1
WRONG_USAGE: Final = 2
INTERRUPTED: Final = 130

EPILOG: Final = (
    "Exit codes: 0 done; 1 internal error; 2 wrong usage or setting; 3 input unreadable; "
    "4 policy unreachable; 5 batch with failed files; 6 stopped by a budget; 7 environment not "
    "usable; 8 integrity check failed; 10 anomaly (--exit-on anomaly); 11 inconclusive "
    "(--exit-on inconclusive); 13 worse than allowed (eval compare --fail-if-worse); "
    "130 interrupted, same command again resumes."
)


def build_app() -> typer.Typer:
    """Put the commands together, in the order in which people meet them."""
    app = typer.Typer(
        name=PROGRAM,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog=EPILOG,
    )
    app.callback()(_about)
    app.command()(analyze)
    app.command()(ask)
    app.command()(index)
    app.command()(search)
    app.command()(report)
    app.command()(clip)
    app.command()(verify)
    app.add_typer(runs.build_app(), name="runs")
    app.add_typer(evaluation.build_app(), name="eval")
    app.add_typer(training.build_app(), name="train")
    app.add_typer(scenes.build_app(), name="scenes")
    app.command()(demo)
    app.command()(doctor)
    app.add_typer(models.build_app(), name="models")
    app.add_typer(config.build_app(), name="config")
    app.command()(schema)
    return app


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; every way it can end has its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    session = Session()
    try:
        app = build_app()
        code = app(args=arguments, prog_name=PROGRAM, standalone_mode=False, obj=session)
        sys.stdout.flush()
    except SystemExit as ending:  # the reader of our output has gone
        return int(ending.code or 0)
    except VauAgentError as error:
        return _fail(str(error), error.exit_code)
    except typer.TyperException as error:
        return _fail(_usage(error), WRONG_USAGE)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:
        return _reader_left()
    except Exception as error:  # noqa: BLE001 - the outermost edge: our bug becomes a crash file
        path = write_crash_report(error, arguments, home=session.home)
        return _fail(
            f"internal error: {type(error).__name__}: {_one_line(error)}; details in {path}",
            INTERNAL_ERROR,
        )
    if code == INTERRUPTED:
        return _fail("interrupted; the same command again resumes", INTERRUPTED)
    return int(code or 0)


def _fail(message: str, code: int) -> int:
    print(f"{PROGRAM}: {message}", file=sys.stderr)
    return code


def _usage(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else PROGRAM
    message = " ".join(error.format_message().split()).rstrip(".")
    return f"{message}; '{command} --help' says more"


def _one_line(error: BaseException) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else "(no message)"


def _reader_left() -> int:
    """End quietly when whoever read our output has gone; Python would complain again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return INTERNAL_ERROR


def _show_version(asked: bool) -> None:
    if asked:
        print(f"{PROGRAM} {__version__}")
        raise typer.Exit


def _about(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Find out whether a surveillance video shows something anomalous, when, and why."""
