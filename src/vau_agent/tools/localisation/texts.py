"""Sentences as vectors whose products say how alike they are.

By meaning, with the text side of an embedder; or, where no model's parts are at hand, by the words
they share, weighted by how rare a word is among the texts that sentences are graded by.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from vau_agent.memory.embedders.base import Embedder, Vectors


class TextSpace(Protocol):
    """A space of texts."""

    @property
    def name(self) -> str:
        """What makes the vectors, for tables and reports."""

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """Give one vector of length 1 a text, in order; zeros for a text without known words."""


@dataclass(frozen=True, kw_only=True, eq=False)
class MeaningSpace:
    """Texts by their meaning; each text is embedded once."""

    embedder: Embedder
    _known: dict[str, Vectors] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """The embedder's."""
        return self.embedder.name

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """Give one vector a text, in order.

        Raises:
            ModelError: The embedder's parts are damaged.
            MissingDependencyError: What runs the embedder is not installed.
        """
        new = sorted(set(texts) - self._known.keys(), key=lambda text: (len(text), text))
        if new:
            self._known.update(zip(new, self.embedder.embed_texts(new), strict=True))
        return np.stack([self._known[text] for text in texts])


class WordSpace:
    """Texts by the words they share (TF-IDF, English stop words left out)."""

    def __init__(self, corpus: Sequence[str]) -> None:
        """Learn from `corpus` which words there are, and how common they are."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._words = TfidfVectorizer(sublinear_tf=True, stop_words="english").fit(corpus)

    @property
    def name(self) -> str:
        """What makes the vectors."""
        return "words"

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """Give one vector a text, in order."""
        dense: Vectors = self._words.transform(texts).toarray().astype(np.float32)
        return dense
