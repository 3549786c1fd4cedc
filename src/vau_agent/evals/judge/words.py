"""Words of a text, as the rule-based judge sees them."""

import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Final

_WORD: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_SENTENCE_END: Final = re.compile(r"[!?;\n]+|\.(?!\d)")
"""A full stop before a digit is a decimal point."""
_ENDINGS: Final = ("ing", "es", "ed", "s", "e")
_SHORTEST: Final = 3
"""Letters that are left of a word whose ending is taken off."""
_NEGATIONS: Final = frozenset(
    {"no", "not", "nothing", "nobody", "none", "never", "neither", "nor", "without", "cannot"}
)


def sentences(text: str) -> tuple[tuple[str, ...], ...]:
    """Split into sentences, each given as its words in lower case; empty ones are left out."""
    found = (tuple(_words(sentence)) for sentence in _SENTENCE_END.split(text))
    return tuple(words for words in found if words)


def stem(word: str) -> str:
    """Take off one English ending and a doubled last letter: `falling`, `falls` -> `fal`."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST:
            word = word.removesuffix(ending)
            break
    return word[:-1] if len(word) > _SHORTEST and word[-1] == word[-2] else word


def content_stems(text: str) -> frozenset[str]:
    """Give the stems of the words that say something."""
    return frozenset(stem(word) for word in _words(text) if is_content(word))


def is_content(word: str) -> bool:
    """Tell whether a word in lower case says something of a video."""
    return word not in _function_words() and not is_negation(word)


def is_negation(word: str) -> bool:
    """Tell whether a word in lower case denies what follows it."""
    return word in _NEGATIONS or word.endswith("n't")


def _words(text: str) -> Iterator[str]:
    plain = text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return (found.group().casefold() for found in _WORD.finditer(plain))


@cache
def _function_words() -> frozenset[str]:
    """Words that say nothing of a video, those about pictures as such included."""
    file = resources.files("vau_agent.evals.judge").joinpath("function_words.txt")
    return frozenset(file.read_text(encoding="utf-8").split())
