"""Video-R1's score of an answer by the kind of its question (arXiv 2503.21776), each 0..1.

Parts of rewards and scores: pure functions of one answer, for training as for a table.
Number, written text, free text and regression; an option is scored in `labels`. The released code
also refuses a number when only one of the two is written with a decimal point or comma.
"""

import math
from collections.abc import Sequence
from typing import Final

from vau_agent.evals.metrics.text import rouges

_TINY: Final = 1e-9
"""Keeps the relative error defined at 0, as in the released code."""


def read_number(text: str) -> float | None:
    """Read a number, thousands set off by commas or not; `None` when it is none."""
    try:
        number = float(text.strip().replace(",", ""))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def number_score(said: str, truth: float) -> float:
    """Give 1 when both are equal at two decimals, else 0."""
    number = read_number(said)
    return float(number is not None and round(number, 2) == round(truth, 2))


def regression_score(said: str, truth: float) -> float:
    """Give 1 less the relative error, at least 0; 0 for what is no number."""
    number = read_number(said)
    if number is None:
        return 0.0
    return 1 - min(1.0, (abs(number - truth) + _TINY) / (abs(truth) + _TINY))


def written_text_score(said: str, truth: str) -> float:
    """Give 1 less the word error rate, at least 0; words are split at white space, case counts."""
    return max(0.0, 1 - word_error_rate(said, truth))


def free_text_score(said: str, truth: str) -> float:
    """Give the mean of ROUGE-1, ROUGE-2 and ROUGE-L.

    Raises:
        MissingDependencyError: rouge-score is not installed.
    """
    return sum(rouges(said, [truth]).values()) / 3


def word_error_rate(said: str, truth: str) -> float:
    """Give the fewest words to put in, take out or change, for each word of the truth.

    May exceed 1; a truth without words counts as one word.
    """
    words = truth.split()
    return _edits(said.split(), words) / max(1, len(words))


def _edits(said: Sequence[str], truth: Sequence[str]) -> int:
    row = list(range(len(truth) + 1))
    for count, word in enumerate(said, start=1):
        diagonal, row[0] = row[0], count
        for place, other in enumerate(truth, start=1):
            change = diagonal + (word != other)
            diagonal, row[place] = row[place], min(change, row[place] + 1, row[place - 1] + 1)
    return row[-1]
