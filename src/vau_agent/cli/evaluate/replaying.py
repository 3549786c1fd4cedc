"""`vau-agent eval run --replay`: recorded answers in place of videos."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from vau_agent.cli.evaluate.options import print_tables

if TYPE_CHECKING:
    from vau_agent.settings import Settings


def replay(
    name: str,
    truth: Path,
    recording: Path,
    settings: "Settings",
    folder: Path,
    *,
    draws: int,
    seed: int,
    as_json: bool,
    fresh: bool,
    quiet: bool,
) -> None:
    """Localise in recorded answers and print what comes of it."""
    from vau_agent.evals.benchmarks.registry import find_benchmark
    from vau_agent.evals.replay.localising import open_replayer
    from vau_agent.evals.replay.running import replay_benchmark

    def say(text: str) -> None:
        if not quiet:
            print(text, file=sys.stderr, flush=True)

    replayer = open_replayer(settings)
    if replayer.space.name == "words":
        say(
            "Sentences are compared by their words: no embedder's parts are here. To compare them "
            "by meaning: vau-agent models pull conse"
        )
    result = replay_benchmark(
        find_benchmark(name).read(truth),
        annotation=truth,
        recording=recording,
        replayer=replayer,
        out=folder,
        draws=draws,
        seed=seed,
        fresh=fresh,
        say=say,
    )
    print_tables(result.tables, name=name, source="benchmark", as_json=as_json)
    say(f"Records  {folder}")
    say(f"Next     vau-agent eval report {folder}")
