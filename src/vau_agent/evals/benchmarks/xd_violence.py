"""XD-Violence test videos (Wu et al., ECCV 2020), in any of three annotations told by content.

- `annotations.txt`: name and frames of the 500 violent videos; no normal ones, no lengths.
- `annotations_multiclasses.txt`: the same, with the class of each span.
- `xd_test_800.json` (VERA, CVPR 2025): all 800 with lengths.

The category is the class with most frames in the class file, else the first that the `label_...`
part of the annotation's own key names. The two text files differ in the frames of 5 videos. In
the JSON the key of 14 videos names a class while the label says normal (their times were lost
there); these are anomalous without times, a gap each. Frames are counted from 0, spans are
half-open and cut at the length; 24 frames a second.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
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
from vau_agent.evals.samples import Dataset, FrameSpan, Gap, Sample, Truth

FPS: Final = 24.0
CLASSES: Final = {
    "B1": "fighting",
    "B2": "shooting",
    "B4": "riot",
    "B5": "abuse",
    "B6": "car accident",
    "G": "explosion",
}
NORMAL: Final = "A"
_KEY: Final = re.compile(r"label_(?P<codes>[A-Z0-9-]+)$")


def read(path: Path) -> Dataset:
    """Read any of the three.

    Raises:
        BenchmarkError: It is none of them.
    """
    text = read_text(path)
    if text.lstrip().startswith("["):
        entries = objects(parse_json(text, path), path)
        samples, gaps = collect(entries, _from_object, path)
        annotation = "xd_test_800.json (VERA 2025, with lengths)"
    else:
        lines = _lines(text, path)
        by_class = len(lines[0][1]) > 1 and lines[0][1][1] in CLASSES
        samples, gaps = collect(lines, _from_class_line if by_class else _from_line, path)
        annotation = "annotations_multiclasses.txt" if by_class else "annotations.txt"
        annotation += " (Wu 2020, violent videos only, without lengths)"
    return Dataset(benchmark="xd-violence", annotation=annotation, samples=samples, gaps=gaps)


def _lines(text: str, path: Path) -> list[tuple[str, list[str]]]:
    lines = [
        (f"line {number}", line.split())
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip()
    ]
    if not lines or len(lines[0][1]) < 3:
        raise BenchmarkError(
            f"{path} is no annotation of XD-Violence: its first line is not a video name followed "
            "by frame numbers"
        )
    return lines


def _from_line(name: str, cells: Sequence[str]) -> Iterator[Item]:
    video, *times = cells
    key = video.removesuffix(".mp4")
    yield _sample(key, _key_classes(key), _spans(times, None), length=None)


def _from_class_line(name: str, cells: Sequence[str]) -> Iterator[Item]:
    video, *rest = cells
    unknown = [code for code in rest[::3] if code not in CLASSES]
    if len(rest) % 3 or unknown:
        raise UnusableItemError(
            "missing-field", f"triples of class, start and end are wanted, got {shown(rest[:3])}"
        )
    spans = tuple(
        frame_span_of(whole_of(start, "a frame"), whole_of(end, "a frame"))
        for start, end in zip(rest[1::3], rest[2::3], strict=True)
    )
    frames: Counter[str] = Counter()
    for code, span in zip(rest[::3], spans, strict=True):
        frames[code] += span.end - span.start
    codes = [code for code, _ in frames.most_common()]
    yield _sample(video.removesuffix(".mp4"), codes, spans, length=None)


def _from_object(name: str, entry: Mapping[str, JsonValue]) -> Iterator[Item]:
    key = text_of(entry, "video").removesuffix(".mp4")
    length = int(positive(whole_of(field(entry, "length"), "length"), "length"))
    times = list_of(field(entry, "temporal_label"), "temporal_label")
    codes = _key_classes(key)
    sample = _sample(key, codes, _spans(times, length), length=length)
    yield sample
    if sample.truth.anomalous and sample.truth.spans is None:
        detail = f"the key names class {codes[0]}, the label says normal: its times are unknown"
        yield Gap(id=key, kind="no-times", detail=detail)


def _key_classes(key: str) -> list[str]:
    match = _KEY.search(key)
    if match is None:
        raise UnusableItemError("missing-truth", f"no label_... at the end of the key {shown(key)}")
    codes = match["codes"].split("-")
    if codes[0] == NORMAL:
        return []
    known = [code for code in codes if code in CLASSES]
    if not known:
        raise UnusableItemError("missing-truth", f"no known class in the key {shown(key)}")
    return known


def _spans(times: Sequence[JsonValue], length: int | None) -> tuple[FrameSpan, ...]:
    if len(times) % 2:
        raise UnusableItemError("missing-field", f"{len(times)} times, pairs are wanted")
    frames = [whole_of(time, "a time") for time in times]
    return tuple(
        frame_span_of(start, end, within=length)
        for start, end in zip(frames[::2], frames[1::2], strict=True)
        if (start, end) != (-1, -1)
    )


def _sample(
    key: str, codes: Sequence[str], spans: tuple[FrameSpan, ...], *, length: int | None
) -> Sample:
    if spans and not codes:
        raise UnusableItemError("missing-truth", f"{len(spans)} events in a normal video")
    if not codes:
        truth = Truth(anomalous=False, events=(), spans=())
    else:
        truth = Truth(
            anomalous=True,
            category=CLASSES[codes[0]],
            events=seconds_of(spans, FPS) or None,
            spans=spans or None,
        )
    return Sample(
        id=key,
        source="xd-violence",
        video=f"{key}.mp4",
        truth=truth,
        duration_s=None if length is None else length / FPS,
        frames=length,
        fps=FPS,
    )


XD_VIOLENCE: Final = Benchmark(
    name="xd-violence",
    title="XD-Violence, 800 test videos",
    annotations="annotations.txt, annotations_multiclasses.txt or VERA's xd_test_800.json",
    read=read,
)
