"""How much a sentence speaks of a hazard: its likeness to hazards, less its likeness to daily life.

No list of any test set's classes is used: hazards.txt and ordinary.txt say what people who watch
cameras look for, and what they see all day.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Self

import numpy as np

from vau_agent.memory.embedders.base import Vectors
from vau_agent.tools.localisation.base import Series
from vau_agent.tools.localisation.texts import TextSpace


@functools.cache
def hazard_texts() -> tuple[str, ...]:
    """Read what counts as a hazard."""
    return _lines("hazards.txt")


@functools.cache
def ordinary_texts() -> tuple[str, ...]:
    """Read what counts as daily life."""
    return _lines("ordinary.txt")


@dataclass(frozen=True, kw_only=True)
class Grader:
    """Grades vectors of sentences."""

    hazards: Vectors
    ordinary: Vectors
    similar: int
    """Most similar texts of either kind that are taken together."""

    @classmethod
    def open(
        cls,
        space: TextSpace,
        *,
        similar: int,
        hazards: Sequence[str] | None = None,
        ordinary: Sequence[str] | None = None,
    ) -> Self:
        """Embed the texts that sentences are compared with; the project's own by default."""
        return cls(
            hazards=space.vectors(hazards or hazard_texts()),
            ordinary=space.vectors(ordinary or ordinary_texts()),
            similar=similar,
        )

    def grade(self, sentences: Vectors) -> Series:
        """Give each sentence (rows of vectors) a difference of similarities, -1..1."""
        return self._likeness(sentences, self.hazards) - self._likeness(sentences, self.ordinary)

    def _likeness(self, sentences: Vectors, texts: Vectors) -> Series:
        near = np.sort(sentences @ texts.T, axis=1)[:, -self.similar :]
        means: Series = near.mean(axis=1).astype(np.float64)
        return means


def _lines(name: str) -> tuple[str, ...]:
    text = files("vau_agent.tools.localisation").joinpath(name).read_text("utf-8")
    return tuple(line for line in text.splitlines() if line and not line.startswith("#"))
