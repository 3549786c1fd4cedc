"""`vau-agent search`: find moments by words, or by an example."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vau_agent.cli.options import (
    EmbedderOption,
    HomeOption,
    JsonOption,
    QuietOption,
    settings_from,
)
from vau_agent.errors import SettingsError

if TYPE_CHECKING:
    from vau_agent.searching import FoundMoment, SearchReport


def search(
    query: Annotated[
        str | None,
        typer.Argument(metavar='["WORDS"]', help="What it looks like.", show_default=False),
    ] = None,
    like: Annotated[
        str | None,
        typer.Option(
            metavar="RUN:FRAME",
            help="Search by a frame of a run instead, e.g. latest:f7.",
            show_default=False,
        ),
    ] = None,
    video: Annotated[
        list[Path] | None,
        typer.Option(
            "--video",
            metavar="VIDEO",
            help="Search this video, indexing it first if needed; may be given again. All indexed "
            "videos if left out.",
            show_default=False,
        ),
    ] = None,
    count: Annotated[
        int | None,
        typer.Option("-n", metavar="N", min=1, max=50, help="Moments shown.", show_default=False),
    ] = None,
    as_json: JsonOption = False,
    embedder: EmbedderOption = None,
    home: HomeOption = None,
    quiet: QuietOption = False,
) -> None:
    """Find the moments that look most like some words or a frame.

    Says "no strong match" when unrelated words come as close. The embedder 'conse' only ranks:
    with it, strong or not says little about what is there.
    """
    from vau_agent.cli.progress import open_view
    from vau_agent.searching import open_search

    if (query is None) == (like is None):
        raise SettingsError(
            "give words or --like RUN:FRAME, and not both: 'vau-agent search \"a red car\"'"
        )
    settings = settings_from({"home": home, "retrieval.embedder": embedder})
    view = open_view(quiet=quiet)
    try:
        with open_search(settings) as opened:
            by, what = (opened.find, query) if like is None else (opened.find_like, like)
            report = by(
                what or "",
                videos=tuple(video or ()),
                count=count,
                on_share=lambda share: view.on_progress("index", share),
            )
    finally:
        view.close()
    if as_json:
        print(report.model_dump_json(indent=2))
        return
    for line in lines_of(report):
        print(line)


def lines_of(report: "SearchReport") -> list[str]:
    """Put a report into lines for a person."""
    from vau_agent.reports.text import one_line

    said = f'"{report.query}"' if report.query is not None else f"pictures like {report.like}"
    videos = f"{report.searched} video{'s'[: report.searched != 1]}"
    lines = [one_line(f"{said} in {videos} ({report.embedder})")]
    lines += _judged(report)
    lines += [_line(number, one) for number, one in enumerate(report.moments, start=1)]
    lines += [one_line(f"not searched: {one.video}: {one.reason}") for one in report.not_searched]
    return lines


def _judged(report: "SearchReport") -> list[str]:
    """Say whether anything matches, and what that is worth."""
    if not report.moments:
        return ["no strong match"]
    lines = []
    if not report.strong:
        why = (
            "unrelated words come as close"
            if report.query is not None
            else "moments of one video are usually more alike"
        )
        lines.append(f"no strong match: {why}. Nearest first:")
    if report.ranked_only:
        lines.append(
            f"({report.embedder} only ranks: strong or not says little about what is there; "
            "look for yourself)"
        )
    return lines


def _line(number: int, one: "FoundMoment") -> str:
    from vau_agent.reports.text import one_line
    from vau_agent.reports.times import span, timecode

    strong = "strong" if one.strong else ""
    return (
        f"{number:>3}  {span(one.start_s, one.end_s):<17}  best {timecode(one.peak_s)}  "
        f"score {one.score:.3f}  {strong:<6}  {one_line(one.path or one.video)}"
    )
