"""Whether reasoning leads to the answer that is given (GRPO-CARE, arXiv 2506.16141).

GRPO-CARE asks a model whether the chain alone implies the answer. Here rules read the chain, so
that the rate needs no model: it is our reading, lower where a chain argues without ever naming its
option. Such a chain is silent: it is counted apart and is not consistent.
"""

import re
from collections.abc import Sequence
from string import ascii_uppercase
from typing import Final, Literal

from vau_agent.evals.metrics.labels import refuse_uneven
from vau_agent.evals.metrics.options import letters_in, plain_words
from vau_agent.evals.significance import wilson
from vau_agent.evals.tables import Estimate

Agreement = Literal["consistent", "contradictory", "silent"]

_SENTENCE: Final = re.compile(r"(?<=[.!?;])\s+(?=\S)|\n+")
_CONCLUDES: Final = re.compile(
    r"\b(?:therefore|thus|hence|so|consequently|conclude|conclusion|overall|finally|"
    r"(?:correct|right|best|final|most likely) (?:answer|option|choice)|answer is|"
    r"(?:answer|option|choice) (?:must|should) be)\b",
    re.IGNORECASE,
)
_REJECTED: Final = re.compile(
    r"n['\u2019]t\b|\b(?:not|never|cannot|rather than|instead of|rules? out|ruled out|ruling out|"
    r"eliminates?|eliminated|excludes?|excluded|unlike|neither|nor|wrong|incorrect|unlikely)\b",
    re.IGNORECASE,
)
_CLAUSE: Final = re.compile(r",|;|:|\bbut\b|\bso\b|\band\b|\bwhile\b|\bwhereas\b", re.IGNORECASE)


def read_conclusion(chain: str, options: Sequence[str]) -> int | None:
    """Read which option a chain of reasoning leads to by itself; `None` when it does not say one.

    The last sentence that concludes ("therefore", "the answer is") and names an option decides;
    without one, the last sentence that names an option. Options are named by their letter or their
    full text; clauses that reject ("not B", "rules out B") name nothing. A sentence that names
    several options decides nothing.
    """
    named = [
        (bool(_CONCLUDES.search(sentence)), places)
        for sentence in _SENTENCE.split(_letter_texts(chain, options))
        if (places := _named(sentence, len(options)))
    ]
    concluding = [places for concludes, places in named if concludes]
    last = (concluding or [places for _, places in named] or [frozenset()])[-1]
    return min(last) if len(last) == 1 else None


def agreement(chain: str, options: Sequence[str], chosen: int | None) -> Agreement:
    """Tell whether a chain leads to the chosen option, to another one, or to none."""
    concluded = read_conclusion(chain, options)
    if concluded is None:
        return "silent"
    return "consistent" if concluded == chosen else "contradictory"


def consistency_rate(
    chains: Sequence[str], options: Sequence[Sequence[str]], chosen: Sequence[int | None]
) -> dict[str, Estimate]:
    """Give the shares `consistent`, `contradictory` and `silent`, which sum to 1.

    Args:
        chains: The reasoning before each answer.
        options: The options of each question in the order shown.
        chosen: Row of the option that was answered, `None` for none.

    Raises:
        MetricError: There are no items, or the lengths differ.
    """
    refuse_uneven(chains, options)
    refuse_uneven(chains, chosen)
    kinds = [agreement(*item) for item in zip(chains, options, chosen, strict=True)]
    return {
        kind: wilson(kinds.count(kind), len(kinds)).estimate()
        for kind in ("consistent", "contradictory", "silent")
    }


def _letter_texts(chain: str, options: Sequence[str]) -> str:
    """Write each option's letter in place of its full text, the longest text first.

    An option may hold a comma, an "and" or a "not", which mean something else outside of it.
    """
    texts = [plain_words(option) for option in options]
    for place in sorted(range(len(options)), key=lambda place: -len(texts[place])):
        words = re.findall(r"[^\W_]+", options[place])
        if words and texts.count(texts[place]) == 1:
            pattern = r"(?<!\w)" + r"[\W_]+".join(map(re.escape, words)) + r"(?!\w)"
            chain = re.sub(pattern, f"[{ascii_uppercase[place]}]", chain, flags=re.IGNORECASE)
    return chain


def _named(sentence: str, count: int) -> frozenset[int]:
    standing = [clause for clause in _CLAUSE.split(sentence) if not _REJECTED.search(clause)]
    return frozenset[int]().union(*(letters_in(clause, count) for clause in standing))
