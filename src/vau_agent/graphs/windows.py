"""Which parts of a video are reasoned about: pure functions from candidates to windows."""

import math
from collections.abc import Sequence

from vau_agent.schemas import Candidate, Segment
from vau_agent.settings import AnalysisSettings

_CONTEXT_SECONDS = 10.0
"""Shown before and after a candidate, so that onset and aftermath can be judged."""


def plan_windows(
    candidates: Sequence[Candidate], duration_s: float, settings: AnalysisSettings
) -> list[Segment]:
    """Choose the windows of a video, in time order.

    Candidates whose contexts touch are reasoned about together while they fit into one window;
    the strongest windows are kept, at most `windows_per_hour` for each hour begun. A video
    without candidates, or a short one with a single group, is one window.
    """
    whole = Segment(start=0.0, end=duration_s)
    groups = _group(sorted(candidates, key=lambda one: one.segment.start), settings.window_seconds)
    if not groups or (len(groups) == 1 and duration_s <= settings.window_seconds):
        return [whole]
    limit = most_windows(duration_s, settings)
    strongest = sorted(groups, key=lambda group: -max(one.score for one in group))[:limit]
    windows = [_window(group, duration_s, settings.window_seconds) for group in strongest]
    return sorted(windows, key=lambda window: window.start)


def most_windows(duration_s: float, settings: AnalysisSettings) -> int:
    """Bound the windows of a video: by its hours, and because contexts do not overlap."""
    by_hours = settings.windows_per_hour * math.ceil(duration_s / 3600)
    return max(1, min(by_hours, math.ceil(duration_s / (2 * _CONTEXT_SECONDS))))


def _group(candidates: Sequence[Candidate], limit: float) -> list[list[Candidate]]:
    groups: list[list[Candidate]] = []
    for candidate in candidates:
        if groups and _belongs(candidate, groups[-1], limit):
            groups[-1].append(candidate)
        else:
            groups.append([candidate])
    return groups


def _belongs(candidate: Candidate, group: Sequence[Candidate], limit: float) -> bool:
    end = max(one.segment.end for one in group)
    span = max(candidate.segment.end, end) - group[0].segment.start
    gap = candidate.segment.start - end
    return gap <= 2 * _CONTEXT_SECONDS and span + 2 * _CONTEXT_SECONDS <= limit


def _window(group: Sequence[Candidate], duration_s: float, limit: float) -> Segment:
    start = max(0.0, group[0].segment.start - _CONTEXT_SECONDS)
    end = min(duration_s, max(one.segment.end for one in group) + _CONTEXT_SECONDS)
    if end - start <= limit:
        return Segment(start=start, end=end)
    # One candidate longer than a window: look where it is strongest.
    strongest = max(group, key=lambda one: one.score)
    start = min(max(start, strongest.peak - limit / 2), end - limit)
    return Segment(start=start, end=start + limit)
