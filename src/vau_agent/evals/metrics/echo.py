"""Whether a reflection says anything new: the echo score of AEPO (arXiv 2511.06380).

AEPO's body and code were not public: the formula is our reading of its abstract.
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from vau_agent.evals.metrics.options import plain_words
from vau_agent.evals.significance import bootstrap_mean, wilson
from vau_agent.evals.tables import Estimate

ECHO_AT: Final = 0.8
"""Score from which a reflection counts as an echo."""
_WORDS: Final = 4


def echo_score(
    reflection: str, first_text: str, embed: Callable[[str], ArrayLike] | None = None
) -> float:
    """Give how much of a reflection repeats the first reasoning, 0..1; a verbatim copy is 1.

    The share of the reflection's word 4-grams that occur in the first text (of its words, when
    either text has fewer than 4), case and punctuation ignored. With `embed`, the mean of that and
    of the cosine of both texts, negative cosines being 0. A reflection without words repeats
    nothing: 0.

    Args:
        reflection: What was written on second thought.
        first_text: The reasoning before it.
        embed: Gives the vector of a text, shape (d,).
    """
    ours, theirs = plain_words(reflection).split(), plain_words(first_text).split()
    size = _WORDS if min(len(ours), len(theirs)) >= _WORDS else 1
    known = set(_grams(theirs, size))
    said = _grams(ours, size)
    repeated = sum(gram in known for gram in said) / len(said) if said else 0.0
    if embed is None or not said:
        return repeated
    return 0.5 * repeated + 0.5 * max(0.0, _cosine(embed(reflection), embed(first_text)))


def echo_scores(
    reflections: Sequence[str],
    first_texts: Sequence[str],
    embed: Callable[[str], ArrayLike] | None = None,
) -> dict[str, Estimate]:
    """Give the mean `echo` and `echo_share`, the share of reflections from `ECHO_AT` on.

    Args:
        reflections: One for each item; those without words are left out and counted in the note.
        first_texts: The reasoning each of them is about.
        embed: As in `echo_score`.

    Raises:
        ValueError: The lengths differ.
    """
    pairs = list(zip(reflections, first_texts, strict=True))
    scores = [echo_score(*pair, embed) for pair in pairs if plain_words(pair[0])]
    left_out = len(pairs) - len(scores)
    note = f"{left_out} items without reflection left out" if left_out else ""
    if not scores:
        nothing = Estimate(value=None, n=0, note="nothing was reflected on")
        return {"echo": nothing, "echo_share": nothing}
    echoes = wilson(sum(score >= ECHO_AT for score in scores), len(scores))
    return {
        "echo": bootstrap_mean(scores).estimate().model_copy(update={"note": note}),
        "echo_share": echoes.estimate().model_copy(update={"note": note}),
    }


def _grams(words: Sequence[str], size: int) -> list[tuple[str, ...]]:
    return [tuple(words[start : start + size]) for start in range(len(words) - size + 1)]


def _cosine(one: ArrayLike, other: ArrayLike) -> float:
    a, b = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return min(1.0, float(a @ b) / lengths) if lengths else 0.0
