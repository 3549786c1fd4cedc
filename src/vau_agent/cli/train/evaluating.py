"""`vau-agent train evaluate`: how good a model folder is on scenes it was not trained on."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from vau_agent.cli.evaluate.options import DrawsOption, print_tables
from vau_agent.cli.options import HomeOption, JsonOption, QuietOption, settings_from
from vau_agent.errors import SettingsError

if TYPE_CHECKING:
    from vau_agent.training.scenes.splits import Split
    from vau_agent.training.validation.agents import Videos

Arithmetic = Literal["float32", "bfloat16"]


def evaluate(
    model: Annotated[
        Path, typer.Option("--model", metavar="FOLDER", help="The model folder to examine.")
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where answers and reports are kept.")
    ],
    detector: Annotated[
        Path | None,
        typer.Option(
            "--detector",
            metavar="FOLDER",
            help="Folder with detector.onnx; the model folder if left out.",
            show_default=False,
        ),
    ] = None,
    level: Annotated[
        str,
        typer.Option(
            "--level", metavar="LEVELS", help="Levels with commas; 'none' for real videos only."
        ),
    ] = "L1,L2,L3",
    count: Annotated[
        int, typer.Option("--count", metavar="N", min=1, help="Scenes of each seed of a level.")
    ] = 170,
    seeds: Annotated[
        int, typer.Option("--seeds", metavar="N", min=1, help="Seeds; each has scenes of its own.")
    ] = 3,
    rows: Annotated[
        str,
        typer.Option(
            "--rows",
            metavar="ROWS",
            help="With commas: head, no-evidence, early-evidence, no-motion, blank, full. The last "
            "one is compared with the others and broken down.",
        ),
    ] = "head,no-evidence,full",
    agents: Annotated[
        list[str] | None,
        typer.Option(
            "--agent",
            metavar="POLICY",
            help="A policy that judges the same videos as a whole agent, e.g. rules. May be given "
            "several times.",
            show_default=False,
        ),
    ] = None,
    agent_count: Annotated[
        int,
        typer.Option("--agent-count", metavar="N", min=1, help="Videos of a level it is shown."),
    ] = 60,
    truth: Annotated[
        Path | None,
        typer.Option(
            "--truth",
            metavar="FILE",
            help="A manifest of real videos, examined as one more level.",
            show_default=False,
        ),
    ] = None,
    videos: Annotated[
        Path | None,
        typer.Option(
            "--videos",
            metavar="DIR",
            help="Where they are; beside --truth if left out.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[str, typer.Option("--name", help="What tables call the model.")] = "nano",
    batch: Annotated[
        int, typer.Option("--batch", metavar="N", min=1, help="Videos asked about at once.")
    ] = 32,
    precision: Annotated[
        str, typer.Option("--precision", metavar="TYPE", help="float32 or bfloat16.")
    ] = "float32",
    jobs: Annotated[
        int, typer.Option("--jobs", metavar="N", min=1, help="Processes that draw videos.")
    ] = 1,
    draws: DrawsOption = 1000,
    page: Annotated[
        Path | None,
        typer.Option(
            "--page",
            metavar="FILE",
            help="Also write the figures as a page of documentation.",
            show_default=False,
        ),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Drop the answers in --out and start anew.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Ask a model about scenes it was not trained on, beside what scores without looking.

    Every answer is kept at once, and the same command goes on where it ended. Prompts, parsing and
    looks are the agent's own; many videos are asked about together.
    """
    from vau_agent.training.packages import LEARNING, require

    require(LEARNING)
    from datetime import UTC, datetime

    from vau_agent.training.validation.pages import figures_page
    from vau_agent.training.validation.rows import parse_rows
    from vau_agent.training.validation.running import (
        Examination,
        examine,
        open_examinee,
        write_reports,
    )
    from vau_agent.training.validation.writing import BatchWriter

    if not model.is_dir():
        raise SettingsError(f"--model {str(model)!r} is no folder; give the folder of a model")
    examination = Examination(
        name=name,
        splits=_splits(level, has_videos=truth is not None),
        count=count,
        seeds=seeds,
        rows=parse_rows(rows),
        real=_real(truth, videos),
        agents=tuple(agents or ()),
        agents_count=agent_count,
        at_once=batch,
        draws=draws,
        jobs=jobs,
        fresh=fresh,
    )
    writer = BatchWriter(model, batch=batch, precision=_arithmetic(precision))
    examinee = open_examinee(model, detector, writer, precision=_arithmetic(precision))
    settings = settings_from({"home": home})
    tables = examine(examination, examinee, out, settings, on_answers=None if quiet else _tell)
    made = datetime.now(tz=UTC)
    written = write_reports(tables, out, title=f"Examination of {name}", made=made)
    if page is not None:
        page.write_text(figures_page(tables, examination), encoding="utf-8")
        written = (*written, page)
    print_tables(tables, name=name, source="benchmark", as_json=as_json)
    if not quiet:
        print(f"Reports  {', '.join(str(path) for path in written)}", file=sys.stderr)


def _tell(level: str, done: int, answers: int) -> None:
    print(f"  {level}  {done}/{answers} answers", file=sys.stderr, flush=True)


def _splits(text: str, *, has_videos: bool) -> "tuple[Split, ...]":
    from vau_agent.cli.scenes import split_named

    if text.strip().casefold() == "none":
        if not has_videos:
            raise SettingsError("--level none needs --truth: name a manifest of videos")
        return ()
    wanted = [split_named(one) for one in text.split(",")]
    return tuple(dict.fromkeys(wanted))


def _real(truth: Path | None, videos: Path | None) -> "Videos | None":
    from vau_agent.training.validation.agents import Videos

    if truth is None:
        if videos is not None:
            raise SettingsError("--videos needs --truth: name the manifest of the videos")
        return None
    return Videos(manifest=truth, folder=videos or truth.parent)


def _arithmetic(text: str) -> Arithmetic:
    if text == "float32":
        return "float32"
    if text == "bfloat16":
        return "bfloat16"
    raise SettingsError(f"--precision {text!r} is neither float32 nor bfloat16")
