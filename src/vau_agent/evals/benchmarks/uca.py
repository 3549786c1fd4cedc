"""UCA (UCF-Crime annotation, Yuan et al., CVPR 2024): a sentence for every stretch of a video.

One JSON object: video name -> `duration`, `timestamps` (pairs of seconds) and `sentences`. It
says what happens, not what is anomalous: normal and anomalous videos are told apart by the class
that the key begins with (`Normal_Videos_...`), as UCF-Crime names its videos. Times of events are
therefore unknown for anomalous videos, a gap of the kind `no-times` each. The description is all
sentences with their times.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
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
)
from vau_agent.evals.samples import Dataset, Gap, Sample, Truth
from vau_agent.schemas import Segment

_CLASS: Final = re.compile(r"(?P<name>[A-Za-z]+)(?:_Videos_?)?\d")


def read(path: Path) -> Dataset:
    """Read a split such as `UCFCrime_Val.json`.

    Raises:
        BenchmarkError: It is no object of objects.
    """
    samples, gaps = collect(read_named(path), _from_entry, path)
    return Dataset(benchmark="uca", annotation=path.name, samples=samples, gaps=gaps)


def _from_entry(name: str, entry: Mapping[str, JsonValue]) -> Iterator[Item]:
    duration = positive(number_of(field(entry, "duration"), "duration"), "duration")
    match = _CLASS.match(name)
    if match is None:
        raise UnusableItemError("missing-truth", f"no class at the start of the key {shown(name)}")
    anomalous = match["name"] != "Normal"
    gaps: list[Gap] = []
    yield Sample(
        id=name,
        source="ucf-crime",
        video=f"{name}.mp4",
        truth=Truth(
            anomalous=anomalous,
            category=match["name"] if anomalous else None,
            events=None if anomalous else (),
        ),
        duration_s=duration,
        description=_description(name, entry, duration, gaps),
    )
    if anomalous:
        yield Gap(id=name, kind="no-times", detail="sentences do not say which are anomalous")
    yield from gaps


def _description(
    name: str, entry: Mapping[str, JsonValue], duration: float, gaps: list[Gap]
) -> str | None:
    """Join the sentences; each that cannot be placed in time is a gap."""
    spans = list_of(field(entry, "timestamps"), "timestamps")
    sentences = list_of(field(entry, "sentences"), "sentences")
    if len(spans) != len(sentences):
        detail = f"{len(spans)} timestamps for {len(sentences)} sentences"
        raise UnusableItemError("wrong-length", detail)
    lines = []
    for place, (times, sentence) in enumerate(zip(spans, sentences, strict=True)):
        try:
            span = _span(times, duration)
            lines.append(f"[{span.start:g}-{span.end:g} s] {str(sentence).strip()}")
        except UnusableItemError as error:
            detail = f"sentence {place}: {error.detail}"
            gaps.append(Gap(id=name, kind=error.kind, detail=detail))
    return "\n".join(lines) or None


def _span(times: JsonValue, duration: float) -> Segment:
    pair = list_of(times, "a timestamp")
    if len(pair) != 2:
        raise UnusableItemError("missing-field", f"a timestamp of {len(pair)} times")
    start, end = (number_of(time, "a time") for time in pair)
    return segment_of(start, end, within=duration)


UCA: Final = Benchmark(
    name="uca",
    title="UCA, sentences over UCF-Crime",
    annotations="a JSON split of UCA, e.g. UCFCrime_Val.json",
    read=read,
)
