import string

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from vau_agent.evals.metrics.echo import ECHO_AT, echo_score, echo_scores

WORDS = st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=12)


def letters(text: str) -> NDArray[np.float64]:
    """A stand-in embedding: how often each letter occurs."""
    return np.array([text.lower().count(letter) for letter in string.ascii_lowercase], dtype=float)


@given(WORDS)
def test_a_copy_is_1_whatever_its_case_and_punctuation(words: list[str]) -> None:
    text = " ".join(words)
    assert echo_score(text, text) == 1
    assert echo_score(text.upper() + "!", ", ".join(words)) == 1
    assert echo_score(text, text, letters) == pytest.approx(1)


@given(WORDS, WORDS)
def test_disjoint_texts_are_0(words: list[str], others: list[str]) -> None:
    assert echo_score(" ".join(words), " ".join(word + "z" for word in others)) == 0


@given(WORDS, WORDS)
def test_case_and_punctuation_change_nothing(words: list[str], others: list[str]) -> None:
    plain = echo_score(" ".join(words), " ".join(others))
    assert 0 <= plain <= 1
    assert echo_score(". ".join(words).title(), "; ".join(others).upper()) == plain


def test_4_grams_of_a_hand_case() -> None:
    first = "the man hits the other man near the door"
    # Four of the six 4-grams of: the man hits the other man [then runs away]
    reflection = "the man hits the other man then runs"
    assert echo_score(reflection, first) == pytest.approx(3 / 5)


def test_texts_under_four_words_are_compared_by_words() -> None:
    assert echo_score("man near fire", "a man hits a man") == pytest.approx(1 / 3)
    assert echo_score("a man hits a man", "man hits") == pytest.approx(3 / 5)


def test_the_embedding_counts_one_half() -> None:
    assert echo_score("ab cd ef gh", "hg fe dc ba", letters) == pytest.approx(0.5)
    assert echo_score("aa aa aa aa", "bb bb bb bb", letters) == 0


def test_a_negative_or_absent_direction_adds_nothing() -> None:
    assert echo_score("a b c d", "a b c d", lambda _: [0.0, 0.0]) == 0.5
    signs = {"a b c d": [1.0, 0.0], "e f g h": [-1.0, 0.0]}
    assert echo_score("a b c d", "e f g h", signs.__getitem__) == 0


def test_words_that_are_not_there_repeat_nothing() -> None:
    assert echo_score("", "a man") == echo_score("...", "...") == echo_score("a man", "") == 0
    assert echo_score("", "", letters) == 0


def test_the_share_of_echoes_counts_reflections_alone() -> None:
    first = "a man walks along the street at night"
    scores = echo_scores([first, "frame 12 shows a knife", "", first], [first] * 4)
    assert scores["echo"].value == pytest.approx(2 / 3)
    assert scores["echo_share"].value == pytest.approx(2 / 3)
    assert scores["echo_share"].n == 3
    assert scores["echo"].note == "1 items without reflection left out"


def test_an_echo_begins_at_its_bound() -> None:
    # Words 1 to 8 give five 4-grams, of which the first four are known.
    first, reflection = "a b c d e f g", "a b c d e f g h"
    assert echo_score(reflection, first) == ECHO_AT
    assert echo_scores([reflection], [first])["echo_share"].value == 1


def test_without_reflections_there_is_no_echo() -> None:
    scores = echo_scores(["", ""], ["a", "b"])
    assert scores["echo"].value is scores["echo_share"].value is None
