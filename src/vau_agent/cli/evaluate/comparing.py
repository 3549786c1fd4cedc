"""`vau-agent eval compare`: champion and challenger."""

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from vau_agent.cli.evaluate.options import DrawsOption, SeedOption, print_tables
from vau_agent.cli.options import JsonOption
from vau_agent.errors import SettingsError

if TYPE_CHECKING:
    from vau_agent.evals.compare import Run

WORSE: Final = 13


def compare(
    a: Annotated[Path, typer.Argument(metavar="A", help="Folder of the run in use.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="Folder of the run that may replace it.")],
    margin: Annotated[
        str | None,
        typer.Option(
            "--fail-if-worse",
            metavar="SHARE",
            help="End with 13 if B is worse than A by more than this (1% is one point of a "
            "hundred), or if the whole interval of a difference says worse.",
            show_default=False,
        ),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            "--metric",
            metavar="NAME",
            help="A metric that --fail-if-worse goes by, e.g. accuracy; may be given several "
            "times. All if left out.",
            show_default=False,
        ),
    ] = None,
    draws: DrawsOption = 2000,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> int:
    """Compare two runs of one benchmark on the samples that both have.

    A and B are folders that 'eval run' wrote. Every difference is B less A, with a paired bootstrap
    interval; labels that only one of them got right are put to McNemar's exact test.
    """
    from vau_agent.evals.compare import compare_runs

    allowed = None if margin is None else parse_share(margin)
    compared = compare_runs(_open(a), _open(b), draws=draws, seed=seed)
    unknown = sorted(set(metric or ()) - compared.differences.keys())
    if unknown:
        known = ", ".join(compared.differences)
        raise SettingsError(f"no metric {unknown[0]!r} in both runs; there are {known}")
    print_tables([compared.table], name=f"{a} {b}", source="comparison", as_json=as_json)
    if allowed is None:
        return 0
    failed = compared.worse(allowed, only=metric or None)
    for line in failed:
        print(f"worse: {line}", file=sys.stderr)
    return WORSE if failed else 0


def parse_share(text: str) -> float:
    """Read `1%` or `0.01`.

    Raises:
        SettingsError: It is neither, or not in 0..1.
    """
    try:
        percent = text.strip().endswith("%")
        share = float(text.strip().removesuffix("%")) / (100 if percent else 1)
    except ValueError:
        share = math.nan
    if not 0 <= share <= 1:
        raise SettingsError(f"--fail-if-worse takes a share such as 1% or 0.01, not {text!r}")
    return share


def _open(folder: Path) -> "Run":
    from vau_agent.evals.compare import Run
    from vau_agent.evals.store import read_records, read_samples

    header, records = read_records(folder)
    return Run(name=str(folder), header=header, dataset=read_samples(folder), records=records)
