"""Records of our own runs (`records.jsonl`), scored against any annotation of the same videos.

The folder that `eval run` wrote, or its `records.jsonl`. Without a truth, the samples that the
folder keeps beside the records are taken. All tables of a run are joined into one.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from pydantic import JsonValue, ValidationError

from vau_agent.errors import EvaluationError, PredictionError
from vau_agent.evals.formats.base import Format
from vau_agent.evals.formats.files import read_lines
from vau_agent.evals.formats.truths import read_truth
from vau_agent.evals.records import Record
from vau_agent.evals.samples import Dataset, Gap
from vau_agent.evals.scoring.tables import score_records
from vau_agent.evals.store import RECORDS_NAME, read_samples
from vau_agent.evals.tables import Row, Table


def score(predictions: Path, truth: Path | None, *, draws: int, seed: int) -> Table:
    """Score what a run left.

    Raises:
        PredictionError: There is no record, or none of a sample of the truth.
        BenchmarkError: The truth belongs to no benchmark.
    """
    path = predictions / RECORDS_NAME if predictions.is_dir() else predictions
    records, gaps = read_records(path)
    dataset = _dataset(path.parent, truth, records)
    known = {sample.id for sample in dataset.samples}
    if not any(record.sample_id in known for record in records):
        raise PredictionError(f"none of the records in {path} is of a sample of the truth")
    tables = score_records(dataset, records, draws=draws, seed=seed)
    joined = join_tables(f"Records of a run on {dataset.benchmark}", tables)
    return joined.model_copy(update={"gaps": tuple(dict.fromkeys((*joined.gaps, *gaps)))})


def read_records(path: Path) -> tuple[tuple[Record, ...], tuple[Gap, ...]]:
    """Return the records of a file in order, and the lines that hold none.

    Raises:
        PredictionError: There is no record.
    """
    lines, gaps = read_lines(path)
    records: list[Record] = []
    unusable = list(gaps)
    for place, line in lines:
        record = _record(line)
        if isinstance(record, Record):
            records.append(record)
        else:
            unusable.append(Gap(id=place, kind="unreadable", detail=record))
    if not records:
        raise PredictionError(f"{path} holds no record: {unusable[0].detail}")
    return tuple(records), tuple(unusable)


def join_tables(title: str, tables: Sequence[Table]) -> Table:
    """Join tables into one: figures of rows of one name stand in one row.

    Where that would overwrite a figure or a kind, the later row takes the title of its table.
    """
    rows: dict[str, Row] = {}
    conventions: dict[str, str] = {}
    for table in tables:
        for row in table.rows:
            former = rows.get(row.name)
            clashes = former is not None and (
                former.kind != row.kind or former.metrics.keys() & row.metrics.keys()
            )
            name = f"{row.name} ({table.title})" if clashes else row.name
            kept = {} if clashes or former is None else former.metrics
            rows[name] = Row(name=name, kind=row.kind, metrics={**kept, **row.metrics})
        for name, choice in table.conventions.items():
            same = conventions.get(name, choice) == choice
            conventions[name if same else f"{name} ({table.title})"] = choice
    return Table(
        title=title,
        rows=tuple(rows.values()),
        conventions=conventions,
        gaps=_once(gap for table in tables for gap in table.gaps),
        notes=tuple(note for table in tables for note in table.notes),
    )


def _once(gaps: Iterable[Gap]) -> tuple[Gap, ...]:
    return tuple(dict.fromkeys(gaps))


def _dataset(folder: Path, truth: Path | None, records: Sequence[Record]) -> Dataset:
    if truth is not None:
        return read_truth(truth, {record.sample_id for record in records})
    try:
        return read_samples(folder)
    except EvaluationError as error:
        raise PredictionError(f"{error}; or give --truth FILE") from error


def _record(line: Mapping[str, JsonValue]) -> Record | str:
    try:
        return Record.model_validate(line)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


VAU_RECORDS: Final = Format(
    name="vau-records",
    title="Records of our own runs",
    predictions="the folder that 'eval run' wrote, or its records.jsonl",
    truth="the annotation of any benchmark; without it, the samples kept beside the records",
    score=score,
)
