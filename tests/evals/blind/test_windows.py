import pytest
from hypothesis import given
from hypothesis import strategies as st

from vau_agent.errors import MetricError
from vau_agent.evals.blind.windows import fit_constant, fit_proportional
from vau_agent.evals.metrics.intervals import best_iou
from vau_agent.schemas import Segment


def segment(start: float, end: float) -> Segment:
    return Segment(start=start, end=end)


@st.composite
def events(draw: st.DrawFn) -> tuple[Segment, ...]:
    starts = draw(st.lists(st.integers(0, 20), min_size=1, max_size=3))
    return tuple(segment(start, start + draw(st.integers(1, 12))) for start in starts)


def mean(window: Segment, truths: list[tuple[Segment, ...]]) -> float:
    return sum(best_iou(window, truth) for truth in truths) / len(truths)


@given(st.lists(events(), min_size=1, max_size=4))
def test_no_window_of_whole_seconds_scores_higher(truths: list[tuple[Segment, ...]]) -> None:
    fitted = fit_constant(truths)

    best = max(
        mean(segment(start, end), truths) for start in range(33) for end in range(start + 1, 34)
    )
    assert mean(fitted, truths) == pytest.approx(best)


def test_one_event_is_its_own_best_window() -> None:
    assert fit_constant([[segment(3, 9)]]) == segment(3, 9)


def test_a_far_event_does_not_blur_the_near_ones() -> None:
    near = [segment(0, 37)]

    assert fit_constant([near, near, [segment(5000, 9000)]]) == segment(0, 37)


def test_far_events_are_met_roughly() -> None:
    assert best_iou(fit_constant([[segment(1000, 3000)]]), [segment(1000, 3000)]) > 0.95


@given(st.lists(events(), min_size=1, max_size=4), st.integers(2, 9))
def test_shares_do_not_depend_on_the_unit(truths: list[tuple[Segment, ...]], scale: int) -> None:
    scaled = [[segment(one.start * scale, one.end * scale) for one in truth] for truth in truths]

    share = fit_proportional(truths, [40.0] * len(truths))
    other = fit_proportional(scaled, [40.0 * scale] * len(truths))
    assert 0 <= share.start < share.end <= 1
    assert share.start == pytest.approx(other.start)
    assert share.end == pytest.approx(other.end)


def test_a_share_follows_the_length_of_each_video() -> None:
    truths = [[segment(5, 10)], [segment(50, 100)]]

    assert fit_proportional(truths, [20, 200]) == segment(0.25, 0.5)


def test_nothing_to_fit_is_refused() -> None:
    for truths in ([], [[segment(0, 1)], []]):
        with pytest.raises(MetricError, match="fitted to videos with events"):
            fit_constant(truths)
    with pytest.raises(MetricError, match="length"):
        fit_proportional([[segment(0, 1)]], [0.0])
