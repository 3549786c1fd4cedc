"""VAU-Bench (VAU-R1, 2025): questions, descriptions and times for MSAD, UCF-Crime and ECVA.

A CSV row is one video. The class `Normal` is normal; `0, 0` and `-1, -1` are no times, of which
only a normal video has none by right: any other is a gap of the kind `no-times`, and the sample
still serves all tasks but the temporal one. The same holds for reversed times, and, for the tasks
without options, for a missing key.

The key is a letter, or the full text of an option. The source is the prefix of the video's name
(`msad_`), else a word in the name of the annotation file (`test_msad.csv`).
"""

import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final, Literal

from vau_agent.evals.benchmarks.base import Benchmark, Item, collect
from vau_agent.evals.benchmarks.files import read_rows
from vau_agent.evals.benchmarks.values import UnusableItemError, number_of, segment_of, shown
from vau_agent.evals.samples import Dataset, Gap, Question, Sample, Truth
from vau_agent.schemas import Segment

OPTIONS: Final = ("option 1", "option 2", "option 3", "option 4")
COLUMNS: Final = (
    "Video Name",
    "Question",
    *("Option 1", "Option 2", "Option 3", "Option 4"),
    *("Correct Option", "Anomaly Class", "Start Time", "End Time"),
)
SOURCES: Final = ("msad", "ucf", "ecva")
NO_TIMES: Final = ((-1.0, -1.0), (0.0, 0.0))
_LETTER: Final = re.compile(r"\(?(?P<letter>[A-D])(?:[).:].*)?", re.DOTALL)


def read(path: Path) -> Dataset:
    """Read a CSV of VAU-Bench.

    Raises:
        BenchmarkError: It is no such table.
    """
    rows = read_rows(path, COLUMNS)
    named = [(row["video name"] or place, row) for place, row in rows]
    default = next((name for name in SOURCES if name in path.stem.lower()), "vau-bench")
    samples, gaps = collect(named, partial(_from_row, default), path)
    return Dataset(benchmark="vau-bench", annotation=path.name, samples=samples, gaps=gaps)


def _from_row(default: str, name: str, row: Mapping[str, str]) -> Iterator[Item]:
    video = row["video name"]
    category = row["anomaly class"]
    if not video or not category:
        missing = "anomaly class" if video else "video name"
        raise UnusableItemError("missing-field", f"no {missing}")
    id_ = PurePosixPath(video).stem
    anomalous = category.lower() != "normal"
    events = _events(id_, row, anomalous=anomalous)
    question = _question(id_, row)
    yield Sample(
        id=id_,
        source=next((source for source in SOURCES if video.startswith(f"{source}_")), default),
        video=video,
        truth=Truth(
            anomalous=anomalous,
            category=category if anomalous else None,
            events=None if isinstance(events, Gap) else events,
        ),
        question=None if isinstance(question, Gap) else question,
        key_objects=_key_objects(row.get("key object", "")),
        description=row.get("description") or None,
        reasoning=row.get("reasoning") or None,
    )
    yield from (item for item in (events, question) if isinstance(item, Gap))


def _events(id_: str, row: Mapping[str, str], *, anomalous: bool) -> tuple[Segment, ...] | Gap:
    written = row["start time"], row["end time"]
    try:
        if any(written):
            times = number_of(written[0], "start time"), number_of(written[1], "end time")
        else:
            times = NO_TIMES[0]
        if times not in NO_TIMES:
            if not anomalous:
                return Gap(id=id_, kind="missing-truth", detail=f"normal, with times {times}")
            return (segment_of(*times),)
    except UnusableItemError as error:
        return Gap(id=id_, kind=error.kind, detail=error.detail)
    if anomalous:
        return Gap(
            id=id_, kind="no-times", detail=f"times are {shown(written[0])}, {shown(written[1])}"
        )
    return ()


def _question(id_: str, row: Mapping[str, str]) -> Question | Gap:
    options = [row[name] for name in OPTIONS]
    key = row["correct option"]
    kind: Literal["missing-truth", "missing-field"] = "missing-truth"
    if not row["question"] or sum(map(bool, options)) < 2:
        kind, detail = "missing-field", "no question with at least two options"
    elif not key:
        detail = "the question has no key"
    else:
        place = _place(key, options)
        if place is not None and options[place]:
            kept = [option for option in options if option]
            return Question(
                text=row["question"], options=tuple(kept), answer=sum(map(bool, options[:place]))
            )
        detail = f"the key {shown(key)} is none of the options"
    return Gap(id=id_, kind=kind, detail=detail)


def _place(key: str, options: list[str]) -> int | None:
    """Return which option a key means: the text of one, or its letter."""
    folded = [" ".join(option.lower().split()) for option in options]
    text = " ".join(key.lower().split())
    if text in folded:
        return folded.index(text)
    match = _LETTER.fullmatch(key)
    return None if match is None else ord(match["letter"]) - ord("A")


def _key_objects(text: str) -> tuple[str, ...]:
    parts = (part.strip(" []'\"") for part in text.split(","))
    return tuple(part for part in parts if part)


VAU_BENCH: Final = Benchmark(
    name="vau-bench",
    title="VAU-Bench",
    annotations="a CSV of VAU-Bench, e.g. test_msad.csv or val.csv",
    read=read,
)
