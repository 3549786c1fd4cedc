"""Where an event begins and ends, once closer looks show its boundaries."""

from collections.abc import Sequence
from typing import Final

from vau_agent.schemas import Candidate, Measurement, Segment

NEAR_S: Final = 1.0
"""A new candidate this close to a segment belongs to the same event."""
EDGE_S: Final = 0.15
"""A candidate this close to the edge of a look is cut off by it: that is not its end."""
MIN_MOVE_S: Final = 0.2
"""Boundaries move by no less: two moments of the dense pass."""


def belongs(candidate: Candidate, segment: Segment) -> bool:
    """Tell whether a candidate is part of the event at `segment`."""
    other = candidate.segment
    gap = max(other.start, segment.start) - min(other.end, segment.end)
    return gap <= NEAR_S


def refine_segment(segment: Segment, looks: Sequence[Measurement]) -> Segment:
    """Move each boundary to where the looks that show it measure the event."""
    start, end = segment.start, segment.end
    for look in looks:
        if look.segment.start <= segment.start < look.segment.end:
            start = _start(segment, look)
        if look.segment.start < segment.end <= look.segment.end:
            end = _end(segment, look)
    if abs(start - segment.start) < MIN_MOVE_S:
        start = segment.start
    if abs(end - segment.end) < MIN_MOVE_S:
        end = segment.end
    return Segment(start=start, end=end) if end - start > EDGE_S else segment


def _start(segment: Segment, look: Measurement) -> float:
    same = [one.segment.start for one in look.candidates if belongs(one, segment)]
    if not same:  # quiet to its end: the event begins after the look, if it lasts longer than that
        return look.segment.end if look.segment.end < segment.end else segment.start
    first = min(same)
    is_cut_off = first - look.segment.start <= EDGE_S
    return min(first, segment.start) if is_cut_off else first


def _end(segment: Segment, look: Measurement) -> float:
    same = [one.segment.end for one in look.candidates if belongs(one, segment)]
    if not same:
        return look.segment.start if look.segment.start > segment.start else segment.end
    last = max(same)
    is_cut_off = look.segment.end - last <= EDGE_S
    return max(last, segment.end) if is_cut_off else last
