"""Follow-up questions about a scene, each with four options of which one is right."""

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np

from vau_agent.training.scenes.splits import HELD_OUT_CATEGORIES, PLACES, TRAINED_CATEGORIES
from vau_agent.training.scenes.truth import Question, SceneTruth

_NORMAL: Final = "nothing unusual"
_WHATS: Final = (*TRAINED_CATEGORIES, *HELD_OUT_CATEGORIES, _NORMAL)
_NUMBERS: Final = ("one", "two", "three", "four", "five", "six", "seven", "eight")
_MANY: Final = "more than eight"
_THIRDS: Final = ("at the beginning", "in the middle", "near the end")

_Asks = Literal["what", "who", "when", "where", "how many"]


def ask(truth: SceneTruth, duration_s: float, rng: np.random.Generator) -> tuple[Question, ...]:
    """Return the questions that `truth` answers."""
    found = [
        _choose("what", "What happens?", truth.category or _NORMAL, _WHATS, rng),
        _choose("where", "Where is this?", truth.place, tuple(PLACES), rng),
    ]
    people = [one for one in truth.actors if one.startswith("person")]
    if people:
        count = _NUMBERS[len(people) - 1] if len(people) <= len(_NUMBERS) else _MANY
        found.append(
            _choose("how many", "How many people take part?", count, (*_NUMBERS, _MANY), rng)
        )
    if truth.actors:
        found.append(_choose("who", "Who or what takes part?", _who(truth), _WHO, rng))
    if truth.segment is not None:
        wanted = _when(truth.segment.start, duration_s)
        options = (*_THIRDS, "never")
        found.append(_choose("when", "When does it begin?", wanted, options, rng))
    return tuple(found)


_WHO: Final = ("people", "a vehicle", "people and a vehicle", "a thing", "people and a thing")


def _who(truth: SceneTruth) -> str:
    words = {name.split()[0] for name in truth.actors}
    people = "person" in words
    vehicle = bool(words & {"car", "cyclist"})
    if people:
        return "people and a vehicle" if vehicle else _people(words)
    return "a vehicle" if vehicle else "a thing"


def _people(words: set[str]) -> str:
    return "people and a thing" if words - {"person"} else "people"


def _when(start: float, duration_s: float) -> str:
    return _THIRDS[min(2, int(3 * start / duration_s))]


def _choose(
    asks: _Asks, text: str, right: str, family: Sequence[str], rng: np.random.Generator
) -> Question:
    """Return a question with three wrong options out of `family`, in random order."""
    wrong = [one for one in family if one != right]
    options = [right, *(wrong[int(k)] for k in rng.permutation(len(wrong))[:3])]
    order = rng.permutation(4).tolist()
    one, two, three, four = (options[place] for place in order)
    return Question(asks=asks, text=text, options=(one, two, three, four), answer=order.index(0))
