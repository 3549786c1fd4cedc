"""Samples and records made by hand, for the tests of this folder."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tests.cli.support import draw
from vau_agent.evals.records import CurveSample, Opinion, Record, RunHeader
from vau_agent.evals.samples import Dataset, Gap, Question, Sample, Truth
from vau_agent.results import UsageTotals
from vau_agent.schemas import Segment

Times = tuple[float, float]


def sample(
    name: str,
    *events: Times,
    category: str | None = "fighting",
    seconds: float = 10.0,
    fps: float | None = 10.0,
    timed: bool = True,
    question: Question | None = None,
) -> Sample:
    """Make a sample: normal without events, unless its times are unknown."""
    anomalous = bool(events) or not timed
    segments = tuple(Segment(start=start, end=end) for start, end in events)
    return Sample(
        id=name,
        source="made",
        video=f"{name}.mp4",
        truth=Truth(
            anomalous=anomalous,
            category=category if anomalous else None,
            events=segments if timed else None,
        ),
        duration_s=seconds,
        frames=round(seconds * fps) if fps else None,
        fps=fps,
        question=question,
    )


def opinion(*events: Times, category: str = "fighting", confidence: float | None = 0.8) -> Opinion:
    """Make an opinion: normal without events."""
    segments = tuple(Segment(start=start, end=end) for start, end in events)
    if not events:
        sure = None if confidence is None else 1 - confidence
        return Opinion(label="normal", confidence=sure)
    scores = () if confidence is None else (confidence,) * len(events)
    return Opinion(
        label="anomalous",
        category=category,
        events=segments,
        scores=scores,
        confidence=confidence,
    )


OPEN = Opinion(label="inconclusive")


def record(
    name: str,
    final: Opinion | None,
    initial: Opinion | None = None,
    *,
    curve: Sequence[tuple[float, float]] = (),
    seconds: float = 10.0,
    calls: int = 3,
) -> Record:
    """Make a record; without a final opinion it failed."""
    return Record(
        schema="vau.record/1",
        sample_id=name,
        run_id=f"run-{name}",
        initial=initial or final,
        final=final,
        curve=tuple(CurveSample(t_s=t_s, score=score) for t_s, score in curve),
        duration_s=seconds,
        usage=UsageTotals(calls=calls, seconds=1.0),
        error=None if final is not None else "the file has no video stream",
    )


def dataset(*samples: Sample, gaps: Sequence[Gap] = ()) -> Dataset:
    """Make a data set."""
    return Dataset(benchmark="manifest", annotation="made", samples=samples, gaps=tuple(gaps))


def header(samples: int, *, sha256: str = "a" * 64, **settings: str) -> RunHeader:
    """Say what records were made from."""
    return RunHeader(
        benchmark="manifest",
        annotation="made",
        annotation_sha256=sha256,
        policy=settings.pop("policy", "rules"),
        settings=settings,
        samples=samples,
        tool="vau-agent 0",
    )


def archive(folder: Path, kinds: Mapping[str, str], *, seconds: float = 3.0) -> Path:
    """Draw videos by file name and kind of scene; give the manifest beside them."""
    entries: list[dict[str, object]] = []
    for number, (name, kind) in enumerate(kinds.items()):
        if kind == "broken":
            (folder / name).write_bytes(b"\0" * 4096)
        elif kind != "absent":
            draw(folder / name, kind=kind, seed=number + 1, seconds=seconds)
        label = "fighting" if kind == "fighting" else "normal"
        times = [[0.5, seconds]] if kind == "fighting" else []
        entries.append({"file": name, "label": label, "events_s": times, "duration_s": seconds})
    return write_manifest(folder, entries)


def write_manifest(folder: Path, entries: Iterable[Mapping[str, object]]) -> Path:
    """Write a manifest."""
    path = folder / "manifest.json"
    path.write_text(json.dumps(list(entries)))
    return path
