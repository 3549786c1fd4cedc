"""Questions with options: put into words, and the answer read back."""

import re
from collections.abc import Sequence
from string import ascii_uppercase
from typing import Final

from vau_agent.evals.metrics.options import read_choice
from vau_agent.evals.samples import Question

_ASK: Final = "Begin the answer with the letter of one option, and cite the frames that show it."
_CITED: Final = re.compile(r"\[(?:f\d+[\s,]*)+\]")
"""Frames that an answer cites."""


def render_question(question: Question, order: Sequence[int]) -> str:
    """Write a question with its options, lettered in the order given."""
    options = [
        f"{letter}) {question.options[place]}"
        for letter, place in zip(ascii_uppercase, order, strict=False)
    ]
    return "\n".join([question.text, *options, _ASK])


def chosen_option(text: str, question: Question, order: Sequence[int]) -> int | None:
    """Give the place, in the sample, of the option that an answer chose.

    Args:
        text: The answer; frames that it cites are set aside.
        question: What was asked.
        order: Options as they were shown.

    Returns:
        `None` when the answer does not say just one.
    """
    shown = read_choice(_CITED.sub(" ", text), [question.options[place] for place in order])
    return None if shown is None else order[shown]
