"""QVHighlights (Lei et al., NeurIPS 2021): moments and highlights, by the authors' own rules.

Two JSON-lines files. Truth: `qid`, `duration`, `relevant_windows`, `relevant_clip_ids` and
`saliency_scores` (of each annotator, 0..4, for each relevant clip of 2 s). Predictions: `qid`,
`pred_relevant_windows` ([start, end, score], surest first) and, if there, `pred_saliency_scores`.

- `MR-full-R1@t`: the first window, against the annotated one that fits it best, IoU >= t.
- `MR-*-mAP`: interpolated average precision of a query's windows, mean over queries, then over
  IoU 0.5, 0.55 ... 0.95. `short`, `middle` and `long` keep the annotated windows of up to 10, 30
  and 150 seconds, and the queries that have any.
- `HL-min-*-Hit1`: is the clip with the highest score relevant for any annotator, at 2 (`Fair`), 3
  (`Good`) or 4 (`VeryGood`) and above? `HL-*-mAP`: average precision of the clips, mean over
  queries and annotators; 0 where an annotator found none.

Figures under the authors' names are in per cent, rounded to two decimals, as they print them. A
query without a prediction is wrong everywhere, and a gap; the authors' program ends there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vau_agent.errors import PredictionError
from vau_agent.evals.formats.base import Format, need_truth
from vau_agent.evals.formats.highlights import THRESHOLDS, average_precision, hit_at_1
from vau_agent.evals.formats.queries import Prediction, Query, read_predictions, read_queries
from vau_agent.evals.metrics.events import ScoredEvent, event_map, of_length
from vau_agent.evals.metrics.intervals import best_iou
from vau_agent.evals.significance import bootstrap_mean
from vau_agent.evals.tables import Estimate, Row, Table
from vau_agent.schemas import Segment

LENGTHS: Final[Mapping[str, tuple[float, float]]] = {
    "full": (0, 150),
    "short": (0, 10),
    "middle": (10, 30),
    "long": (30, 150),
}
"""Seconds of the annotated windows: over the first, up to the second."""
TAUS: Final = (0.3, 0.5, 0.7)
"""Of R1; the authors print 0.5 and 0.7."""


@dataclass(frozen=True, kw_only=True)
class _Pair:
    query: Query
    prediction: Prediction | None


def score(predictions: Path, truth: Path | None, *, draws: int, seed: int) -> Table:
    """Score moments, and highlights where there are any.

    Raises:
        PredictionError: A file cannot be used as a whole, or no query is answered.
    """
    queries, strange = read_queries(need_truth(truth, "highlight_val_release.jsonl"))
    answers, gaps = read_predictions(predictions, queries)
    if not answers:
        raise PredictionError(f"{predictions} answers none of the {len(queries)} queries")
    pairs = [_Pair(query=one, prediction=answers.get(one.qid)) for one in queries.values()]
    whole = [_Pair(query=one, prediction=_whole(one)) for one in queries.values()]
    metrics = _moments(pairs, draws=draws, seed=seed)
    return Table(
        title="QVHighlights: moments and highlights",
        rows=(
            Row(name="predictions", metrics=metrics | _highlights(pairs, draws=draws, seed=seed)),
            Row(name="whole video", kind="blind", metrics=_moments(whole, draws=draws, seed=seed)),
        ),
        conventions={
            "units": "MR- and HL- figures in per cent, two decimals, as published; else shares",
            "ap": "interpolated average precision, mean over queries",
            "R1": "first window against the annotated one that fits best, IoU >= threshold",
            "missing": "a query without prediction counts as wrong",
            "intervals": "95 %, bootstrap over queries",
        },
        gaps=(*strange, *gaps),
    )


def _whole(query: Query) -> Prediction:
    video = Segment(start=0, end=query.duration_s)
    return Prediction(windows=(video,), scores=(1.0,), saliency=None)


def _moments(pairs: Sequence[_Pair], *, draws: int, seed: int) -> dict[str, Estimate]:
    first = [_first_iou(pair) for pair in pairs]

    def mean(values: Sequence[float]) -> Estimate:
        return bootstrap_mean(values, draws=draws, seed=seed).estimate()

    metrics = {f"R1@{tau}": mean([float(iou >= tau) for iou in first]) for tau in TAUS}
    metrics = {name: _percent(one) for name, one in metrics.items()}
    metrics |= {f"MR-full-{name}": one for name, one in metrics.items()}
    truth = [pair.query.windows for pair in pairs]
    for length, (over, up_to) in LENGTHS.items():
        kept = of_length(truth, over=over, up_to=up_to)
        found = [
            event_map([_events(pair)], [windows], pooling="per_query")
            for pair, windows in zip(pairs, kept, strict=True)
            if windows
        ]
        if not found:
            nothing = Estimate(value=None, n=0, note="no query has windows of this length")
            metrics[f"MR-{length}-mAP"] = nothing
            continue
        metrics[f"MR-{length}-mAP"] = _percent(mean([one.mean for one in found]))
        if length == "full":
            for tau in (0.5, 0.75):
                at_tau = [one.by_tau[tau] for one in found]
                metrics[f"MR-full-mAP@{tau}"] = _percent(mean(at_tau))
    return metrics | {"mean_best_IoU_of_top1": mean(first)}


def _first_iou(pair: _Pair) -> float:
    first = pair.prediction.windows[0] if pair.prediction and pair.prediction.windows else None
    return best_iou(first, pair.query.windows) if first is not None else 0.0


def _events(pair: _Pair) -> tuple[ScoredEvent, ...]:
    if pair.prediction is None:
        return ()
    windows = zip(pair.prediction.windows, pair.prediction.scores, strict=True)
    return tuple(
        ScoredEvent(segment=segment, score=score)
        for segment, score in windows
        if segment is not None
    )


def _highlights(pairs: Sequence[_Pair], *, draws: int, seed: int) -> dict[str, Estimate]:
    """Score saliency; nothing when no prediction holds any."""
    given = [(pair.query, pair.prediction.saliency if pair.prediction else None) for pair in pairs]
    if all(saliency is None for _, saliency in given):
        return {}
    metrics = {}
    for name, least in THRESHOLDS.items():
        columns = {
            "mAP": [average_precision(*one, least) for one in given],
            "Hit1": [hit_at_1(*one, least) for one in given],
        }
        for column, values in columns.items():
            estimate = bootstrap_mean(values, draws=draws, seed=seed).estimate()
            metrics[f"HL-min-{name}-{column}"] = _percent(estimate)
    return metrics


def _percent(share: Estimate) -> Estimate:
    def rounded(value: float | None) -> float | None:
        return None if value is None else round(100 * value, 2)

    return share.model_copy(
        update={
            "value": rounded(share.value),
            "low": rounded(share.low),
            "high": rounded(share.high),
        }
    )


QVHIGHLIGHTS: Final = Format(
    name="qvhighlights",
    title="QVHighlights: moments and highlights",
    predictions="JSON lines with qid, pred_relevant_windows, pred_saliency_scores, .gz allowed",
    truth="JSON lines: highlight_val_release.jsonl, .gz allowed",
    score=score,
)
