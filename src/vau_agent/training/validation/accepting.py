"""How sure a reflection is of the answer that it judges: read off its `accept` token."""

import itertools
import math
import re
from collections.abc import Sequence
from typing import Final

from vau_agent.agent.backends.base import TokenChoice

_ACCEPT: Final = re.compile(r'"accept"\s*:\s*')


def accept_probability(tokens: Sequence[TokenChoice]) -> float | None:
    """Give the probability of `true`, as a share of what lies on `true` and `false`.

    Gives `None` when no verdict is written, or more than one is: which counts is then unclear; and
    when no token in its place begins either word.
    """
    text = "".join(token.token for token in tokens)
    marks = list(_ACCEPT.finditer(text))
    if len(marks) != 1 or marks[0].end() == len(text):
        return None
    start = marks[0].end()
    ends = list(itertools.accumulate(len(token.token) for token in tokens))
    place = next(place for place, end in enumerate(ends) if end > start)
    token = tokens[place]
    before = token.token[: start - (ends[place] - len(token.token))]
    mass = {"true": 0.0, "false": 0.0}
    for said, logprob in {**token.alternatives, token.token: token.logprob}.items():
        if not said.startswith(before) and before.strip():
            continue
        word = said.removeprefix(before).strip().lower()
        for name in mass:
            if word and (name.startswith(word) or word.startswith(name)):
                mass[name] += math.exp(logprob)
    told = sum(mass.values())
    return mass["true"] / told if told > 0 else None
