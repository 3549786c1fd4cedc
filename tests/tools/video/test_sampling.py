from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vau_agent.schemas import Candidate, Segment
from vau_agent.tools.video.base import PacketIndex
from vau_agent.tools.video.sampling import (
    choose_pass,
    choose_timestamps,
    snap,
    spread,
    spread_keyframes,
)

WINDOW = Segment(start=10, end=30)


def candidate(start: float, end: float, score: float, peak: float | None = None) -> Candidate:
    middle = (start + end) / 2 if peak is None else peak
    return Candidate(
        segment=Segment(start=start, end=end), peak=middle, score=score, cues={"motion": score}
    )


def packet_index(*, gop: int, count: int = 100, fps: float = 10) -> PacketIndex:
    return PacketIndex(
        timestamps=np.arange(count) / fps,
        pts=np.arange(count, dtype=np.int64),
        sizes=np.ones(count, dtype=np.int64),
        keys=np.arange(count) % gop == 0,
        time_base=Fraction(1, 10),
    )


def test_spreading_takes_the_middles_of_equal_parts() -> None:
    assert spread(WINDOW, 4) == [12.5, 17.5, 22.5, 27.5]
    assert spread(WINDOW, 0) == []


def test_without_candidates_the_whole_window_is_covered_evenly() -> None:
    elsewhere = candidate(40, 50, 0.9)

    assert choose_timestamps(WINDOW, [elsewhere], 4) == spread(WINDOW, 4)


def test_the_stronger_candidate_gets_more_moments_and_the_weaker_its_peak() -> None:
    strong, weak = candidate(12, 14, 0.9), candidate(20, 22, 0.2, peak=20.7)

    times = choose_timestamps(WINDOW, [strong, weak], 8)

    assert sum(strong.segment.contains(time) for time in times) >= 4
    assert 20.7 in times
    assert min(times) < 13 and max(times) >= 25


def test_the_peak_comes_first_when_a_candidate_gets_one_moment() -> None:
    assert choose_timestamps(WINDOW, [candidate(12, 20, 0.9, peak=12.3)], 1) == [12.3]


@given(
    st.lists(
        st.tuples(st.floats(0, 40), st.floats(0.5, 20), st.floats(0, 1), st.floats(0, 1)),
        max_size=6,
    ),
    st.integers(0, 32),
)
def test_chosen_moments_lie_inside_the_window_and_are_no_more_than_asked_for(
    spans: list[tuple[float, float, float, float]], count: int
) -> None:
    candidates = [
        candidate(start, start + length, score, peak=start + at * length)
        for start, length, score, at in spans
    ]

    times = choose_timestamps(WINDOW, candidates, count)

    assert len(times) <= count
    assert times == sorted(set(times))
    assert all(WINDOW.contains(time) for time in times)
    assert bool(times) == bool(count)


def test_snapping_gives_the_picture_on_screen_and_joins_times_that_share_one() -> None:
    index = packet_index(gop=10)

    assert snap([0.05, 0.19, 0.11, 99.0], index) == pytest.approx([0.0, 0.1, 9.9])


def test_keyframes_are_spread_over_a_segment() -> None:
    index = packet_index(gop=10)

    assert spread_keyframes(index, Segment(start=0, end=10), 2) == pytest.approx([2.0, 7.0])
    assert spread_keyframes(index, Segment(start=2, end=4), 9) == pytest.approx([2.0, 3.0])


@pytest.mark.parametrize(("gop", "expected"), [(10, "keyframes"), (11, "sequential")])
def test_keyframes_alone_are_read_where_they_are_as_dense_as_the_step(
    gop: int, expected: str
) -> None:
    assert choose_pass(packet_index(gop=gop), step_seconds=1.0) == expected
