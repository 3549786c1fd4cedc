"""SmartHome-Bench (Zhao et al., 2025): 1,203 clips of home cameras, without times.

A CSV, packed or not, with Title, Category, Anomaly Tag, Video Description and Reasoning behind
Normality/Anomalies. `Vague Abnormal` counts as anomalous, as in the authors' binary task. The
Category (of the authors' taxonomy, e.g. `Wildlife`, sometimes several) is kept as it is written.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from vau_agent.evals.benchmarks.base import Benchmark, Item, collect
from vau_agent.evals.benchmarks.files import read_rows
from vau_agent.evals.benchmarks.values import UnusableItemError, shown
from vau_agent.evals.samples import Dataset, Sample, Truth

REASONING: Final = "Reasoning behind Normality/Anomalies"
COLUMNS: Final = ("Title", "Category", "Anomaly Tag", "Video Description", REASONING)
TAGS: Final = {"normal": False, "abnormal": True, "vague abnormal": True}


def read(path: Path) -> Dataset:
    """Read `Video_Annotation.csv`.

    Raises:
        BenchmarkError: It is no such table.
    """
    rows = read_rows(path, COLUMNS)
    named = [(row["title"] or place, row) for place, row in rows]
    samples, gaps = collect(named, _from_row, path)
    return Dataset(
        benchmark="smarthome",
        annotation=f"{path.name}; vague abnormal counts as anomalous",
        samples=samples,
        gaps=gaps,
    )


def _from_row(name: str, row: Mapping[str, str]) -> Iterator[Item]:
    tag = row["anomaly tag"].lower()
    if not row["title"]:
        raise UnusableItemError("missing-field", "no title")
    if tag not in TAGS:
        known = ", ".join(TAGS)
        raise UnusableItemError("missing-truth", f"tag {shown(row['anomaly tag'])}; known: {known}")
    anomalous = TAGS[tag]
    yield Sample(
        id=row["title"],
        source="smarthome",
        video=f"{row['title']}.mp4",
        truth=Truth(
            anomalous=anomalous,
            category=row["category"] or None if anomalous else None,
            events=None if anomalous else (),
        ),
        description=row["video description"] or None,
        reasoning=row[REASONING.lower()] or None,
    )


SMARTHOME: Final = Benchmark(
    name="smarthome",
    title="SmartHome-Bench",
    annotations="Video_Annotation.csv, packed by gzip or not",
    read=read,
)
