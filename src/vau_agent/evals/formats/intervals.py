"""Anomalous intervals in seconds, of any method, against any benchmark that knows times.

Read from a CSV (`id`, `start`, `end` and, if there, `score`) or a JSON list of such objects; one
row an interval. Empty or absent times say "nothing happens here": so does a normal answer. Where
there are several, the one of the highest score, else the longest, is the answer that IoU is taken
of. A video without any row has no answer, and counts as wrong, normal ones included.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from vau_agent.errors import PredictionError
from vau_agent.evals.benchmarks.values import UnusableItemError, number_of, segment_of
from vau_agent.evals.formats.base import Format, need_truth
from vau_agent.evals.formats.files import read_json, read_rows
from vau_agent.evals.formats.truths import ANY_TRUTH, read_truth, video_id
from vau_agent.evals.records import Opinion, Record
from vau_agent.evals.samples import Gap
from vau_agent.evals.scoring.answers import align
from vau_agent.evals.scoring.segments import localisation_table
from vau_agent.evals.tables import Table
from vau_agent.schemas import Segment

AGENT: Final = "agent"
"""Name of the row that `localisation_table` gives what is held in the end."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """One interval, or the statement that there is none."""

    video: str
    segment: Segment | None
    score: float | None


def score(predictions: Path, truth: Path | None, *, draws: int, seed: int) -> Table:
    """Score intervals by their overlap with the annotated ones.

    Raises:
        PredictionError: The file holds no interval, or none of a video with times.
        BenchmarkError: The truth belongs to no benchmark.
    """
    path = need_truth(truth, ANY_TRUTH)
    intervals, gaps = read_intervals(predictions)
    dataset = read_truth(path, {one.video for one in intervals})
    known = {sample.id for sample in dataset.samples}
    if not any(one.video in known for one in intervals):
        raise PredictionError(f"none of the videos in {predictions} is in {path}")
    answers, missing = align(dataset, records_of(intervals))
    conventions = {"benchmark": dataset.benchmark, "annotation": dataset.annotation}
    table = localisation_table(answers, conventions, draws=draws, seed=seed)
    if table is None:
        raise PredictionError(f"{path} knows no times of anomalous videos; nothing to overlap with")
    rows = tuple(
        row.model_copy(update={"name": "predictions"}) if row.name == AGENT else row
        for row in table.rows
        if row.name == AGENT or row.kind != "measured"
    )
    told = {"missing": "a video without a row counts as wrong; empty times say that it is normal"}
    return table.model_copy(
        update={
            "title": f"Intervals on {dataset.benchmark}",
            "rows": rows,
            "conventions": table.conventions | told,
            "gaps": tuple(dict.fromkeys((*missing, *gaps, *table.gaps))),
        }
    )


def read_intervals(path: Path) -> tuple[tuple[Interval, ...], tuple[Gap, ...]]:
    """Return the intervals of a file, and the rows that cannot be used.

    A row with times that cannot be used claims nothing, which leaves its video without an answer
    where it has no other.

    Raises:
        PredictionError: The file cannot be read, or no row can be used.
    """
    intervals: list[Interval] = []
    gaps: list[Gap] = []
    seen: set[Interval] = set()
    for place, row in _rows(path):
        try:
            interval = _interval(row)
        except UnusableItemError as error:
            name = row.get("id")
            id_ = video_id(name) if isinstance(name, str) and name.strip() else place
            gaps.append(Gap(id=id_, kind=error.kind, detail=f"{place}: {error.detail}"))
            continue
        if interval in seen:
            gaps.append(Gap(id=interval.video, kind="duplicate-id", detail=f"again in {place}"))
        else:
            seen.add(interval)
            intervals.append(interval)
    if not intervals:
        first = f"{gaps[0].id}: {gaps[0].detail}" if gaps else "it is empty"
        raise PredictionError(f"{path} holds no interval: {first}")
    return tuple(intervals), tuple(gaps)


def records_of(intervals: Sequence[Interval]) -> tuple[Record, ...]:
    """Return one record for each video, as a run would have left it.

    Scores of any scale become 0..1 by their rank over the file: only their order counts.
    """
    by_video: dict[str, list[Interval]] = {}
    for one in intervals:
        by_video.setdefault(one.video, []).append(one)
    levels = sorted({one.score for one in intervals if one.score is not None})
    ranks = {score: (place + 1) / len(levels) for place, score in enumerate(levels)}
    return tuple(
        Record(schema="vau.record/1", sample_id=video, final=_opinion(found, ranks))
        for video, found in by_video.items()
    )


def _opinion(found: Sequence[Interval], ranks: Mapping[float, float]) -> Opinion:
    events = [(one.segment, one.score) for one in found if one.segment is not None]
    scores = tuple(ranks[score] for _, score in events if score is not None)
    return Opinion(
        label="anomalous" if events else "normal",
        events=tuple(segment for segment, _ in events),
        scores=scores if len(scores) == len(events) else (),
    )


def _rows(path: Path) -> Iterator[tuple[str, Mapping[str, JsonValue]]]:
    if path.name.lower().removesuffix(".gz").endswith(".csv"):
        yield from read_rows(path, ["id", "start", "end"])
        return
    value = read_json(path)
    if not isinstance(value, list):
        raise PredictionError(f"{path} is no JSON list of objects with id, start, end")
    for number, entry in enumerate(value):
        yield f"entry {number}", entry if isinstance(entry, dict) else {}


def _interval(row: Mapping[str, JsonValue]) -> Interval:
    name = row.get("id")
    if not isinstance(name, str) or not name.strip():
        raise UnusableItemError("missing-field", "no id")
    start, end, score = (row.get(field) for field in ("start", "end", "score"))
    return Interval(
        video=video_id(name),
        segment=None
        if _absent(start) and _absent(end)
        else segment_of(number_of(start, "start"), number_of(end, "end")),
        score=None if _absent(score) else number_of(score, "score"),
    )


def _absent(value: JsonValue) -> bool:
    return value is None or value == ""


INTERVALS: Final = Format(
    name="intervals",
    title="Anomalous intervals in seconds, of any method",
    predictions="CSV id,start,end[,score] or a JSON list of such objects; empty times: normal",
    truth=ANY_TRUTH,
    score=score,
)
