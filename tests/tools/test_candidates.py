import numpy as np
import pytest

from vau_agent.settings import TriageSettings
from vau_agent.tools.candidates import find_segments

TIMES = np.arange(200) / 10


def _segments(
    *hot: tuple[float, float],
    settings: TriageSettings | None = None,
    breaks: tuple[float, ...] = (),
) -> list[tuple[float, float]]:
    scores = np.zeros(200, dtype=np.float32)
    for start, end in hot:
        scores[(start - 1e-9 <= TIMES) & (end - 1e-9 > TIMES)] = 0.8
    found = find_segments(TIMES, scores, TriageSettings(), end=20.0, breaks=breaks)
    return [(round(one.start, 3), round(one.end, 3)) for one, _ in found]


def test_a_quiet_curve_proposes_nothing() -> None:
    assert _segments() == []


@pytest.mark.parametrize(("score", "found"), [(0.49, 0), (0.5, 1)])
def test_the_alarm_holds_from_both_sides(score: float, found: int) -> None:
    scores = np.full(200, score, dtype=np.float32)
    assert len(find_segments(TIMES, scores, TriageSettings(), end=20.0)) == found


def test_segments_end_where_the_last_hot_moment_ends() -> None:
    assert _segments((3, 5)) == [(3, 5)]


@pytest.mark.parametrize(("gap", "parts"), [(1.5, 1), (1.7, 2)])
def test_neighbours_merge_up_to_the_gap(gap: float, parts: int) -> None:
    assert len(_segments((3, 5), (5 + gap, 9))) == parts


@pytest.mark.parametrize(("length", "found"), [(0.2, 0), (0.3, 1)])
def test_segments_below_the_shortest_length_are_dropped(length: float, found: int) -> None:
    assert len(_segments((3, 3 + length))) == found


def test_no_segment_crosses_a_cut() -> None:
    assert _segments((3, 6), breaks=(4.5,)) == [(3, 4.5), (4.5, 6)]


def test_only_the_strongest_are_kept_and_in_time_order() -> None:
    scores = np.zeros(200, dtype=np.float32)
    for start, score in ((10, 0.6), (60, 0.9), (110, 0.7)):
        scores[start : start + 10] = score
    settings = TriageSettings(max_candidates=2)
    found = find_segments(TIMES, scores, settings, end=20.0)
    assert [round(one.start, 1) for one, _ in found] == [6.0, 11.0]
    assert [60 <= peak < 70 or 110 <= peak < 120 for _, peak in found] == [True, True]


def test_no_segment_reaches_past_the_end_of_the_video() -> None:
    scores = np.ones(200, dtype=np.float32)
    ((segment, _),) = find_segments(TIMES, scores, TriageSettings(), end=19.95)
    assert segment.end == 19.95


def test_a_single_moment_is_a_curve_too() -> None:
    found = find_segments(np.array([0.0]), np.ones(1, np.float32), TriageSettings(), end=0.0)
    assert [one.duration for one, _ in found] == []
