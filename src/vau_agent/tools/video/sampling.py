"""Which moments of a video to look at. Pure functions: no reader, no pictures."""

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np

from vau_agent.schemas import Candidate, Segment
from vau_agent.tools.video.base import PacketIndex

_CONTEXT_SHARE: Final = 0.25
"""Share of the moments that show the whole window, so that an event is seen against its normal."""


def spread(segment: Segment, count: int) -> list[float]:
    """Give the middles of `count` equal parts of a segment; they lie inside it, ascending."""
    step = segment.duration / count if count else 0.0
    return [segment.start + (number + 0.5) * step for number in range(count)]


def choose_timestamps(window: Segment, candidates: Sequence[Candidate], count: int) -> list[float]:
    """Choose up to `count` moments of a window, densest where measurement saw something.

    A quarter covers the whole window. The rest goes to the candidates by score, the peak of each
    first. Without candidates inside the window all moments are spread evenly.

    Returns:
        Distinct times inside the window, ascending.
    """
    inside = [one for one in candidates if one.segment.overlap(window) > 0]
    if not inside or count < 1:
        return spread(window, max(0, count))
    context = max(1, round(count * _CONTEXT_SHARE)) if count > 1 else 0
    chosen = set(spread(window, context))
    for candidate, share in zip(inside, _shares(inside, count - context), strict=True):
        chosen.update(_around_peak(candidate, window, share))
    return sorted(chosen)


def snap(timestamps: Sequence[float], index: PacketIndex) -> list[float]:
    """Move each time to the picture on screen then; times that share a picture become one."""
    if not len(index.timestamps):
        return []
    shown = np.searchsorted(index.timestamps, np.asarray(timestamps), side="right") - 1
    times = index.timestamps[np.unique(np.maximum(shown, 0))]
    return [float(time) for time in times]


def spread_keyframes(index: PacketIndex, segment: Segment, count: int) -> list[float]:
    """Choose up to `count` keyframes of a segment, evenly in time; they are cheap to decode."""
    times = index.timestamps[index.keys]
    times = times[(times >= segment.start) & (times < segment.end)]
    if len(times) <= count:
        return [float(time) for time in times]
    nearest = {int(np.argmin(np.abs(times - moment))) for moment in spread(segment, count)}
    return [float(times[number]) for number in sorted(nearest)]


def choose_pass(index: PacketIndex, *, step_seconds: float) -> Literal["keyframes", "sequential"]:
    """Tell how to look every `step_seconds`: keyframes alone suffice where they are as dense."""
    return "keyframes" if index.mean_gop_seconds <= step_seconds else "sequential"


def _shares(candidates: Sequence[Candidate], count: int) -> list[int]:
    """Divide `count` among candidates by score, one to each of the highest first."""
    shares = [0] * len(candidates)
    for _ in range(count):
        claims = [one.score / (share + 1) for one, share in zip(candidates, shares, strict=True)]
        unserved = [number for number, share in enumerate(shares) if not share]
        pool = unserved or range(len(shares))
        shares[max(pool, key=lambda number: claims[number])] += 1
    return shares


def _around_peak(candidate: Candidate, window: Segment, count: int) -> list[float]:
    if not count:
        return []
    part = Segment(
        start=max(candidate.segment.start, window.start),
        end=min(candidate.segment.end, window.end),
    )
    moments = spread(part, count)
    if part.contains(candidate.peak):
        nearest = min(range(count), key=lambda number: abs(moments[number] - candidate.peak))
        moments[nearest] = candidate.peak
    return moments
