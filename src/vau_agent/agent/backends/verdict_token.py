"""Finds, among the tokens of a completion, the one that begins its verdict."""

import itertools
import re
from collections.abc import Sequence
from typing import Final

from vau_agent.agent.backends.base import TokenChoice

_TAG: Final = re.compile(r"<answer>\s*")
_FIELD: Final = re.compile(r'"answer"\s*:\s*"\s*')


def find_verdict_token(tokens: Sequence[TokenChoice]) -> TokenChoice | None:
    """Give the first token after `<answer>`, or after `"answer": "` when the text is an object.

    Tokens may cut the tag anywhere. Where one token ends the tag and begins the verdict, what
    stands before the verdict is taken off it, and of the alternatives those are kept that end the
    tag in the same way. White space between the tag and the verdict is passed over.

    Gives `None` when no verdict begins, or more than one does: which counts is then unclear.
    """
    text = "".join(token.token for token in tokens)
    marks = list((_FIELD if text.lstrip().startswith("{") else _TAG).finditer(text))
    if len(marks) != 1:
        return None
    start = marks[0].end()
    if start == len(text) or text[start] in '<"':
        return None
    ends = list(itertools.accumulate(len(token.token) for token in tokens))
    place = next(place for place, end in enumerate(ends) if end > start)
    token = tokens[place]
    return _without_prefix(token, start - (ends[place] - len(token.token)))


def _without_prefix(token: TokenChoice, length: int) -> TokenChoice:
    prefix = token.token[:length]
    if not prefix.strip():  # " normal" stays as it is: so do its alternatives, spaced or not
        return token
    return TokenChoice(
        token=token.token[length:],
        logprob=token.logprob,
        alternatives={
            text[length:]: logprob
            for text, logprob in token.alternatives.items()
            if text.startswith(prefix) and text != prefix
        },
    )
