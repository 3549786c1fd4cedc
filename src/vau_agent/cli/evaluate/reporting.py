"""`vau-agent eval report`: what a folder of records comes to, to read or to hand on."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from vau_agent.cli.evaluate.options import DrawsOption, SeedOption
from vau_agent.errors import SettingsError

SUFFIXES: Final = (".html", ".md", ".json")


@dataclass(frozen=True, kw_only=True)
class Levels:
    """What training saw, and what it did not."""

    sources: tuple[str, ...]
    classes: tuple[str, ...]


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
    train_sources: Annotated[
        list[str] | None,
        typer.Option(
            "--train-source",
            metavar="NAME",
            help="A source that training saw: scores also by level (L1 seen, L2 new source, L3 "
            "new class). May be given several times.",
            show_default=False,
        ),
    ] = None,
    held_out_classes: Annotated[
        list[str] | None,
        typer.Option(
            "--held-out-class",
            metavar="NAME",
            help="A category that training did not see; with --train-source.",
            show_default=False,
        ),
    ] = None,
    draws: DrawsOption = 1000,
    seed: SeedOption = 0,
) -> None:
    """Write a run's scores as a page, Markdown or JSON.

    The page has plots, loads nothing and opens offline.
    """
    if held_out_classes and not train_sources:
        raise SettingsError("--held-out-class needs --train-source: name what training saw")
    levels = Levels(sources=tuple(train_sources or ()), classes=tuple(held_out_classes or ()))
    target = out or folder / "report.html"
    if target.suffix not in SUFFIXES:
        raise SettingsError(f"--out {str(target)!r} ends in none of {', '.join(SUFFIXES)}")
    text = _render(folder, target.suffix, levels, draws=draws, seed=seed)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    print(target)


def _render(folder: Path, suffix: str, levels: Levels, *, draws: int, seed: int) -> str:
    from vau_agent.evals.replay.kept import POLICY, read_curves, read_tables
    from vau_agent.evals.report.document import render_json
    from vau_agent.evals.report.markdown import render_markdown
    from vau_agent.evals.scoring.levels import level_table
    from vau_agent.evals.scoring.tables import score_records
    from vau_agent.evals.store import read_records, read_samples

    header, records = read_records(folder)
    dataset = read_samples(folder)
    replayed = header.policy == POLICY
    kept = read_tables(folder) if replayed else None
    tables = kept or score_records(dataset, records, draws=draws, seed=seed)
    if levels.sources:
        by_level = level_table(
            dataset,
            records,
            train_sources=levels.sources,
            held_out_classes=levels.classes,
            draws=draws,
            seed=seed,
        )
        tables = (*tables, by_level)
    if suffix == ".json":
        return json.dumps(render_json(tables, name=header.benchmark), indent=2) + "\n"
    if suffix == ".md":
        return render_markdown(tables)
    from datetime import UTC, datetime

    from vau_agent.evals.report.of_run import render_run

    curves = read_curves(folder) if replayed else None
    return render_run(header, dataset, records, tables, made=datetime.now(tz=UTC), curves=curves)
