"""`vau-agent eval run`: a benchmark's samples x a policy -> records and tables."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from vau_agent.cli.evaluate.options import DrawsOption, SeedOption, print_tables
from vau_agent.cli.evaluate.replaying import replay
from vau_agent.cli.options import (
    DeadlineOption,
    HomeOption,
    JsonOption,
    MaxCallsOption,
    MaxTokensOption,
    OfflineOption,
    PolicyOption,
    QuietOption,
    settings_from,
)
from vau_agent.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vau_agent.evals.records import Record
    from vau_agent.evals.runner import Finished, Plan, Subject
    from vau_agent.settings import Settings

FAILED_SAMPLES: Final = 5
_FOLDER: Final = Path("vau-eval")


def run(
    benchmark: Annotated[
        str | None,
        typer.Argument(
            metavar="BENCHMARK",
            help="Name of a benchmark; 'vau-agent eval formats' lists them.",
            show_default=False,
        ),
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option(
            "--truth",
            metavar="FILE",
            help="The benchmark's annotation, a file or folder; always needed.",
            show_default=False,
        ),
    ] = None,
    named: Annotated[
        str | None,
        typer.Option(
            "--benchmark", metavar="NAME", help="The same as BENCHMARK.", show_default=False
        ),
    ] = None,
    videos: Annotated[
        Path | None,
        typer.Option(
            "--videos",
            metavar="DIR",
            help="Your copy of the videos; the folder of the annotation if left out.",
            show_default=False,
        ),
    ] = None,
    policy: PolicyOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Where records are kept; vau-eval/BENCHMARK-POLICY if left out, with --replay "
            "vau-eval/BENCHMARK-replay.",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            metavar="N",
            min=1,
            help="Run only N samples, drawn at random by --seed.",
            show_default=False,
        ),
    ] = None,
    tasks: Annotated[
        str,
        typer.Option(
            "--tasks",
            metavar="LIST",
            help="What is asked of each video: verdict, or verdict,qa to put the benchmark's "
            "questions too.",
        ),
    ] = "verdict",
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Videos analysed at once.")] = 1,
    rounds: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Most rounds of reflection a window may take.", show_default=False
        ),
    ] = None,
    max_calls: MaxCallsOption = None,
    max_tokens: MaxTokensOption = None,
    deadline: DeadlineOption = None,
    recording: Annotated[
        Path | None,
        typer.Option(
            "--replay",
            metavar="FILE",
            help="A model's recorded answers, in place of --videos and --policy: the agent's own "
            "localisation runs over them.",
            show_default=False,
        ),
    ] = None,
    seed: SeedOption = 0,
    draws: DrawsOption = 1000,
    as_json: JsonOption = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Drop the records in --out and start anew.")
    ] = False,
    offline: OfflineOption = False,
    home: HomeOption = None,
    quiet: QuietOption = False,
) -> int:
    """Run the agent on a benchmark's videos, and score what it says.

    Each finished sample is kept at once; the same command again goes on, and tries failed samples
    anew. Ends with 5 when samples failed. The policy never sees a file's name: videos are analysed
    under random numbers.
    """
    name = _one_name(benchmark, named)
    if truth is None:
        raise SettingsError("--truth names the annotation; 'vau-agent eval formats' says which")
    settings = settings_from(
        {
            "home": home,
            "policy": policy,
            "analysis.max_rounds": rounds,
            "budget.max_calls": max_calls,
            "budget.max_tokens": max_tokens,
            "budget.deadline_seconds": deadline,
            "offline": offline or None,
        }
    )
    if recording is not None:
        _refuse_with_replay(
            {
                "--policy": policy,
                "--videos": videos,
                "--limit": limit,
                "--tasks": tasks if tasks != "verdict" else None,
                "--jobs": jobs if jobs > 1 else None,
                "--rounds": rounds,
                "--max-calls": max_calls,
                "--max-tokens": max_tokens,
                "--deadline": deadline,
            }
        )
        folder = out or _FOLDER / f"{name}-replay"
        replay(
            name,
            truth,
            recording,
            settings,
            folder,
            draws=draws,
            seed=seed,
            as_json=as_json,
            fresh=fresh,
            quiet=quiet,
        )
        return 0
    plan = _plan(name, truth, videos, settings, limit=limit, tasks=tasks, seed=seed, quiet=quiet)
    folder = out or _FOLDER / f"{name}-{_plain(settings.policy)}"
    finished = _run(plan, folder, jobs=jobs, fresh=fresh, quiet=quiet)
    _show(finished, folder, draws=draws, seed=seed, as_json=as_json, quiet=quiet)
    return FAILED_SAMPLES if finished.failed else 0


def _one_name(benchmark: str | None, named: str | None) -> str:
    names = {one for one in (benchmark, named) if one is not None}
    if len(names) != 1:
        raise SettingsError(
            "name one benchmark: 'vau-agent eval run NAME --truth FILE'; "
            "'vau-agent eval formats' lists them"
        )
    return names.pop()


def _refuse_with_replay(given: "Mapping[str, object | None]") -> None:
    """Refuse options that a replay has no use for: it opens no video and asks no policy."""
    idle = [option for option, value in given.items() if value is not None]
    if idle:
        raise SettingsError(
            f"{idle[0]} says nothing to --replay, which opens no video and asks no policy; "
            "leave it out"
        )


def _plan(
    name: str,
    truth: Path,
    videos: Path | None,
    settings: "Settings",
    *,
    limit: int | None,
    tasks: str,
    seed: int,
    quiet: bool,
) -> "Plan":
    from vau_agent.evals.benchmarks.registry import find_benchmark
    from vau_agent.evals.runner import plan_run
    from vau_agent.graphs.opening import open_policy
    from vau_agent.results import IN_PROCESS

    dataset = find_benchmark(name).read(truth)
    endpoint = open_policy(settings).card.endpoint  # an unknown policy is refused here, once
    plan = plan_run(
        dataset,
        annotation=truth,
        videos=videos or truth.parent,
        settings=settings,
        limit=limit,
        seed=seed,
        tasks=_tasks(tasks),
    )
    if not quiet:
        absent = sum(gap.kind == "missing-video" for gap in plan.dataset.gaps)
        drawn = f", drawn with seed {seed}" if limit is not None else ""
        missing = f"; {absent} videos are not there and are left out" if absent else ""
        _say(f"{name}: {plan.header.samples} of {len(dataset.samples)} samples{drawn}{missing}")
        if endpoint != IN_PROCESS:
            _say(f"Frames go to {endpoint}")
    return plan


def _tasks(given: str) -> "tuple[Subject, ...]":
    from vau_agent.evals.runner import SUBJECTS

    names = {name.strip() for name in given.split(",")}
    unknown = sorted(names - set(SUBJECTS))
    if unknown:
        raise SettingsError(f"no task {unknown[0]!r}; there are {', '.join(SUBJECTS)}")
    return tuple(one for one in SUBJECTS if one == "verdict" or one in names)


def _run(plan: "Plan", folder: Path, *, jobs: int, fresh: bool, quiet: bool) -> "Finished":
    from vau_agent.evals.runner import run_benchmark

    def on_record(record: "Record", done: int, count: int) -> None:
        if record.final is None:
            _say(f"{record.sample_id}: {record.error}", f"  {done}/{count}  {'failed':<12}  ")
        else:
            _say(record.sample_id, f"  {done}/{count}  {record.final.label:<12}  ")

    shown = None if quiet else on_record
    return run_benchmark(plan, out=folder, jobs=jobs, fresh=fresh, on_record=shown)


def _show(
    finished: "Finished", folder: Path, *, draws: int, seed: int, as_json: bool, quiet: bool
) -> None:
    from vau_agent.evals.scoring.tables import score_records

    if finished.warning is not None:
        _say(finished.warning)
    tables = score_records(finished.dataset, finished.records, draws=draws, seed=seed)
    print_tables(tables, name=finished.header.benchmark, source="benchmark", as_json=as_json)
    if not quiet:
        known = f"({finished.known} of {len(finished.records)} known already)"
        _say(f"{folder} {known}", "Records  ")
        _say(f"vau-agent eval report {folder}", "Next     ")
    for record in finished.failed:
        _say(f"failed: {record.sample_id}: {record.error}")


def _say(text: str, head: str = "") -> None:
    from vau_agent.reports.text import one_line

    print(f"{head}{one_line(text)}", file=sys.stderr, flush=True)


def _plain(policy: str) -> str:
    """Make a folder's name of a policy string."""
    return re.sub(r"[^A-Za-z0-9]+", "-", policy).strip("-")[:60] or "policy"
