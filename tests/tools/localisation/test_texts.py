"""Sentences as vectors: by words, and by meaning with each text embedded once."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from vau_agent.memory.embedders.base import Vectors
from vau_agent.tools.localisation.texts import MeaningSpace, WordSpace


@dataclass(kw_only=True)
class Letters:
    """An embedder whose vectors count a text's first letters; it remembers what it was given."""

    given: list[str] = field(default_factory=list)
    name = "letters"
    digest = "0" * 64
    dim = 27

    def embed_images(self, images: Sequence[NDArray[np.uint8]]) -> Vectors:
        raise AssertionError("no picture is looked at")

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        self.given += texts
        rows = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            row[ord(text[0]) - ord("a") if text else 26] = 1
        return rows


def test_by_meaning_each_text_is_embedded_once_and_rows_keep_their_order() -> None:
    embedder = Letters()
    space = MeaningSpace(embedder=embedder)

    first = space.vectors(["cc", "a", "bbb", "a"])
    again = space.vectors(["a", "d", "cc"])

    assert first.argmax(axis=1).tolist() == [2, 0, 1, 0]
    assert again.argmax(axis=1).tolist() == [0, 3, 2]
    assert sorted(embedder.given) == ["a", "bbb", "cc", "d"]
    assert space.name == "letters"


@given(st.lists(st.text(max_size=60), min_size=1, max_size=8))
@settings(max_examples=50)
def test_by_words_a_vector_has_length_one_or_is_empty(
    by_words: WordSpace, texts: list[str]
) -> None:
    lengths = np.linalg.norm(by_words.vectors(texts), axis=1)

    assert all(length == 0 or abs(length - 1) < 1e-5 for length in lengths)


def test_by_words_texts_are_alike_as_far_as_they_share_words(by_words: WordSpace) -> None:
    fight, same, other, unknown, empty = by_words.vectors(
        ["Two people fight.", "people FIGHT", "A car is parked.", "xyzzy", ""]
    )

    assert fight @ same > 0.6
    assert fight @ other == pytest.approx(0)
    assert not unknown.any()
    assert not empty.any()
    assert by_words.name == "words"
