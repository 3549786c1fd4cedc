"""`vau-agent clip`: cut a span of an analysed video out as evidence."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from vau_agent.cli.options import HomeOption, settings_from
from vau_agent.errors import SettingsError

if TYPE_CHECKING:
    from vau_agent.results import Result

_TIME: Final = re.compile(r"(?:(?:(\d+):)?(\d{1,2}):)?(\d+(?:\.\d+)?)")


def clip(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Run id, or 'latest'.")],
    start: Annotated[
        str | None,
        typer.Argument(metavar="[START", help="Seconds, mm:ss or h:mm:ss.", show_default=False),
    ] = None,
    end: Annotated[
        str | None, typer.Argument(metavar="END]", help="Like START.", show_default=False)
    ] = None,
    event: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Cut this event of the run.", show_default=False),
    ] = None,
    into: Annotated[
        Path, typer.Option("--into", metavar="DIR", help="Where the files are written.")
    ] = Path("vau-clips"),
    home: HomeOption = None,
) -> None:
    """Cut a span out of a run's video: the recorded stream, and a copy that plays anywhere.

    The run's own output folder is not changed: it is sealed by its manifest.
    """
    from vau_agent.api import load_result, source_of
    from vau_agent.reports.times import precise
    from vau_agent.schemas import Segment
    from vau_agent.tools.clips import cut_clip
    from vau_agent.tools.video.factory import open_video

    settings = settings_from({"home": home})
    result, _ = load_result(None if run == "latest" else run, settings=settings)
    name, begins, ends = _span(result, start, end, event)
    segment = Segment(start=begins, end=ends)
    source = source_of(result.run_id, settings=settings)
    into.mkdir(parents=True, exist_ok=True)
    with open_video(source, reader=settings.reader, limits=settings.video) as reader:
        if reader.info.sha256 != result.video.sha256:
            raise SettingsError(
                f"{str(source)!r} is not the video of run {result.run_id!r} any more; "
                "analyse it anew"
            )
        made = cut_clip(
            source,
            segment,
            clip_id=name,
            reader=reader,
            into=into,
            stamp=precise,
            settings=settings.clips,
            limits=settings.video,
        )
    for what, file in (("Stream copy", made.stream_copy), ("Viewing copy", made.viewing_copy)):
        if file is not None:
            print(f"{what:<13} {into / file.name}")
    for note in made.notes:
        print(f"Note          {note}")


def _span(
    result: "Result", start: str | None, end: str | None, event: str | None
) -> tuple[str, float, float]:
    if (event is None) == (start is None or end is None):
        raise SettingsError("give START and END, or --event ID: 'vau-agent clip latest 2:10 2:24'")
    if event is None:
        begins, ends = parse_time(str(start)), parse_time(str(end))
        if ends <= begins:
            raise SettingsError(f"a clip ends after it starts, got {start} to {end}")
        return f"{result.run_id}-{begins:g}-{ends:g}".replace(".", "_"), begins, ends
    for one in result.events:
        if one.id == event:
            return f"{result.run_id}-{one.id}", one.start_s, one.end_s
    known = ", ".join(one.id for one in result.events) or "none"
    raise SettingsError(f"run {result.run_id!r} has no event {event!r}; it has: {known}")


def parse_time(text: str) -> float:
    """Read seconds, mm:ss or h:mm:ss.

    Raises:
        SettingsError: The text is no time.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise SettingsError(f"{text!r} is no time; write seconds, mm:ss or h:mm:ss, e.g. 2:10.5")
    hours, minutes, seconds = match.groups(default="0")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
