"""Records of a run -> a table of judge's scores, with floors that no judge should confuse with it.

The floors cost a judge as much as the answers do. A judge that grades other videos' answers like
the right ones, or an empty answer like a full one, measures nothing, whatever its mean says.
"""

import hashlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from vau_agent.errors import BackendError, BenchmarkError
from vau_agent.evals.judge.base import (
    SCORE_NAMES,
    Candidate,
    Judge,
    JudgeCase,
    JudgeScores,
    Reference,
)
from vau_agent.evals.records import Record
from vau_agent.evals.samples import Dataset, Gap, Sample
from vau_agent.evals.significance import bootstrap_mean, paired_difference
from vau_agent.evals.tables import Estimate, Row, RowKind, Table
from vau_agent.schemas import Value

ANSWERS: Final = "answers"
SHUFFLED: Final = "answers of other videos"
_log = logging.getLogger(__name__)


class Judgement(Value):
    """What a judge said of one sample."""

    sample_id: str
    scores: JudgeScores
    error: str | None = None
    """Why the judge could not be asked; the scores are then 0."""


@dataclass(frozen=True, kw_only=True)
class _Judged:
    """One row before it is one: the same samples, each with another candidate."""

    name: str
    kind: RowKind
    judgements: tuple[Judgement, ...]

    def values(self, name: str) -> list[float]:
        return [getattr(one.scores, name) for one in self.judgements]


def judge_records(
    dataset: Dataset,
    records: Iterable[Record],
    judge: Judge,
    *,
    floors: bool = True,
    draws: int = 2000,
    seed: int = 0,
) -> Table:
    """Judge what a run wrote of each sample.

    Args:
        dataset: Samples without any reference text are named as gaps and left out.
        records: A sample without one, or whose run failed, is judged as an empty answer.
        judge: See `opening.open_judge`.
        floors: Judge the floors too, which costs up to five times as much.
        draws: Of the bootstrap, for the 95 % intervals of the means; 0 leaves them out.
        seed: Of the bootstrap and of the shuffles.

    Raises:
        BenchmarkError: No sample has a reference.
        BackendError: The judge could not be asked even once.
    """
    given = tuple(records)
    gaps = [
        Gap(id=one.sample_id, kind="failed", detail=f"the run failed: {one.error}; counts 0")
        for one in given
        if one.error is not None
    ]
    candidates = candidates_of(given)
    return judge_candidates(
        dataset, candidates, judge, floors=floors, draws=draws, seed=seed, gaps=gaps
    )


def candidates_of(records: Iterable[Record]) -> dict[str, Candidate]:
    """Give what a run wrote of each sample; runs that failed wrote nothing.

    A run that says one thing under both names has said it once.
    """
    return {one.sample_id: _candidate(one) for one in records if one.error is None}


def judge_candidates(
    dataset: Dataset,
    candidates: Mapping[str, Candidate],
    judge: Judge,
    *,
    floors: bool = True,
    draws: int = 2000,
    seed: int = 0,
    gaps: Sequence[Gap] = (),
) -> Table:
    """Judge texts by sample id, as `judge_records` does; `gaps` are what is known to be missing.

    Raises:
        BenchmarkError: No sample has a reference.
        BackendError: The judge could not be asked even once.
    """
    samples = [sample for sample in dataset.samples if has_reference(sample)]
    if not samples:
        raise BenchmarkError(
            f"no sample of {dataset.benchmark!r} has a description, reasoning or key objects to "
            "judge by; choose a benchmark that does, e.g. vau-bench"
        )
    given = [candidates.get(sample.id, Candidate()) for sample in samples]
    rows = [_judge_all(ANSWERS, "measured", samples, given, judge)]
    if floors:
        rows += [
            _judge_all(name, kind, samples, texts, judge)
            for name, kind, texts in _floor_candidates(samples, given, seed)
        ]
    missing = _missing(dataset, candidates, {gap.id for gap in gaps})
    return Table(
        title=f"Judge's scores: {dataset.benchmark}",
        rows=tuple(_row(one, rows, draws=draws, seed=seed) for one in rows),
        conventions={
            "annotation": dataset.annotation,
            "judge": judge.name,
            "judge's digest": judge.digest[:16],
            "scores": "VAU-Eval's five, 0 to 10 each; total 50; malformed replies count 0",
        },
        gaps=(*dataset.gaps, *gaps, *missing, *_failures(rows)),
        notes=tuple(_notes(rows, draws=draws, seed=seed)),
    )


def reference_of(sample: Sample) -> Reference:
    """Give what a judge is told of a sample's truth: no id, no file name."""
    return Reference(
        category=(sample.truth.category or "anomaly") if sample.truth.anomalous else None,
        key_objects=sample.key_objects,
        description=sample.description or "",
        reasoning=sample.reasoning or "",
    )


def has_reference(sample: Sample) -> bool:
    """Tell whether anybody wrote down what the video shows."""
    return bool(sample.description or sample.reasoning or sample.key_objects)


def partners(samples: Sequence[Sample], seed: int) -> tuple[int, ...]:
    """Give each sample the place of another one: a seeded circle, so that none keeps its own."""
    order = sorted(
        range(len(samples)),
        key=lambda place: hashlib.sha256(f"{seed}:{samples[place].id}".encode()).digest(),
    )
    follower = dict(zip(order, [*order[1:], *order[:1]], strict=True))
    return tuple(follower[place] for place in range(len(samples)))


def _candidate(record: Record) -> Candidate:
    told, reasoned = record.description or "", record.reasoning or ""
    return Candidate(description=told, analysis="" if reasoned == told else reasoned)


def _floor_candidates(
    samples: Sequence[Sample], given: Sequence[Candidate], seed: int
) -> list[tuple[str, RowKind, list[Candidate]]]:
    own = [
        Candidate(description=one.description, analysis=one.reasoning)
        for one in map(reference_of, samples)
    ]
    other = partners(samples, seed)
    shuffled: list[tuple[str, RowKind, list[Candidate]]] = [
        (SHUFFLED, "blind", [given[place] for place in other]),
        ("references of other videos", "blind", [own[place] for place in other]),
    ]
    named = [reference_of(sample).category or "normal" for sample in samples]
    return [
        ("empty answer", "floor", [Candidate() for _ in samples]),
        *(shuffled if len(samples) > 1 else []),
        ("category alone", "oracle", [Candidate(analysis=name) for name in named]),
        ("own reference", "oracle", own),
    ]


def _judge_all(
    name: str,
    kind: RowKind,
    samples: Sequence[Sample],
    candidates: Sequence[Candidate],
    judge: Judge,
) -> _Judged:
    judgements, failures = [], []
    for sample, candidate in zip(samples, candidates, strict=True):
        case = JudgeCase(reference=reference_of(sample), candidate=candidate)
        try:
            judgements.append(Judgement(sample_id=sample.id, scores=judge.judge(case)))
        except BackendError as error:
            failures.append(error)
            _log.warning("judge %r failed: %s", judge.name, error)
            judgements.append(
                Judgement(sample_id=sample.id, scores=JudgeScores(), error=str(error))
            )
    if len(failures) == len(judgements):
        raise failures[-1]
    return _Judged(name=name, kind=kind, judgements=tuple(judgements))


def _row(one: _Judged, rows: Sequence[_Judged], *, draws: int, seed: int) -> Row:
    n = len(one.judgements)
    metrics = {
        name: _mean(one.values(name), draws=draws, seed=seed) for name in (*SCORE_NAMES, "total")
    }
    malformed = sum(judgement.scores.malformed is not None for judgement in one.judgements)
    failed = sum(judgement.error is not None for judgement in one.judgements)
    metrics["malformed"] = Estimate(value=malformed, n=n)
    metrics["failed"] = Estimate(value=failed, n=n)
    shuffled = next((row for row in rows if row.name == SHUFFLED), None)
    if one.name == ANSWERS and shuffled is not None:
        pairs = zip(one.values("total"), shuffled.values("total"), strict=True)
        gains = [answer - other for answer, other in pairs]
        metrics["total_above_shuffled"] = _mean(gains, draws=draws, seed=seed)
    return Row(name=one.name, kind=one.kind, metrics=metrics)


def _mean(values: Sequence[float], *, draws: int, seed: int) -> Estimate:
    if draws == 0:
        return Estimate(value=sum(values) / len(values), n=len(values))
    return bootstrap_mean(values, draws=draws, seed=seed).estimate()


def _missing(
    dataset: Dataset, candidates: Mapping[str, Candidate], known: set[str]
) -> Iterable[Gap]:
    for sample in dataset.samples:
        if not has_reference(sample):
            yield Gap(id=sample.id, kind="missing-truth", detail="no reference text; not judged")
        elif sample.id not in candidates and sample.id not in known:
            yield Gap(id=sample.id, kind="missing-prediction", detail="no answer; judged as empty")
    ids = {sample.id for sample in dataset.samples}
    for name in sorted(candidates.keys() - ids):
        yield Gap(id=name, kind="unknown-id", detail="an answer to no sample; not judged")


def _failures(rows: Sequence[_Judged]) -> Iterable[Gap]:
    for row in rows:
        for one in row.judgements:
            if one.error is not None:
                yield Gap(
                    id=one.sample_id,
                    kind="failed",
                    detail=f"{row.name}: the judge could not be asked ({one.error}); counts 0",
                )
            elif one.scores.malformed is not None:
                yield Gap(
                    id=one.sample_id,
                    kind="unreadable",
                    detail=f"{row.name}: {one.scores.malformed}; counts 0",
                )


def _notes(rows: Sequence[_Judged], *, draws: int, seed: int) -> Iterable[str]:
    """Say where this judge cannot tell the answers from a floor; without draws nobody can."""
    if draws == 0:
        return
    own = rows[0].values("total")
    for row in rows[1:]:
        if row.kind == "oracle":
            continue
        gain = paired_difference(row.values("total"), own, draws=draws, seed=seed)
        if not gain.low > 0:
            yield (
                f"by this judge the answers are not above {row.name!r}: {gain.value:+.2f} of 50, "
                f"95 % {gain.low:+.2f} to {gain.high:+.2f}, {gain.n} samples"
            )
