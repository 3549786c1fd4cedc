"""Cuts a score curve into candidate segments; pure."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vau_agent.schemas import Box, Candidate, Segment
from vau_agent.settings import TriageSettings


def find_segments(
    times: NDArray[np.float64],
    scores: NDArray[np.float32],
    settings: TriageSettings,
    *,
    end: float,
    breaks: Sequence[float] = (),
) -> list[tuple[Segment, int]]:
    """Give the segments above the alarm, in time order, each with the row of its peak.

    Args:
        times: Seconds, ascending.
        scores: One per time.
        settings: Alarm, gap, shortest length and number of candidates.
        end: End of the video; no segment reaches past it.
        breaks: Times that no segment may cross, such as cuts.
    """
    hot = np.flatnonzero(scores >= settings.alarm_score)
    if not hot.size:
        return []
    step = _step(times)
    groups: list[list[int]] = [[int(hot[0])]]
    for row in hot[1:]:
        last = float(times[groups[-1][-1]])
        crossed = any(last < at <= times[row] for at in breaks)
        if crossed or times[row] - last - step > settings.merge_gap_seconds:
            groups.append([])
        groups[-1].append(int(row))
    found = [_segment(group, times, scores, step, end) for group in groups]
    long = [one for one in found if one[0].duration >= settings.min_segment_seconds - 1e-6]
    best = sorted(long, key=lambda one: -scores[one[1]])[: settings.max_candidates]
    return sorted(best, key=lambda one: one[0].start)


def build_candidate(
    segment: Segment,
    *,
    peak: float,
    score: float,
    cues: dict[str, float],
    box: Box | None,
) -> Candidate:
    """Assemble a candidate; cues that say next to nothing are left out."""
    spoken = {name: round(value, 3) for name, value in cues.items() if value >= 0.1}
    return Candidate(segment=segment, peak=peak, score=round(score, 3), cues=spoken, box=box)


def _step(times: NDArray[np.float64]) -> float:
    return float(np.median(np.diff(times))) if len(times) > 1 else 0.1


def _segment(
    group: Sequence[int],
    times: NDArray[np.float64],
    scores: NDArray[np.float32],
    step: float,
    end: float,
) -> tuple[Segment, int]:
    start, last = float(times[group[0]]), float(times[group[-1]])
    stop = min(last + step, end) if end > last else last + step
    peak = max(group, key=lambda row: scores[row])
    return Segment(start=start, end=stop), peak
