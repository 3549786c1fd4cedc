"""Our own list of clips: the way to bring videos of one's own.

A JSON list with an object for each clip. Other fields than these are let through unread:

| field | value |
| --- | --- |
| `file` | path below the folder of videos |
| `label` | `normal`, a category, or `anomalous` where the category is unknown |
| `events_s` | list of `[start, end]` in seconds; `"whole clip"`; absent or null when unknown |
| `events_frames_0based_half_open` | optional: the same in frames |
| `duration_s`, `fps`, `frames` | optional: facts of the video |
| `id` | optional: `file` otherwise; never shown to a policy, like every name |
| `dataset` | optional: where the clip comes from; `manifest` otherwise |
| `risk` | optional: `low`, `medium` or `high` |
| `description`, `reasoning` | optional: reference texts |
| `question` | optional: `{"text": ..., "options": [...], "answer": 0}`; places count from 0 |

An anomalous clip whose events nobody wrote down is a gap of the kind `no-times`; it still serves
every task but the temporal ones.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from vau_agent.evals.benchmarks.base import Benchmark, Item, collect
from vau_agent.evals.benchmarks.files import objects, read_json
from vau_agent.evals.benchmarks.values import (
    UnusableItemError,
    frame_span_of,
    list_of,
    number_of,
    positive,
    seconds_of,
    segment_of,
    shown,
    text_of,
    whole_of,
)
from vau_agent.evals.samples import (
    RISKS,
    Dataset,
    FrameSpan,
    Gap,
    Question,
    Risk,
    Sample,
    Truth,
)
from vau_agent.schemas import Segment

NORMAL: Final = "normal"
UNKNOWN: Final = "anomalous"
WHOLE: Final = "whole clip"
SECONDS: Final = "events_s"
FRAMES: Final = "events_frames_0based_half_open"


def read(path: Path) -> Dataset:
    """Read a manifest.

    Raises:
        BenchmarkError: It is no list of objects.
    """
    entries = list(objects(read_json(path), path))
    samples, gaps = collect([(_name(*entry), entry[1]) for entry in entries], _from_entry, path)
    return Dataset(benchmark="manifest", annotation=path.name, samples=samples, gaps=gaps)


def _name(place: str, entry: Mapping[str, JsonValue]) -> str:
    names = (entry.get("id"), entry.get("file"))
    return next((name for name in names if isinstance(name, str) and name), place)


def _from_entry(name: str, entry: Mapping[str, JsonValue]) -> Iterator[Item]:
    file = text_of(entry, "file")
    label = text_of(entry, "label")
    duration = _optional(entry, "duration_s")
    fps = _optional(entry, "fps")
    frames = entry.get("frames")
    length = None if frames is None else int(positive(whole_of(frames, "frames"), "frames"))
    truth = _truth(label, entry, duration, fps, length)
    dataset = entry.get("dataset")
    yield Sample(
        id=name,
        source=dataset if isinstance(dataset, str) and dataset else "manifest",
        video=file,
        truth=truth,
        duration_s=duration,
        frames=length,
        fps=fps,
        question=_question(entry),
        description=_text(entry, "description"),
        reasoning=_text(entry, "reasoning"),
    )
    if truth.events is None and truth.spans is None:
        yield Gap(id=name, kind="no-times", detail=f"{SECONDS} is {shown(entry.get(SECONDS))}")


def _truth(
    label: str,
    entry: Mapping[str, JsonValue],
    duration: float | None,
    fps: float | None,
    length: int | None,
) -> Truth:
    events = _events(entry.get(SECONDS), duration)
    spans = _spans(entry.get(FRAMES), length)
    if events is None and spans is not None and fps is not None:
        events = seconds_of(spans, fps)
    risk = _risk(entry.get("risk"))
    if label.lower() == NORMAL:
        if events or spans:
            raise UnusableItemError("missing-truth", "the label is normal, yet there are events")
        return Truth(anomalous=False, events=(), spans=(), risk=risk)
    category = None if label.lower() == UNKNOWN else label
    return Truth(
        anomalous=True,
        category=category,
        events=events or None,
        spans=spans or None,
        risk=risk,
    )


def _risk(value: JsonValue) -> Risk | None:
    if value is None:
        return None
    for risk in RISKS:
        if value == risk:
            return risk
    raise UnusableItemError("unreadable", f"risk is {shown(value)}, not {', '.join(RISKS)}")


def _events(value: JsonValue, duration: float | None) -> tuple[Segment, ...] | None:
    if value is None or (value == WHOLE and duration is None):
        return None
    if value == WHOLE and duration is not None:
        return (Segment(start=0, end=duration),)
    return tuple(
        segment_of(number_of(start, "a time"), number_of(end, "a time"), within=duration)
        for start, end in _pairs(value, SECONDS)
    )


def _spans(value: JsonValue, length: int | None) -> tuple[FrameSpan, ...] | None:
    if value is None:
        return None
    return tuple(
        frame_span_of(whole_of(start, "a frame"), whole_of(end, "a frame"), within=length)
        for start, end in _pairs(value, FRAMES)
    )


def _pairs(value: JsonValue, what: str) -> Iterator[tuple[JsonValue, JsonValue]]:
    for times in list_of(value, what):
        pair = list_of(times, "an event")
        if len(pair) != 2:
            raise UnusableItemError("missing-field", f"an event of {len(pair)} times")
        yield pair[0], pair[1]


def _optional(entry: Mapping[str, JsonValue], name: str) -> float | None:
    value = entry.get(name)
    return None if value is None else positive(number_of(value, name), name)


def _text(entry: Mapping[str, JsonValue], name: str) -> str | None:
    return None if entry.get(name) is None else text_of(entry, name)


def _question(entry: Mapping[str, JsonValue]) -> Question | None:
    value = entry.get("question")
    return None if value is None else Question.model_validate(value)


MANIFEST: Final = Benchmark(
    name="manifest",
    title="Clips of one's own",
    annotations="a JSON list of clips: file, label, events_s, ... (see docs/evals.md)",
    read=read,
)
