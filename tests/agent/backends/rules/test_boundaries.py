import pytest

from vau_agent.agent.backends.rules.boundaries import EDGE_S, NEAR_S, belongs, refine_segment
from vau_agent.schemas import Measurement, Segment
from vau_agent.testing import candidate

EVENT = Segment(start=16, end=28)


def look(start: float, end: float, *spans: tuple[float, float]) -> Measurement:
    found = tuple(candidate(first, last, motion=0.9) for first, last in spans)
    return Measurement(tool="zoom", segment=Segment(start=start, end=end), candidates=found)


@pytest.mark.parametrize(
    ("looks", "start", "end"),
    [
        pytest.param([], 16, 28, id="no look"),
        pytest.param([look(12, 18, (14.5, 18))], 14.5, 28, id="earlier start"),
        pytest.param([look(12, 18, (17, 18))], 17, 28, id="later start"),
        pytest.param([look(12, 18)], 18, 28, id="quiet start"),
        pytest.param([look(16, 18, (16.1, 18))], 16, 28, id="start cut off by the look"),
        pytest.param([look(14, 18, (14, 18))], 14, 28, id="on since before the look"),
        pytest.param([look(26, 30, (26, 29))], 16, 29, id="later end"),
        pytest.param([look(26, 30, (26, 27))], 16, 27, id="earlier end"),
        pytest.param([look(26, 30)], 16, 26, id="quiet end"),
        pytest.param([look(12, 18, (14, 18)), look(26, 30, (26, 29))], 14, 29, id="both"),
        pytest.param([look(14, 30, (18, 20), (22, 25))], 18, 25, id="whole event"),
        pytest.param([look(14, 30)], 16, 28, id="a quiet look at the whole moves nothing"),
        pytest.param([look(12, 18, (12, 13))], 18, 28, id="another event before it"),
        pytest.param([look(20, 24, (20, 24))], 16, 28, id="inside"),
        pytest.param([look(40, 44, (40, 44))], 16, 28, id="elsewhere"),
        pytest.param([look(12, 18, (16.1, 18))], 16, 28, id="less than two moments"),
    ],
)
def test_boundaries_follow_the_looks_that_show_them(
    looks: list[Measurement], start: float, end: float
) -> None:
    assert refine_segment(EVENT, looks) == Segment(start=start, end=end)


def test_boundaries_never_cross() -> None:
    segment = Segment(start=16, end=16 + 2 * EDGE_S)

    refined = refine_segment(segment, [look(14, 16.2), look(16.1, 18)])

    assert refined.end > refined.start


@pytest.mark.parametrize(("gap", "is_part"), [(NEAR_S, True), (NEAR_S + 0.1, False)])
def test_what_is_near_belongs_to_the_event(gap: float, is_part: bool) -> None:
    assert belongs(candidate(28 + gap, 30 + gap, motion=0.9), EVENT) is is_part
