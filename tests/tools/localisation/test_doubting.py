"""How far verdicts are borne out by their neighbours and by moments that look alike."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from vau_agent.tools.localisation.doubting import around, recall, support

SHARES = st.floats(0, 1, allow_subnormal=False)


@st.composite
def verdicts_in_time(draw: st.DrawFn) -> tuple[NDArray[np.float64], list[int]]:
    moments = sorted(draw(st.sets(st.integers(0, 80), min_size=1, max_size=40)))
    given_ = draw(st.lists(SHARES, min_size=len(moments), max_size=len(moments)))
    return np.array(given_), moments


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([0, 0, 1, 0, 0], [0.5, 1 / 3, 0, 1 / 3, 0.5]),  # nothing around it bears it out
        ([0, 1, 1, 1, 0], [1, 2 / 3, 0.5, 2 / 3, 1]),
        ([1, 1, 1, 1, 1], [1, 1, 1, 1, 1]),
        ([1, 0, 0, 0, 0], [0, 1 / 3, 0.25, 0, 0]),  # an end has neighbours on one side only
        ([0, 0, 0, 0, 0], [0, 0, 0, 0, 0]),
    ],
)
def test_a_verdict_is_compared_with_two_moments_on_either_side(
    verdicts: list[float], expected: list[float]
) -> None:
    shared = around(np.array(verdicts, dtype=float), range(5), neighbours=2)

    assert shared.tolist() == pytest.approx(expected)


@pytest.mark.parametrize("moments", [(7,), (0, 3), (2, 5, 8)])
def test_a_moment_without_neighbours_keeps_its_own_verdict(moments: tuple[int, ...]) -> None:
    verdicts = np.array([1.0, 0.0, 0.5][: len(moments)])

    assert around(verdicts, moments, neighbours=2).tolist() == verdicts.tolist()


def test_a_moment_that_was_not_looked_at_says_nothing() -> None:
    shared = around(np.array([1.0, 0.0, 1.0]), (0, 2, 3), neighbours=2)

    assert shared.tolist() == [0.0, 1.0, 0.0]


@given(verdicts_in_time(), st.integers(1, 5))
def test_neighbours_are_averaged_by_the_definition(
    drawn: tuple[NDArray[np.float64], list[int]], neighbours: int
) -> None:
    verdicts, moments = drawn
    said = dict(zip(moments, verdicts.tolist(), strict=True))
    expected = []
    for moment in moments:
        near = [said[m] for m in moments if m != moment and abs(m - moment) <= neighbours]
        expected.append(sum(near) / len(near) if near else said[moment])

    shared = around(verdicts, moments, neighbours=neighbours)

    assert shared.tolist() == pytest.approx(expected)
    assert 0 <= shared.min() <= shared.max() <= 1


def vectors(*angles: float) -> NDArray[np.float32]:
    turned = np.radians(angles)
    return np.stack([np.cos(turned), np.sin(turned)], axis=1).astype(np.float32)


def test_a_moment_recalls_those_most_alike_and_not_itself() -> None:
    sentences = vectors(0, 10, 15, 80, 90)
    verdicts = np.array([1.0, 0.0, 1.0, 0.0, 1.0])

    assert recall(verdicts, sentences, similar=1).tolist() == [0, 1, 0, 1, 0]
    assert recall(verdicts, sentences, similar=2).tolist() == [0.5, 1, 0.5, 1, 0.5]


def test_a_moment_alone_recalls_its_own_verdict() -> None:
    assert recall(np.array([1.0]), vectors(30), similar=10).tolist() == [1]


def test_all_others_are_recalled_where_there_are_fewer() -> None:
    recalled = recall(np.array([1.0, 0.0, 0.0]), vectors(0, 40, 90), similar=10)

    assert recalled.tolist() == [0, 0.5, 0.5]


@given(st.lists(SHARES, min_size=2, max_size=30), st.integers(1, 12), st.integers(0, 1000))
def test_recalling_averages_the_most_alike_in_any_order(
    said: list[float], similar: int, seed: int
) -> None:
    verdicts, draw = np.array(said), np.random.default_rng(seed)
    sentences = draw.normal(size=(len(said), 8)).astype(np.float32)
    sentences /= np.linalg.norm(sentences, axis=1, keepdims=True)
    before = sentences.copy()

    recalled = recall(verdicts, sentences, similar=similar)

    np.testing.assert_array_equal(sentences, before)
    assert verdicts.min() - 1e-12 <= recalled.min() <= recalled.max() <= verdicts.max() + 1e-12
    for moment, sentence in enumerate(sentences):
        others = [other for other in range(len(said)) if other != moment]
        others.sort(key=lambda other: -float(sentences[other] @ sentence))
        assert recalled[moment] == pytest.approx(verdicts[others[:similar]].mean(), abs=1e-9)
    order = draw.permutation(len(said))
    np.testing.assert_allclose(
        recall(verdicts[order], sentences[order], similar=similar), recalled[order], atol=1e-9
    )


@pytest.mark.parametrize(
    ("doubt", "recalled", "expected"),
    [(0, 1, 1), (1, 0, 0), (0, 0, 0.5), (1, 1, 0.5), (0.5, 0.25, 0.375)],
)
def test_support_weighs_neighbours_and_similar_moments_alike(
    doubt: float, recalled: float, expected: float
) -> None:
    assert support(np.array([doubt]), np.array([recalled])).tolist() == [expected]


@given(st.lists(st.tuples(SHARES, SHARES, SHARES), min_size=1))
def test_support_is_a_share_that_falls_with_doubt(
    drawn: list[tuple[float, float, float]],
) -> None:
    doubts, more, recalled = np.array(drawn).T
    borne_out = support(doubts, recalled)

    assert 0 <= borne_out.min() <= borne_out.max() <= 1
    assert (support(np.maximum(doubts, more), recalled) <= borne_out).all()
    assert (support(doubts, np.maximum(recalled, more)) >= borne_out).all()
