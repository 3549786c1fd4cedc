"""HIVAU-70k (Holmes-VAU, CVPR 2025): videos, their events, and clips within the events.

One JSON object: video name -> `n_frames`, `fps`, `label`, `events` (seconds), `clips` (one list
of spans per event), captions and summaries. The description of a sample is the video's summary,
or its `description` and `analysis` where the summary was split. An event outside its video takes
the times away from the sample; a clip outside its event is a gap, and the sample stays whole.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from pydantic import JsonValue

from vau_agent.evals.benchmarks.base import Benchmark, Item, collect
from vau_agent.evals.benchmarks.files import read_named
from vau_agent.evals.benchmarks.values import (
    UnusableItemError,
    field,
    list_of,
    number_of,
    positive,
    segment_of,
    shown,
    whole_of,
)
from vau_agent.evals.samples import Dataset, Gap, Sample, Truth
from vau_agent.schemas import Segment
from vau_agent.tools.video.formats import SUFFIXES

NORMAL: Final = "normal"
TOLERANCE_S: Final = 1.0
"""Times are written in whole or tenths of seconds: they may pass an edge by rounding."""


def read(path: Path) -> Dataset:
    """Read a raw annotation such as `ucf_database_test.json`.

    Raises:
        BenchmarkError: It is no object of objects.
    """
    samples, gaps = collect(read_named(path), _from_entry, path)
    return Dataset(benchmark="hivau", annotation=path.name, samples=samples, gaps=gaps)


def _from_entry(name: str, entry: Mapping[str, JsonValue]) -> Iterator[Item]:
    frames = int(positive(whole_of(field(entry, "n_frames"), "n_frames"), "n_frames"))
    fps = positive(number_of(field(entry, "fps"), "fps"), "fps")
    duration = positive(frames / fps, "the length in seconds")
    category = _category(entry)
    gaps: list[Gap] = []
    events: tuple[Segment, ...] | None = ()
    try:
        events = _spans(field(entry, "events"), "event", within=Segment(start=0, end=duration))
        gaps.extend(_clip_gaps(name, entry, events))
    except UnusableItemError as error:
        gaps.append(Gap(id=name, kind=error.kind, detail=error.detail))
        events = None
    if category is None and events:
        raise UnusableItemError("missing-truth", f"{len(events)} events in a normal video")
    if category is not None and not events:
        if events == ():
            gaps.append(Gap(id=name, kind="no-times", detail="anomalous without an event"))
        events = None
    description, reasoning = _texts(entry)
    suffixed = PurePosixPath(name).suffix.lower() in SUFFIXES
    yield Sample(
        id=name,
        source="hivau",
        video=name if suffixed else f"{name}.mp4",
        truth=Truth(anomalous=category is not None, category=category, events=events),
        duration_s=duration,
        frames=frames,
        fps=fps,
        description=description,
        reasoning=reasoning,
    )
    yield from gaps


def _category(entry: Mapping[str, JsonValue]) -> str | None:
    label = field(entry, "label")
    names = label if isinstance(label, list) else [label]
    words = [name for name in names if isinstance(name, str) and name.strip()]
    if not words:
        raise UnusableItemError("missing-truth", f"label is {shown(label)}")
    return next((word for word in words if word.lower() != NORMAL), None)


def _spans(value: JsonValue, what: str, *, within: Segment) -> tuple[Segment, ...]:
    spans = []
    for times in list_of(value, f"{what}s"):
        pair = list_of(times, what)
        if len(pair) != 2:
            raise UnusableItemError("missing-field", f"an {what} of {len(pair)} times")
        start, end = (number_of(time, f"a time of an {what}") for time in pair)
        span = segment_of(start, end)
        if start < within.start - TOLERANCE_S or end > within.end + TOLERANCE_S:
            raise UnusableItemError(
                "wrong-length",
                f"{what} {start:g}..{end:g} s lies outside {within.start:g}..{within.end:g} s",
            )
        # What rounding left beyond an edge is cut; a span of nothing else stays as it is written.
        low, high = max(start, within.start), min(end, within.end)
        spans.append(Segment(start=low, end=high) if high > low else span)
    return tuple(spans)


def _clip_gaps(
    name: str, entry: Mapping[str, JsonValue], events: tuple[Segment, ...]
) -> Iterator[Gap]:
    if "clips" not in entry:
        return
    try:
        groups = list_of(entry["clips"], "clips")
        if len(groups) != len(events):
            detail = f"{len(groups)} lists of clips for {len(events)} events"
            raise UnusableItemError("wrong-length", detail)
        for group, event in zip(groups, events, strict=True):
            _spans(group, "clip", within=event)
    except UnusableItemError as error:
        yield Gap(id=name, kind=error.kind, detail=error.detail)


def _texts(entry: Mapping[str, JsonValue]) -> tuple[str | None, str | None]:
    split = entry.get("video_summary_split")
    whole = entry.get("video_summary")
    description = split.get("description") if isinstance(split, dict) else None
    reasoning = split.get("analysis") if isinstance(split, dict) else None
    text = description if isinstance(description, str) and description else whole
    return (
        text if isinstance(text, str) and text else None,
        reasoning if isinstance(reasoning, str) and reasoning else None,
    )


HIVAU: Final = Benchmark(
    name="hivau",
    title="HIVAU-70k",
    annotations="a raw annotation of HIVAU-70k, e.g. ucf_database_test.json",
    read=read,
)
