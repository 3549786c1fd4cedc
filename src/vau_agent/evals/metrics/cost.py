"""What an evaluation cost: calls, tokens and seconds, also for one hour of video."""

from collections.abc import Callable, Sequence

import numpy as np

from vau_agent.errors import MetricError
from vau_agent.evals.records import Record
from vau_agent.evals.significance import bootstrap, bootstrap_mean
from vau_agent.evals.tables import Estimate

_HOUR: float = 3600.0


def cost_scores(
    records: Sequence[Record], *, draws: int = 1000, seed: int = 0
) -> dict[str, Estimate]:
    """Add up what the records used.

    `calls`, `prompt_tokens`, `completion_tokens`, `seconds` and `video_hours` are totals over all
    records, failed ones included. `..._per_video_hour` divide the totals of the records that know
    their duration by their hours, with a bootstrap interval over records. `coverage` is the mean
    share of a video that was looked at, over the records that state it.

    Raises:
        MetricError: There are no records.
    """
    if not records:
        raise MetricError("there are no records to add up")
    n = len(records)
    totals = {
        "calls": sum(record.usage.calls for record in records),
        "prompt_tokens": sum(record.usage.prompt_tokens for record in records),
        "completion_tokens": sum(record.usage.completion_tokens for record in records),
        "seconds": sum(record.usage.seconds for record in records),
        "video_hours": sum(record.duration_s or 0 for record in records) / _HOUR,
    }
    rates: dict[str, Callable[[Record], float]] = {
        "calls_per_video_hour": lambda record: record.usage.calls,
        "tokens_per_video_hour": lambda record: (
            record.usage.prompt_tokens + record.usage.completion_tokens
        ),
        "seconds_per_video_hour": lambda record: record.usage.seconds,
    }
    return (
        {name: Estimate(value=total, n=n) for name, total in totals.items()}
        | {name: _per_hour(records, use, draws, seed) for name, use in rates.items()}
        | {"coverage": _coverage(records)}
    )


def _per_hour(
    records: Sequence[Record], use: Callable[[Record], float], draws: int, seed: int
) -> Estimate:
    timed = [record for record in records if record.duration_s]
    if not timed:
        return Estimate(value=None, n=0, note="no record knows its duration")
    used = np.array([use(record) for record in timed], dtype=np.float64)
    hours = np.array([record.duration_s for record in timed], dtype=np.float64) / _HOUR
    estimate = bootstrap(
        lambda items: float(used[items].sum() / hours[items].sum()),
        len(timed),
        draws=draws,
        seed=seed,
    ).estimate()
    left_out = len(records) - len(timed)
    if not left_out:
        return estimate
    return estimate.model_copy(update={"note": f"{left_out} records without duration left out"})


def _coverage(records: Sequence[Record]) -> Estimate:
    known = [record.coverage for record in records if record.coverage is not None]
    if not known:
        return Estimate(value=None, n=0, note="no record states its coverage")
    return bootstrap_mean(known).estimate()
