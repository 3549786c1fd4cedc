"""`vau-agent index`: make videos searchable."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from vau_agent.cli.inputs import find_videos
from vau_agent.cli.options import (
    EmbedderOption,
    HomeOption,
    JsonOption,
    QuietOption,
    settings_from,
)
from vau_agent.errors import VideoError

if TYPE_CHECKING:
    from vau_agent.cli.progress import View
    from vau_agent.searching import Indexed, VideoSearch

BATCH_FAILED: Final = 5


def index(
    videos: Annotated[
        list[str],
        typer.Argument(
            metavar="VIDEO...",
            help="Files, folders, quoted patterns, or - for a list on standard input.",
        ),
    ],
    force: Annotated[
        bool, typer.Option("--force", help="Do it again for videos that are searchable.")
    ] = False,
    as_json: JsonOption = False,
    embedder: EmbedderOption = None,
    home: HomeOption = None,
    quiet: QuietOption = False,
) -> int:
    """Make videos searchable: what is done already is left as it is.

    With --json, one line of JSON a video.
    """
    from vau_agent.cli.progress import open_view
    from vau_agent.searching import open_search

    settings = settings_from({"home": home, "retrieval.embedder": embedder})
    inputs = find_videos(videos, stdin=sys.stdin)
    view = open_view(quiet=quiet)
    failures: list[str] = []
    try:
        with open_search(settings) as search:
            for file in inputs.files:
                try:
                    done = _index_one(search, file, force=force, view=view)
                except VideoError as error:
                    if not inputs.is_batch:
                        raise
                    failures.append(f"failed: {file}: {error}")
                    view.say(f"  failed   {file}")
                    continue
                print(done.model_dump_json() if as_json else _line(done), flush=True)
    finally:
        view.close()
    for failure in failures:
        print(failure, file=sys.stderr)
    return BATCH_FAILED if failures else 0


def _index_one(search: "VideoSearch", file: Path, *, force: bool, view: "View") -> "Indexed":
    return search.index(
        file, force=force, on_share=lambda share: view.on_progress(f"index {file.name}", share)
    )


def _line(done: "Indexed") -> str:
    from vau_agent.reports.text import one_line

    known = "   (known already)" if done.reused else ""
    return (
        f"{one_line(done.video)}   {done.entries} frames of {done.duration_s:.1f} s   "
        f"{done.embedder}{known}"
    )
