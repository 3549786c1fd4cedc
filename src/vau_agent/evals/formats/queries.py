"""Queries and predictions of QVHighlights, read from their JSON lines."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from vau_agent.errors import PredictionError
from vau_agent.evals.benchmarks.values import (
    UnusableItemError,
    field,
    list_of,
    number_of,
    positive,
    segment_of,
    whole_of,
)
from vau_agent.evals.formats.files import read_lines
from vau_agent.evals.samples import Gap
from vau_agent.schemas import Segment

CLIP_S: Final = 2.0
"""Length of the clips that saliency is given for."""


@dataclass(frozen=True, kw_only=True)
class Query:
    """One query about one video."""

    qid: int
    duration_s: float
    windows: tuple[Segment, ...]
    saliency: Mapping[int, tuple[float, ...]]
    """Scores of the annotators, 0..4, by the number of the clip; clips that are absent have 0."""

    @property
    def clips(self) -> int:
        """Clips of the whole video."""
        return int(self.duration_s / CLIP_S)

    @property
    def annotators(self) -> int:
        """How many rated each clip."""
        return max((len(scores) for scores in self.saliency.values()), default=0)


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What was predicted for a query."""

    windows: tuple[Segment | None, ...]
    """Surest first; `None` stands for one that cannot be used."""
    scores: tuple[float, ...]
    """Of each window."""
    saliency: tuple[float, ...] | None
    """Of each clip; `None` where nothing was predicted."""


def read_queries(path: Path) -> tuple[dict[int, Query], tuple[Gap, ...]]:
    """Return the queries of a truth file by `qid`, and the lines that cannot be used.

    Raises:
        PredictionError: There is none.
    """
    lines, gaps = read_lines(path)
    queries: dict[int, Query] = {}
    problems = list(gaps)
    for place, line in lines:
        try:
            query = _query(line)
        except UnusableItemError as error:
            problems.append(Gap(id=place, kind=error.kind, detail=error.detail))
            continue
        if query.qid in queries:
            problems.append(_again(query.qid, place))
        else:
            queries[query.qid] = query
    if not queries:
        raise PredictionError(f"{path} holds no query; the first gap: {problems[0].detail}")
    return queries, tuple(problems)


def read_predictions(
    path: Path, queries: Mapping[int, Query]
) -> tuple[dict[int, Prediction], tuple[Gap, ...]]:
    """Return the predictions for `queries` by `qid`, and everything that is wrong with them.

    Raises:
        PredictionError: The file holds no JSON object.
    """
    lines, gaps = read_lines(path)
    found: dict[int, Prediction] = {}
    problems = list(gaps)
    for place, line in lines:
        qid = line.get("qid")
        if type(qid) is not int:
            problems.append(Gap(id=place, kind="missing-field", detail="no qid"))
        elif qid not in queries:
            problems.append(Gap(id=f"qid {qid}", kind="unknown-id", detail="not in the truth"))
        elif qid in found:
            problems.append(_again(qid, place))
        else:
            found[qid] = _prediction(line, queries[qid], problems)
    problems += [
        Gap(id=f"qid {qid}", kind="missing-prediction", detail="counted as wrong")
        for qid in queries
        if qid not in found
    ]
    return found, tuple(problems)


def _again(qid: int, place: str) -> Gap:
    return Gap(id=f"qid {qid}", kind="duplicate-id", detail=f"again in {place}; the first stays")


def _query(line: Mapping[str, JsonValue]) -> Query:
    clips = [whole_of(one, "a clip") for one in _entries(line, "relevant_clip_ids")]
    ratings = _entries(line, "saliency_scores")
    windows = _entries(line, "relevant_windows")
    if len(clips) != len(ratings):
        raise UnusableItemError("wrong-length", f"{len(clips)} clips, {len(ratings)} ratings")
    if not windows:
        raise UnusableItemError("missing-truth", "no relevant window")
    return Query(
        qid=whole_of(field(line, "qid"), "qid"),
        duration_s=positive(number_of(field(line, "duration"), "duration"), "duration"),
        windows=tuple(_window(one)[0] for one in windows),
        saliency=dict(zip(clips, map(_numbers, ratings), strict=True)),
    )


def _prediction(line: Mapping[str, JsonValue], query: Query, problems: list[Gap]) -> Prediction:
    name = f"qid {query.qid}"
    windows: list[Segment | None] = []
    scores: list[float] = []
    saliency = None
    try:
        for number, window in enumerate(_entries(line, "pred_relevant_windows")):
            try:
                segment, score = _window(window, scored=True)
            except UnusableItemError as error:
                detail = f"window {number}: {error.detail}; found nothing"
                problems.append(Gap(id=name, kind=error.kind, detail=detail))
                windows.append(None)
                scores.append(0.0)
            else:
                windows.append(segment)
                scores.append(score)
        saliency = _saliency(line, query, problems)
    except UnusableItemError as error:
        problems.append(Gap(id=name, kind=error.kind, detail=f"{error.detail}; counted as wrong"))
    return Prediction(windows=tuple(windows), scores=tuple(scores), saliency=saliency)


def _saliency(
    line: Mapping[str, JsonValue], query: Query, problems: list[Gap]
) -> tuple[float, ...] | None:
    if "pred_saliency_scores" not in line:
        return None
    saliency = _numbers(line["pred_saliency_scores"])
    if len(saliency) < query.clips:
        detail = f"{len(saliency)} saliency scores for {query.clips} clips; the rest is left out"
        problems.append(Gap(id=f"qid {query.qid}", kind="wrong-length", detail=detail))
    return saliency


def _window(value: JsonValue, *, scored: bool = False) -> tuple[Segment, float]:
    numbers = _numbers(value)
    if len(numbers) < 2 + scored:
        raise UnusableItemError("missing-field", f"a window of {len(numbers)} numbers")
    return segment_of(numbers[0], numbers[1]), numbers[2] if scored else 0.0


def _numbers(value: JsonValue) -> tuple[float, ...]:
    return tuple(number_of(one, "a score") for one in list_of(value, "a list of scores"))


def _entries(line: Mapping[str, JsonValue], name: str) -> list[JsonValue]:
    return list_of(field(line, name), name)
