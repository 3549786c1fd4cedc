"""Times as people read them; the one place that turns seconds into text."""

import math
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from vau_agent.results import WallClock

TICK_STEPS: Final = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
"""Seconds between ticks of a time axis, from fine to coarse."""


def timecode(seconds: float) -> str:
    """Write a time as mm:ss.s, with hours in front from one hour on."""
    tenths = math.floor(max(0.0, seconds) * 10 + 0.5)
    return f"{_minutes(tenths // 10)}.{tenths % 10}"


def span(start: float, end: float) -> str:
    """Write a segment as mm:ss.s-mm:ss.s."""
    return f"{timecode(start)}-{timecode(end)}"


def tick(seconds: float) -> str:
    """Write a time of an axis: mm:ss, with tenths only between whole seconds."""
    return timecode(seconds) if seconds % 1 else _minutes(round(seconds))


def tick_step(duration: float, *, most: int) -> float:
    """Choose the seconds between ticks so that at most `most` steps cover `duration`."""
    for step in TICK_STEPS:
        if duration / step <= most:
            return step
    return math.ceil(duration / most / 86_400) * 86_400


def precise(seconds: float) -> str:
    """Write a time as hh:mm:ss.mmm, the form subtitles and burnt-in text use."""
    thousandths = math.floor(max(0.0, seconds) * 1000 + 0.5)
    whole, rest = divmod(thousandths, 1000)
    return f"{whole // 3600:02d}:{whole % 3600 // 60:02d}:{whole % 60:02d}.{rest:03d}"


def took(seconds: float) -> str:
    """Write how long something took."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def wall_clock(clock: WallClock, seconds: float) -> str | None:
    """Write the wall-clock time of a moment, with its zone; `None` when nobody said it."""
    if clock.start_utc is None:
        return None
    start = clock.start_utc if clock.start_utc.tzinfo else clock.start_utc.replace(tzinfo=UTC)
    try:
        moment = start.astimezone(UTC) + timedelta(seconds=clock.offset_s + seconds)
    except OverflowError:
        return None
    return _in_zone(moment, clock.zone).isoformat(timespec="milliseconds")


def stamp(moment: datetime) -> str:
    """Write a date and time to the second, in UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _minutes(whole: int) -> str:
    hours, rest = divmod(whole, 3600)
    text = f"{rest // 60:02d}:{rest % 60:02d}"
    return f"{hours}:{text}" if hours else text


def _in_zone(moment: datetime, zone: str | None) -> datetime:
    if zone is None:
        return moment
    try:
        return moment.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        return moment
