"""`vau-agent eval blind`: what a benchmark gives away without its videos."""

from pathlib import Path
from typing import Annotated

import typer

from vau_agent.cli.evaluate.options import DrawsOption, SeedOption, print_tables
from vau_agent.cli.options import JsonOption


def blind(
    benchmark: Annotated[
        str, typer.Argument(metavar="BENCHMARK", help="A benchmark of 'eval formats'.")
    ],
    truth: Annotated[Path, typer.Option("--truth", metavar="FILE", help="Its annotation.")],
    fit: Annotated[
        Path | None,
        typer.Option(
            "--fit",
            metavar="FILE",
            help="Another annotation of this format, of other videos, to fit what can be fitted.",
            show_default=False,
        ),
    ] = None,
    draws: DrawsOption = 1000,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Score a benchmark without looking at its videos.

    Constants, priors, letters of options, perfect labels: a method that does not clear these rows
    has shown nothing.
    """
    from vau_agent.evals.benchmarks.registry import find_benchmark
    from vau_agent.evals.blind.rows import blind_tables

    found = find_benchmark(benchmark)
    fitting = None if fit is None else found.read(fit)
    tables = blind_tables(found.read(truth), fitting=fitting, draws=draws, seed=seed)
    print_tables(tables, name=benchmark, source="benchmark", as_json=as_json)
