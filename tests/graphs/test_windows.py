import pytest

from vau_agent.graphs.windows import plan_windows
from vau_agent.schemas import Candidate, Segment
from vau_agent.settings import AnalysisSettings

SETTINGS = AnalysisSettings()


def candidate(start: float, end: float, score: float = 0.8) -> Candidate:
    return Candidate(
        segment=Segment(start=start, end=end),
        peak=(start + end) / 2,
        score=score,
        cues={"motion": score},
    )


def test_a_video_without_candidates_is_one_window() -> None:
    assert plan_windows([], 7200.0, SETTINGS) == [Segment(start=0, end=7200)]


def test_a_short_video_with_one_candidate_is_one_window() -> None:
    assert plan_windows([candidate(4, 6)], 30.0, SETTINGS) == [Segment(start=0, end=30)]


def test_far_apart_candidates_get_windows_of_their_own_with_context() -> None:
    windows = plan_windows([candidate(200, 210), candidate(20, 30)], 300.0, SETTINGS)

    assert windows == [Segment(start=10, end=40), Segment(start=190, end=220)]


def test_candidates_whose_contexts_touch_share_a_window() -> None:
    windows = plan_windows([candidate(100, 105), candidate(115, 120)], 300.0, SETTINGS)

    assert windows == [Segment(start=90, end=130)]


def test_a_context_stops_at_the_edges_of_the_video() -> None:
    windows = plan_windows([candidate(2, 3), candidate(295, 299)], 300.0, SETTINGS)

    assert windows == [Segment(start=0, end=13), Segment(start=285, end=300)]


@pytest.mark.parametrize(("hours", "most"), [(0.9, 12), (1.0, 12), (1.01, 24)])
def test_windows_are_bounded_for_each_hour_begun(hours: float, most: int) -> None:
    duration = hours * 3600
    many = [candidate(start, start + 1) for start in range(30, int(duration) - 30, 60)]

    assert len(plan_windows(many, duration, SETTINGS)) == most


def test_the_strongest_windows_are_kept_in_time_order() -> None:
    settings = AnalysisSettings(windows_per_hour=2)
    scores = {100: 0.9, 500: 0.6, 900: 0.8}
    spread = [candidate(at, at + 2, score) for at, score in scores.items()]

    windows = plan_windows(spread, 1000.0, settings)

    assert [window.start for window in windows] == [90, 890]


def test_a_candidate_longer_than_a_window_is_looked_at_around_its_peak() -> None:
    long = Candidate(segment=Segment(start=100, end=900), peak=700, score=0.7, cues={})

    assert plan_windows([long], 1000.0, SETTINGS) == [Segment(start=640, end=760)]
