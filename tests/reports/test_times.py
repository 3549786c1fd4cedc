from datetime import UTC, datetime, timedelta

import pytest

from vau_agent.reports.times import (
    precise,
    span,
    stamp,
    tick,
    tick_step,
    timecode,
    took,
    wall_clock,
)
from vau_agent.results import WallClock


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "00:00.0"),
        (7.04, "00:07.0"),
        (7.05, "00:07.1"),
        (59.94, "00:59.9"),
        (59.96, "01:00.0"),
        (463.4, "07:43.4"),
        (3599.96, "1:00:00.0"),
        (86_461.5, "24:01:01.5"),
        (-1, "00:00.0"),
    ],
)
def test_timecode_rounds_to_tenths_and_carries(seconds: float, text: str) -> None:
    assert timecode(seconds) == text


def test_span_joins_two_timecodes() -> None:
    assert span(463.4, 472.1) == "07:43.4-07:52.1"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "00:00:00.000"), (1.0005, "00:00:01.001"), (3661.25, "01:01:01.250")],
)
def test_precise_has_milliseconds(seconds: float, text: str) -> None:
    assert precise(seconds) == text


def test_ticks_show_tenths_only_between_seconds() -> None:
    assert [tick(0.5), tick(60), tick(7200)] == ["00:00.5", "01:00", "2:00:00"]


@pytest.mark.parametrize("duration", [0.4, 2, 9.9, 60, 744, 3600, 86_400, 900_000])
def test_axis_has_few_steps(duration: float) -> None:
    assert duration / tick_step(duration, most=7) <= 7


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (58.2, "58 s"), (600, "10 min"), (9000, "2 h 30 min")],
)
def test_took(seconds: float, text: str) -> None:
    assert took(seconds) == text


def test_wall_clock_stays_unknown_when_nobody_said_it() -> None:
    assert wall_clock(WallClock(), 3.0) is None


def test_wall_clock_follows_zone_and_daylight_saving() -> None:
    start = datetime(2026, 10, 25, 0, 59, 59, tzinfo=UTC)
    clock = WallClock(start_utc=start, zone="Europe/Berlin", source="given")
    assert wall_clock(clock, 0) == "2026-10-25T02:59:59.000+02:00"
    assert wall_clock(clock, 1) == "2026-10-25T02:00:00.000+01:00"


def test_wall_clock_applies_the_clock_offset() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert wall_clock(WallClock(start_utc=start, offset_s=-2.5), 4) == (
        "2026-01-01T00:00:01.500+00:00"
    )


@pytest.mark.parametrize("zone", ["Nowhere/Land", "../../etc/passwd", "", "a\x00b"])
def test_a_zone_that_does_not_exist_leaves_utc(zone: str) -> None:
    clock = WallClock(start_utc=datetime(2026, 1, 1, tzinfo=UTC), zone=zone)
    assert wall_clock(clock, 0) == "2026-01-01T00:00:00.000+00:00"


def test_wall_clock_past_the_end_of_the_calendar_is_unknown() -> None:
    clock = WallClock(start_utc=datetime(9999, 12, 31, tzinfo=UTC) + timedelta(hours=23))
    assert wall_clock(clock, 1e9) is None


def test_stamp_reads_a_time_without_zone_as_utc() -> None:
    assert stamp(datetime(2026, 1, 2, 3, 4, 5)) == "2026-01-02 03:04:05 UTC"  # noqa: DTZ001 the case
