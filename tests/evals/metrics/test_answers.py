import importlib.util

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vau_agent.evals.metrics.answers import (
    free_text_score,
    number_score,
    read_number,
    regression_score,
    word_error_rate,
    written_text_score,
)
from vau_agent.torchvision_shim import install_shim

needs_rouge = pytest.mark.skipif(
    importlib.util.find_spec("rouge_score") is None, reason="the extra 'evals' is not installed"
)
SENTENCES = st.lists(st.sampled_from("abcd"), min_size=1, max_size=8).map(" ".join)


@pytest.mark.parametrize(
    ("said", "truth", "score"),
    [
        ("3.14159", 3.14, 1),
        ("3.146", 3.14, 0),
        ("1,200", 1200, 1),
        (" 7 ", 7, 1),
        ("-0.5", 0.5, 0),
        ("seven", 7, 0),
        ("", 0, 0),
        ("nan", 0, 0),
        ("inf", 1e300, 0),
    ],
)
def test_numbers_are_equal_at_two_decimals(said: str, truth: float, score: float) -> None:
    assert number_score(said, truth) == score


@pytest.mark.parametrize(
    ("said", "truth", "score"),
    [("90", 100, 0.9), ("100", 100, 1), ("300", 100, 0), ("0", 0, 0), ("none", 5, 0)],
)
def test_a_regression_scores_1_less_its_relative_error(
    said: str, truth: float, score: float
) -> None:
    assert regression_score(said, truth) == pytest.approx(score, abs=1e-8)


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_scores_of_numbers_lie_between_0_and_1(said: float, truth: float) -> None:
    assert 0 <= regression_score(str(said), truth) <= 1
    assert number_score(str(said), truth) in (0, 1)
    assert read_number(str(said)) == said


@pytest.mark.parametrize(
    ("said", "truth", "rate"),
    [
        ("STOP AT RED", "STOP AT RED", 0),
        ("STOP AT", "STOP AT RED", 1 / 3),
        ("STOP ON RED", "STOP AT RED", 1 / 3),
        ("STOP AT AT RED", "STOP AT RED", 1 / 3),
        ("PLEASE STOP AT RED", "STOP AT RED", 1 / 3),
        ("stop at red", "STOP AT RED", 1),
        ("a b c d", "x", 4),
        ("", "x y", 1),
        ("x", "", 1),
    ],
)
def test_word_errors_of_hand_cases(said: str, truth: str, rate: float) -> None:
    assert word_error_rate(said, truth) == pytest.approx(rate)
    assert written_text_score(said, truth) == pytest.approx(max(0, 1 - rate))


@pytest.mark.slow
@given(SENTENCES, SENTENCES)
@settings(deadline=None)
def test_torchmetrics_finds_the_same_word_errors(said: str, truth: str) -> None:
    install_shim()
    from torchmetrics.functional.text import word_error_rate as theirs

    assert word_error_rate(said, truth) == pytest.approx(float(theirs([said], [truth])), abs=1e-6)


@needs_rouge
def test_free_text_scores_the_mean_of_three_rouges() -> None:
    value = free_text_score("the man walked along the street", "the man left the street")
    assert value == pytest.approx((8 / 11 + 4 / 9 + 8 / 11) / 3)
    assert free_text_score("same words", "same words") == pytest.approx(1)
    assert free_text_score("other", "words") == 0
