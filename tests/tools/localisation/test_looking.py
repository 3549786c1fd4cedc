"""Which moments are looked at: evenly first, then in the gaps that seem to matter."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vau_agent.tools.localisation.looking import QUIET_WORTH, between, spread


@given(st.integers(1, 500), st.integers(1, 600))
def test_first_looks_are_the_moments_that_hold_the_middle_of_equal_parts(
    moments: int, count: int
) -> None:
    places = spread(moments, count)
    parts = min(count, moments)

    assert len({*places}) == parts
    for part, place in enumerate(places):
        middle = Fraction(moments * (2 * part + 1), 2 * parts)
        assert place <= middle < place + 1


@pytest.mark.parametrize(
    ("moments", "count", "places"),
    [(10, 1, (5,)), (10, 2, (2, 7)), (9, 3, (1, 4, 7)), (4, 9, (0, 1, 2, 3)), (5, 0, ())],
)
def test_first_looks_lie_in_the_middle_of_their_part(
    moments: int, count: int, places: tuple[int, ...]
) -> None:
    assert spread(moments, count) == places


@st.composite
def looks(draw: st.DrawFn) -> tuple[list[int], list[float]]:
    moments = draw(st.integers(1, 60))
    looked = draw(st.sets(st.integers(0, moments - 1), min_size=1))
    scores = draw(st.lists(st.floats(0, 1), min_size=moments, max_size=moments))
    return sorted(looked), scores


@given(looks(), st.integers(0, 20))
def test_new_looks_are_new_in_range_and_no_more_than_asked(
    drawn: tuple[list[int], list[float]], count: int
) -> None:
    looked, scores = drawn
    new = between(looked, np.array(scores), len(scores), count)

    assert list(new) == sorted({*new})
    assert not {*new} & {*looked}
    assert all(0 <= moment < len(scores) for moment in new)
    assert len(new) <= count
    if count and len(looked) < len(scores):
        assert new


@given(looks(), st.integers(1, 20))
def test_every_moment_is_looked_at_in_the_end(
    drawn: tuple[list[int], list[float]], count: int
) -> None:
    looked, scores = drawn
    seen = {*looked}
    for _ in range(len(scores) - len(looked)):
        seen |= {*between(sorted(seen), np.array(scores), len(scores), count)}

    assert seen == set(range(len(scores)))


def test_the_gap_beside_the_higher_score_comes_first() -> None:
    scores = np.zeros(21)
    scores[15] = 0.9

    assert between((0, 5, 10, 15, 20), scores, 21, 2) == (12, 17)
    assert between((0, 5, 10, 15, 20), scores, 21, 4) == (2, 7, 12, 17)


def test_a_long_quiet_gap_is_worth_a_short_one_beside_a_peak() -> None:
    scores = np.zeros(100)
    scores[98] = 0.2  # a gap of two beside it is worth 2 * (0.05 + 0.2)

    short = round(2 * (QUIET_WORTH + 0.2) / QUIET_WORTH)
    for gap, first in ((short - 1, (96, 97)), (short + 1, range(95 - short - 1, 95))):
        looked = [*range(95 - gap), 95, 98, 99]
        assert between(looked, scores, 100, 1)[0] in first
