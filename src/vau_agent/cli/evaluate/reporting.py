"""`vau-agent eval report`: what a folder of records comes to, to read or to hand on."""

import json
from pathlib import Path
from typing import Annotated, Final

import typer

from vau_agent.cli.evaluate.options import DrawsOption, SeedOption
from vau_agent.errors import SettingsError

SUFFIXES: Final = (".html", ".md", ".json")


def report(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="What 'eval run' wrote its records to.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Page (.html), Markdown (.md) or JSON (.json); FOLDER/report.html if left out.",
            show_default=False,
        ),
    ] = None,
    draws: DrawsOption = 1000,
    seed: SeedOption = 0,
) -> None:
    """Score a folder of records anew and write it down; the page has plots and opens offline."""
    target = out or folder / "report.html"
    if target.suffix not in SUFFIXES:
        raise SettingsError(f"--out {str(target)!r} ends in none of {', '.join(SUFFIXES)}")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(_render(folder, target.suffix, draws=draws, seed=seed), encoding="utf-8")
    print(target)


def _render(folder: Path, suffix: str, *, draws: int, seed: int) -> str:
    from vau_agent.evals.replay.running import read_tables
    from vau_agent.evals.report.document import render_json
    from vau_agent.evals.report.markdown import render_markdown
    from vau_agent.evals.scoring import score_records
    from vau_agent.evals.store import read_records, read_samples

    header, records = read_records(folder)
    dataset = read_samples(folder)
    tables = read_tables(folder) or score_records(dataset, records, draws=draws, seed=seed)
    if suffix == ".json":
        return json.dumps(render_json(tables, name=header.benchmark), indent=2) + "\n"
    if suffix == ".md":
        return render_markdown(tables)
    from datetime import UTC, datetime

    from vau_agent.evals.report.of_run import render_run

    return render_run(header, dataset, records, tables, made=datetime.now(tz=UTC))
