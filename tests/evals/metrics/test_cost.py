import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vau_agent.errors import MetricError
from vau_agent.evals.metrics.cost import cost_scores
from vau_agent.evals.records import RECORD_SCHEMA, Record
from vau_agent.results import UsageTotals


def record(
    calls: int,
    seconds: float,
    duration: float | None,
    *,
    coverage: float | None = None,
    tokens: tuple[int, int] = (0, 0),
    error: str | None = None,
) -> Record:
    return Record(
        schema=RECORD_SCHEMA,
        sample_id="x",
        usage=UsageTotals(
            calls=calls, seconds=seconds, prompt_tokens=tokens[0], completion_tokens=tokens[1]
        ),
        duration_s=duration,
        coverage=coverage,
        error=error,
    )


def test_a_hand_case() -> None:
    scores = cost_scores(
        [
            record(10, 60, 1800, coverage=1, tokens=(900, 100)),
            record(2, 30, 900, coverage=0.5, tokens=(400, 100)),
        ],
        draws=20,
    )
    values = {name: one.value for name, one in scores.items()}
    assert values == pytest.approx(
        {
            "calls": 12,
            "prompt_tokens": 1300,
            "completion_tokens": 200,
            "seconds": 90,
            "video_hours": 0.75,
            "calls_per_video_hour": 16,
            "tokens_per_video_hour": 2000,
            "seconds_per_video_hour": 120,
            "coverage": 0.75,
        }
    )


def test_without_durations_nothing_is_said_per_hour() -> None:
    scores = cost_scores([record(10, 60, None)])
    assert scores["calls"].value == 10
    assert scores["calls_per_video_hour"].value is None
    assert scores["calls_per_video_hour"].note == "no record knows its duration"
    assert scores["coverage"].value is None


def test_a_record_without_duration_is_left_out_of_the_rates_and_named() -> None:
    scores = cost_scores([record(10, 60, 3600), record(90, 600, None, error="no video")])
    assert scores["calls"].value == 100
    assert scores["calls_per_video_hour"].value == 10
    assert scores["calls_per_video_hour"].note == "1 records without duration left out"


@given(st.lists(st.tuples(st.integers(0, 50), st.floats(1, 5000)), min_size=1, max_size=8))
@settings(max_examples=30, deadline=None)
def test_a_rate_lies_between_those_of_its_records(items: list[tuple[int, float]]) -> None:
    rates = [calls * 3600 / duration for calls, duration in items]
    scores = cost_scores([record(calls, 0, duration) for calls, duration in items], draws=20)
    estimate = scores["calls_per_video_hour"]
    assert estimate.value is not None and estimate.low is not None and estimate.high is not None
    assert min(rates) - 1e-6 <= estimate.low <= estimate.high <= max(rates) + 1e-6
    assert min(rates) - 1e-6 <= estimate.value <= max(rates) + 1e-6


def test_no_records_are_refused() -> None:
    with pytest.raises(MetricError, match="no records"):
        cost_scores([])
