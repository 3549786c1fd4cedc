"""The options of a question: in which order they are shown, and which one a text chooses."""

import hashlib
import re
from collections.abc import Sequence
from string import ascii_uppercase
from typing import Final

from vau_agent.evals.samples import Question

_ANSWER: Final = re.compile(r"<answer>(.*?)</answer>", re.DOTALL)
_ASIDE: Final = re.compile(r"<(think|reflection|verification)>.*?(?:</\1>|$)", re.DOTALL)
_LEADING: Final = re.compile(
    r"\W*(?:the\s+)?(?:(?:correct|right|best|final)\s+)?"
    r"(?:(?:answer|option|choice)\b\s*(?:is\b)?\s*:?\s*(?:option\s+)?)?"
    r"[(\[*\"']*([A-Z])(?![\w'\u2019-])[)\]*\"']*\s*[.:),-]*\s*(.*)",
    re.DOTALL | re.IGNORECASE,
)
_LETTER: Final = re.compile(r"(?<![\w'\u2019-])([A-Z])(?![\w'\u2019]|-\w)(?:\s+([a-z]+))?")
_NO_ARTICLE_BEFORE: Final = re.compile(
    r"and|or|nor|but|not|then|than|as|because|since|is|was|to|with|would|should|seems|appears|"
    r"matches|fits|describes|rather|instead|over|against|only"
)
"""Words that do not follow the article 'A' (or the pronoun 'I'): before them it is a letter."""


def permuted_options(question: Question, seed: int, sample_id: str) -> tuple[int, ...]:
    """Give the order to show options in: element i is the place of the i-th shown option.

    Depends on nothing but the arguments: options are sorted by the SHA-256 of seed, sample and
    place, so every process, platform and version gives the same order.
    """
    return tuple(
        sorted(
            range(len(question.options)),
            key=lambda place: hashlib.sha256(f"{seed}\n{sample_id}\n{place}".encode()).digest(),
        )
    )


def inverse_order(order: Sequence[int]) -> tuple[int, ...]:
    """Give where each option is shown: element p is the row of the option at place p."""
    return tuple(sorted(range(len(order)), key=order.__getitem__))


def read_choice(text: str, options: Sequence[str]) -> int | None:
    """Read which of the shown options a text chooses; `None` when it does not say just one.

    Strict: only the last answer tag counts where there is one, else what stands outside of
    thinking. `B`, `(B)`, `B. <text of B>`, `the answer is B` and the full text of B choose B. Two
    letters ("A ... B"), a letter with the text of another option, and words that merely begin with
    a letter ("Anomaly") choose nothing.
    """
    answers = _ANSWER.findall(text)
    said = (answers[-1] if answers else _ASIDE.sub(" ", text)).strip()
    return _read_whole(said, options) if said else None


def _read_whole(said: str, options: Sequence[str]) -> int | None:
    texts = [plain_words(option) for option in options]
    if (whole := plain_words(said)) in texts and texts.count(whole) == 1:
        return texts.index(whole)
    leading = _LEADING.fullmatch(said)
    if leading:
        place, rest = ascii_uppercase.index(leading[1].upper()), plain_words(leading[2])
        if place < len(options) and rest in ("", texts[place]):
            return place
    letters = letters_in(said, len(options))
    named = texts_in(said, options)
    if len(letters) == 1:
        return min(letters) if named <= letters else None
    return min(named) if not letters and len(named) == 1 else None


def letters_in(text: str, count: int) -> frozenset[int]:
    """Give the places of the options that `text` names by a capital letter standing alone."""
    return frozenset(
        place
        for letter, next_word in _LETTER.findall(text)
        if (place := ascii_uppercase.index(letter)) < count
        and not (letter in "AI" and next_word and not _NO_ARTICLE_BEFORE.fullmatch(next_word))
    )


def texts_in(text: str, options: Sequence[str]) -> frozenset[int]:
    """Give the places of the options whose full words stand in `text`.

    An option that is part of a longer option found in the text is not meant by it.
    """
    said = f" {plain_words(text)} "
    places = {place: f" {plain_words(option)} " for place, option in enumerate(options)}
    found = {place: words for place, words in places.items() if words.strip() and words in said}
    return frozenset(
        place
        for place, words in found.items()
        if not any(words != other and words in other for other in found.values())
    )


def plain_words(text: str) -> str:
    """Give the words of `text` in lower case with single spaces, without punctuation."""
    return " ".join(re.findall(r"[^\W_]+", re.sub(r"['\u2019]", "", text.casefold())))
