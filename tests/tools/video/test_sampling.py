import pytest
from hypothesis import given
from hypothesis import strategies as st

from vau_agent.schemas import Candidate, Segment
from vau_agent.tools.video.sampling import choose_times

WINDOW = Segment(start=10, end=30)


def candidate(start: float, end: float, score: float, *, peak: float) -> Candidate:
    return Candidate(segment=Segment(start=start, end=end), peak=peak, score=score, cues={})


def test_without_candidates_moments_are_spread_evenly() -> None:
    assert choose_times(WINDOW, [], 4) == [12.5, 17.5, 22.5, 27.5]


def test_half_of_the_moments_at_most_are_the_strongest_peaks() -> None:
    found = [
        candidate(11, 13, 0.6, peak=12.1),
        candidate(15, 17, 0.9, peak=16.2),
        candidate(20, 22, 0.7, peak=21.3),
    ]

    times = choose_times(WINDOW, found, 4)

    assert {16.2, 21.3} < set(times)
    assert 12.1 not in times
    assert len(times) == 4


def test_a_peak_outside_the_segment_is_not_shown() -> None:
    assert choose_times(WINDOW, [candidate(1, 5, 0.9, peak=3.0)], 2) == [15.0, 25.0]


@given(
    count=st.integers(1, 64),
    peaks=st.lists(st.floats(10, 29.9), max_size=12),
)
def test_moments_ascend_inside_the_segment(count: int, peaks: list[float]) -> None:
    found = [candidate(peak, peak + 1, 0.5, peak=peak) for peak in peaks]

    times = choose_times(WINDOW, found, count)

    assert times == sorted(set(times))
    assert 1 <= len(times) <= count
    assert all(WINDOW.start <= time <= WINDOW.end for time in times)


@pytest.mark.parametrize(
    ("other", "iou"), [((10, 30), 1.0), ((20, 40), 1 / 3), ((30, 40), 0.0), ((10, 20), 0.5)]
)
def test_intersection_over_union_of_segments(other: tuple[float, float], iou: float) -> None:
    assert WINDOW.iou(Segment(start=other[0], end=other[1])) == pytest.approx(iou)
