"""UCF-Crime test videos (Sultani et al., CVPR 2018), in either of their two annotations.

`Temporal_Anomaly_Annotation.txt` is the older one, without lengths. `UCF_Eval.json` (VERA, CVPR
2025) knows lengths and differs in the times of 14 videos; both hold 290 videos. Which one is read
is told by the content, and named in `Dataset.annotation`.

Frames are counted from 0, spans are half-open and cut at the video's length: read so, the 149
videos for which CoReVAD published answers have 37,530 anomalous frames of 537,000, as expected of
them. Videos run at 30 frames a second.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from pydantic import JsonValue

from vau_agent.errors import BenchmarkError
from vau_agent.evals.benchmarks.base import Benchmark, Item, collect
from vau_agent.evals.benchmarks.files import objects, parse_json, read_text
from vau_agent.evals.benchmarks.values import (
    UnusableItemError,
    field,
    frame_span_of,
    list_of,
    positive,
    seconds_of,
    shown,
    text_of,
    whole_of,
)
from vau_agent.evals.samples import Dataset, FrameSpan, Sample, Truth

FPS: Final = 30.0
NORMAL: Final = "Normal"
TEXT: Final = "Temporal_Anomaly_Annotation.txt (Sultani 2018, without lengths)"
JSON: Final = "UCF_Eval.json (VERA 2025, with lengths)"


def read(path: Path) -> Dataset:
    """Read either annotation.

    Raises:
        BenchmarkError: It is neither.
    """
    text = read_text(path)
    if text.lstrip().startswith("["):
        entries = objects(parse_json(text, path), path)
        samples, gaps = collect(_by_name(entries), _from_object, path)
        annotation = JSON
    else:
        samples, gaps = collect(_lines(text, path), _from_line, path)
        annotation = TEXT
    return Dataset(benchmark="ucf-crime", annotation=annotation, samples=samples, gaps=gaps)


def _by_name(
    entries: Iterator[tuple[str, Mapping[str, JsonValue]]],
) -> Iterator[tuple[str, Mapping[str, JsonValue]]]:
    for place, entry in entries:
        video = entry.get("video")
        yield (PurePosixPath(video).stem or place if isinstance(video, str) else place), entry


def _lines(text: str, path: Path) -> Iterator[tuple[str, Sequence[str]]]:
    for number, line in enumerate(text.splitlines(), start=1):
        cells = line.split()
        if not cells:
            continue
        if number == 1 and len(cells) != 6:
            raise BenchmarkError(
                f"{path} is no annotation of UCF-Crime: its first line has {len(cells)} columns, "
                "6 are wanted (video, class, start, end, start, end)"
            )
        yield f"line {number}", cells


def _from_line(name: str, cells: Sequence[str]) -> Iterator[Item]:
    if len(cells) != 6:
        raise UnusableItemError("missing-field", f"{len(cells)} columns, 6 are wanted")
    video, category, *times = cells
    yield _sample(video, category, times, length=None)


def _from_object(name: str, entry: Mapping[str, JsonValue]) -> Iterator[Item]:
    path = PurePosixPath(text_of(entry, "video"))
    times = list_of(field(entry, "temporal_label"), "temporal_label")
    length = int(positive(whole_of(field(entry, "length"), "length"), "length"))
    # The annotation tells the class by the folder that the video lies in.
    yield _sample(path.name, path.parent.name, times, length=length)


def _sample(video: str, category: str, times: Sequence[JsonValue], *, length: int | None) -> Sample:
    if len(times) % 2:
        raise UnusableItemError("missing-field", f"{len(times)} times, pairs are wanted")
    frames = [whole_of(time, "a time") for time in times]
    spans = tuple(
        frame_span_of(start, end, within=length)
        for start, end in zip(frames[::2], frames[1::2], strict=True)
        if (start, end) != (-1, -1)
    )
    return Sample(
        id=PurePosixPath(video).stem,
        source="ucf-crime",
        video=video,
        truth=_truth(category, spans),
        duration_s=None if length is None else length / FPS,
        frames=length,
        fps=FPS,
    )


def _truth(category: str, spans: Sequence[FrameSpan]) -> Truth:
    if (category == NORMAL) is bool(spans):
        raise UnusableItemError(
            "missing-truth", f"class {shown(category)} contradicts {len(spans)} events"
        )
    if not spans:
        return Truth(anomalous=False, events=(), spans=())
    return Truth(
        anomalous=True,
        category=category,
        events=seconds_of(spans, FPS),
        spans=tuple(spans),
    )


UCF_CRIME: Final = Benchmark(
    name="ucf-crime",
    title="UCF-Crime, 290 test videos",
    annotations="Temporal_Anomaly_Annotation.txt or VERA's UCF_Eval.json, told by content",
    read=read,
)
