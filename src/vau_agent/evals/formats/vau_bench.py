"""Answers on VAU-Bench as VAU-R1 writes them: CSV files, one row a video.

Which task it is, the columns tell: `QA answer`, `CLS answer`, `Temporal Grounding`, or
`Description` and `Analysis`. Truth is a CSV of VAU-Bench; `.mp4` may be missing from names.

Every task but the last is scored twice, by the published rules (`compat`) and by mended ones
(`strict`); `vau_r1` holds both. Published figures are over the videos that were answered. Where
some were not, a third row counts each of them as wrong, for nobody to leave out what is hard.
Descriptions are judged by rules alone (`evals/judge`), no figure of VAU-Eval's own judge.
"""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Final

from vau_agent.errors import PredictionError
from vau_agent.evals.benchmarks.files import read_rows as read_truth_rows
from vau_agent.evals.benchmarks.vau_bench import COLUMNS, VAU_BENCH
from vau_agent.evals.formats.base import Format, need_truth
from vau_agent.evals.formats.files import read_rows
from vau_agent.evals.formats.vau_answers import Answer, cls_rows, qa_rows
from vau_agent.evals.formats.vau_grounding import tag_gaps, tag_rows
from vau_agent.evals.samples import Dataset, Gap
from vau_agent.evals.tables import Row, Table

NAME: Final = "video name"
CONVENTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "scorer": "compat: VAU-R1's rules, defects kept; strict: mended, see docs/evals.md",
        "videos": "those answered; 'missing counted wrong' takes all that have a truth",
        "intervals": "95 %: Wilson for shares, bootstrap over videos for means",
    }
)


@dataclass(frozen=True, kw_only=True)
class _Task:
    title: str
    rows: Callable[[Sequence[Answer], int, int], tuple[Row, ...]]
    """Takes answers, draws and seed."""
    gaps: Callable[[Sequence[Answer]], tuple[Gap, ...]]
    conventions: Mapping[str, str]


def score(predictions: Path, truth: Path | None, *, draws: int, seed: int) -> Table:
    """Score the answers of one task.

    Raises:
        PredictionError: The columns tell no task, or no video of the truth is answered.
        BenchmarkError: The truth is no CSV of VAU-Bench.
    """
    path = need_truth(truth, VAU_BENCH.annotations)
    dataset = VAU_BENCH.read(path)
    rows = read_rows(predictions, ["Video Name"])
    columns = set(rows[0][1]) if rows else set()
    if {"description", "analysis"} <= columns:
        return _judged(predictions, dataset, draws=draws, seed=seed)
    column = _column(predictions, columns)
    task = TASKS[column]
    texts, unusable = _texts(rows, column)
    answers, unknown = _join(texts, path, dataset)
    if not any(answer.text is not None for answer in answers):
        raise PredictionError(f"none of the videos in {predictions} is in {path}")
    return Table(
        title=task.title,
        rows=task.rows(answers, draws, seed),
        conventions={"annotation": dataset.annotation, **CONVENTIONS, **task.conventions},
        gaps=(*dataset.gaps, *unusable, *unknown, *_missing(answers), *task.gaps(answers)),
    )


def read_answers(predictions: Path, truth: Path) -> tuple[Answer, ...]:
    """Return every video of the truth with what was answered about it.

    Raises:
        PredictionError: The columns tell no task.
        BenchmarkError: The truth is no CSV of VAU-Bench.
    """
    rows = read_rows(predictions, ["Video Name"])
    texts, _ = _texts(rows, _column(predictions, set(rows[0][1]) if rows else set()))
    return _join(texts, truth, VAU_BENCH.read(truth))[0]


def _column(predictions: Path, columns: Set[str]) -> str:
    column = next((name for name in TASKS if name in columns), None)
    if column is None:
        wanted = ", ".join(repr(name) for name in (*TASKS, "description"))
        raise PredictionError(f"{predictions} holds no answers; one of these columns: {wanted}")
    return column


def stem(video: str) -> str:
    """Return a video's name without folder and ending."""
    return PurePosixPath(video).stem if video.lower().endswith(".mp4") else video


def _texts(
    rows: Sequence[tuple[str, Mapping[str, str]]], column: str
) -> tuple[dict[str, str], list[Gap]]:
    """Return the answers by video; the first of two stays, as in the released code."""
    texts: dict[str, str] = {}
    gaps = []
    for place, row in rows:
        video = stem(row[NAME])
        if not video:
            gaps.append(Gap(id=place, kind="missing-field", detail="the video has no name"))
        elif video in texts:
            detail = f"again in {place}; the first stays"
            gaps.append(Gap(id=video, kind="duplicate-id", detail=detail))
        else:
            texts[video] = row[column]
    return texts, gaps


def _join(
    texts: Mapping[str, str], path: Path, dataset: Dataset
) -> tuple[tuple[Answer, ...], list[Gap]]:
    """Put answers beside the truth, as it is written and as the benchmark reads it."""
    written = {stem(row[NAME]): row for _, row in reversed(read_truth_rows(path, COLUMNS))}
    samples = {sample.id: sample for sample in dataset.samples}
    answers = tuple(
        Answer(id=video, text=texts.get(video), row=row, sample=samples[video])
        for video, row in reversed(written.items())
        if video in samples
    )
    known = {answer.id for answer in answers}
    unknown = [
        Gap(id=video, kind="unknown-id", detail="answered, and not in the truth; left out")
        for video in texts
        if video not in known
    ]
    return answers, unknown


def _missing(answers: Sequence[Answer]) -> tuple[Gap, ...]:
    return tuple(
        Gap(id=answer.id, kind="missing-prediction", detail="not answered")
        for answer in answers
        if answer.text is None
    )


def _judged(predictions: Path, dataset: Dataset, *, draws: int, seed: int) -> Table:
    from vau_agent.evals.judge.answers import read_answers
    from vau_agent.evals.judge.phrases import PhraseJudge
    from vau_agent.evals.judge.scoring import judge_candidates

    found, gaps = read_answers(predictions)
    candidates = {stem(video): candidate for video, candidate in found.items()}
    answered = tuple(sample for sample in dataset.samples if sample.id in candidates)
    if not answered:
        raise PredictionError(f"none of the videos in {predictions} is in {dataset.annotation}")
    table = judge_candidates(
        dataset.model_copy(update={"samples": answered}),
        candidates,
        PhraseJudge(),
        draws=draws,
        seed=seed,
    )
    missing = tuple(
        Gap(id=sample.id, kind="missing-prediction", detail="not answered, not judged")
        for sample in dataset.samples
        if sample.id not in candidates
    )
    return table.model_copy(
        update={
            "gaps": (*gaps, *table.gaps, *missing),
            "conventions": {**table.conventions, "videos": "those answered"},
        }
    )


TASKS: Final[Mapping[str, _Task]] = MappingProxyType(
    {
        "qa answer": _Task(
            title="VAU-Bench questions",
            rows=qa_rows,
            gaps=lambda answers: (),
            conventions={
                "questions": "those with a key",
                "compat": "first capital A to G of the answer tag, else of the text, against the "
                "first of the key",
                "strict": "one option, by its letter or its words; anything else is wrong",
            },
        ),
        "cls answer": _Task(
            title="VAU-Bench classes",
            rows=cls_rows,
            gaps=lambda answers: (),
            conventions={
                "compat": "first class name found in the answer (our reading)",
                "strict": "the answer is one class name and nothing else",
                "binary_accuracy": "normal or not",
            },
        ),
        "temporal grounding": _Task(
            title="VAU-Bench times",
            rows=tag_rows,
            gaps=tag_gaps,
            conventions={
                "compat": "normals (0, 0) skipped; start == end is 0; union is the hull; times "
                "-1 are an interval; first [a, b] where there is no glue tag; mm:ss; unreadable "
                "is (0, 0)",
                "strict": "normals skipped, and counted in miou_normals_counted (1 for [-1, -1]); "
                "exact union; rows without times left out; times in the glue tag only",
                "reward_iou": "IoU term of the reward, all rows: a union of no length is 1",
                "label_accuracy": "Anomaly or Normal; compat compares the first capital A to G",
            },
        ),
    }
)
"""By the column that holds the answers, in lower case."""

VAU_BENCH_ANSWERS: Final = Format(
    name="vau-bench",
    title="Answers on VAU-Bench as VAU-R1 writes them: QA, CLS, TAG, reasoning",
    predictions="CSV: Video Name and QA answer | CLS answer | Temporal Grounding | Description...",
    truth=VAU_BENCH.annotations,
    score=score,
)
