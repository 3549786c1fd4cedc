"""Sentences that speak of a hazard grade above those that speak of daily life."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vau_agent.memory.embedders.conse import ConseEmbedder
from vau_agent.tools.localisation.grading import Grader, hazard_texts, ordinary_texts
from vau_agent.tools.localisation.texts import MeaningSpace, TextSpace, WordSpace

PAIRS = (
    ("A man punches another man, who falls to the ground.", "A man walks along the street."),
    ("A car crashes into another car.", "Cars drive along a road and wait at the light."),
    ("Flames and thick smoke come out of a building.", "An empty street in front of a building."),
    ("A masked person points a gun at the cashier.", "A customer pays the cashier."),
    ("Someone breaks a window of a house and climbs in.", "A person opens the door of a house."),
)


@pytest.fixture(scope="module")
def by_meaning(conse_folder: Path) -> MeaningSpace:
    return MeaningSpace(embedder=ConseEmbedder.open(conse_folder, batch=8))


def graded(space: TextSpace, *sentences: str) -> list[float]:
    grader = Grader.open(space, similar=10)
    return [float(grade) for grade in grader.grade(space.vectors(sentences))]


@pytest.mark.parametrize(("hazard", "ordinary"), PAIRS)
def test_by_words_a_hazard_grades_above_the_ordinary(
    by_words: WordSpace, hazard: str, ordinary: str
) -> None:
    above, below = graded(by_words, hazard, ordinary)

    assert above > below


@pytest.mark.slow
def test_by_meaning_a_hazard_grades_above_the_ordinary(by_meaning: MeaningSpace) -> None:
    grades = graded(by_meaning, *(sentence for pair in PAIRS for sentence in pair))

    assert all(above > below for above, below in zip(grades[::2], grades[1::2], strict=True))
    assert min(grades[::2]) > 0 > max(grades[1::2])


@pytest.mark.slow
def test_by_meaning_other_words_for_a_hazard_count(
    by_words: WordSpace, by_meaning: MeaningSpace
) -> None:
    """None of the words is in the lists, so by words both sentences are the same."""
    sentences = ("Two guys brawl and strangle each other.", "Toddlers giggle and wave.")

    assert len(set(graded(by_words, *sentences))) == 1
    above, below = graded(by_meaning, *sentences)
    assert above > below


@given(st.lists(st.text(max_size=80), min_size=1, max_size=6))
@settings(max_examples=40)
def test_a_grade_is_a_difference_of_likenesses(by_words: WordSpace, sentences: list[str]) -> None:
    grades = graded(by_words, *sentences)

    assert all(-1 <= grade <= 1 for grade in grades)
    assert graded(by_words, "", "xyzzy") == [0, 0]


def test_exchanging_both_kinds_of_texts_turns_the_sign(by_words: WordSpace) -> None:
    texts = by_words.vectors([sentence for pair in PAIRS for sentence in pair])
    usual = Grader.open(by_words, similar=3)
    turned = Grader.open(by_words, similar=3, hazards=ordinary_texts(), ordinary=hazard_texts())

    np.testing.assert_allclose(turned.grade(texts), -usual.grade(texts), atol=1e-7)


def test_the_most_similar_texts_count_and_all_where_they_are_fewer(by_words: WordSpace) -> None:
    hazards = ("people fight", "a fire is burning", "a building collapses")
    sentence = by_words.vectors(["people fight"])

    def grade(similar: int) -> float:
        grader = Grader.open(by_words, similar=similar, hazards=hazards, ordinary=("xyzzy",))
        return float(grader.grade(sentence)[0])

    assert grade(1) == pytest.approx(1)
    assert grade(2) == pytest.approx(1 / 2)
    assert grade(3) == grade(10) == pytest.approx(1 / 3)


def test_the_lists_hold_texts_once_and_none_in_both() -> None:
    hazards, ordinary = hazard_texts(), ordinary_texts()

    assert len({*hazards, *ordinary}) == len(hazards) + len(ordinary) >= 80
    for text in (*hazards, *ordinary):
        assert text == text.strip()
        assert text[0].isalpha()
        assert len(text.split()) > 1
