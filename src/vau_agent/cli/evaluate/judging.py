"""`vau-agent eval judge`: what a run wrote, graded; or which of two runs wrote better."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vau_agent.cli.evaluate.options import DrawsOption, SeedOption, print_tables
from vau_agent.cli.options import JsonOption, OfflineOption, settings_from
from vau_agent.errors import SettingsError

if TYPE_CHECKING:
    from vau_agent.evals.tables import Table
    from vau_agent.settings import Settings


def judge(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="What 'eval run' wrote its records to.")
    ],
    other: Annotated[
        Path | None,
        typer.Argument(
            metavar="OTHER",
            help="Another run of the same benchmark: say which wrote better, asked both ways.",
            show_default=False,
        ),
    ] = None,
    by: Annotated[
        str,
        typer.Option(
            "--by", metavar="JUDGE", help="'phrases' (rules, no model), or a policy that reads."
        ),
    ] = "phrases",
    cache: Annotated[
        Path | None,
        typer.Option(
            "--cache",
            metavar="FILE",
            help="Where a model's judgements are kept; FOLDER/judgements.sqlite if left out.",
            show_default=False,
        ),
    ] = None,
    floors: Annotated[
        bool,
        typer.Option(help="Judge empty, shuffled and given answers too: six times the questions."),
    ] = True,
    draws: DrawsOption = 2000,
    seed: SeedOption = 0,
    offline: OfflineOption = False,
    as_json: JsonOption = False,
) -> None:
    """Grade what a run wrote by VAU-Eval's five scores, 0 to 10 each.

    Graded are descriptions and reasoning. Only benchmarks with reference texts can be judged.
    Replies of a model that cannot be read count 0 and are named.
    """
    from vau_agent.evals.store import read_header

    settings = settings_from(
        {"policy": None if by == "phrases" else by, "offline": offline or None}
    )
    kept = cache or folder / "judgements.sqlite"
    if other is None:
        table = _graded(folder, by, settings, kept, floors=floors, draws=draws, seed=seed)
    else:
        table = _compared(folder, other, by, settings, kept)
    print_tables([table], name=read_header(folder).benchmark, source="benchmark", as_json=as_json)


def _graded(
    folder: Path,
    by: str,
    settings: "Settings",
    cache: Path,
    *,
    floors: bool,
    draws: int,
    seed: int,
) -> "Table":
    from vau_agent.evals.judge.opening import open_judge
    from vau_agent.evals.judge.scoring import judge_records
    from vau_agent.evals.store import read_records, read_samples

    _, records = read_records(folder)
    opened = open_judge(by, settings=settings, cache=cache)
    return judge_records(
        read_samples(folder), records, opened, floors=floors, draws=draws, seed=seed
    )


def _compared(folder: Path, other: Path, by: str, settings: "Settings", cache: Path) -> "Table":
    from vau_agent.evals.judge.opening import open_pair_judge
    from vau_agent.evals.judge.pairs import compare_candidates
    from vau_agent.evals.judge.scoring import candidates_of
    from vau_agent.evals.store import read_records, read_samples

    header, records = read_records(folder)
    header_of_other, records_of_other = read_records(other)
    if header.annotation_sha256 != header_of_other.annotation_sha256:
        raise SettingsError(
            f"{str(folder)!r} is a run of {header.benchmark!r} ({header.annotation}), "
            f"{str(other)!r} of {header_of_other.benchmark!r} ({header_of_other.annotation}); "
            "compare runs of one annotation"
        )
    opened = open_pair_judge(by, settings=settings, cache=cache)
    return compare_candidates(
        read_samples(folder), candidates_of(records), candidates_of(records_of_other), opened
    )
