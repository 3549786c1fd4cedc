"""The words of rows that do not come from a scene: what is said of an answer, and of a window."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal

from vau_agent.schemas import Candidate, Segment, Verdict
from vau_agent.tools.detection import category_of

Doubt = Literal["category", "time", "missed", "false alarm"]

DOUBTS: Final[Mapping[Doubt, str]] = MappingProxyType(
    {
        "category": "another category",
        "time": "another time",
        "missed": "something may happen",
        "false alarm": "nothing may happen",
    }
)
"""What a reflection writes that it doubts."""
FALSE_ALARMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "fighting": "Two people fight",
        "fall": "A person falls and stays down",
        "robbery": "A person snatches a bag and runs",
        "vandalism": "A person damages something",
        "road accident": "Two vehicles collide",
        "fire": "Something burns",
        "explosion": "Something explodes",
        "abandoned object": "Somebody leaves a bag behind",
        "intrusion": "A person climbs into a closed area",
        "crowd panic": "A crowd runs away",
    }
)
"""What a wrong first answer says it sees, of a category that no clip at hand shows."""
NOTHING: Final = "Nothing unusual happens"
UNDECIDED: Final = "Too little of it is visible"


def compare(said: Verdict, measured: Sequence[Candidate] | None) -> str:
    """Put an answer beside the strongest measurement; the verdict on it is another matter.

    What it says follows from the conversation alone, so that the acceptance after it is free to be
    as certain as the measurement deserves.
    """
    answer = said.category or "normal"
    if measured is None:
        return f"Said {answer}, not measured."
    strongest = next(iter(measured), None)
    found = "normal" if strongest is None else category_of(strongest)
    return f"Said {answer}, measured {found}: {_agreement(said, strongest, found)}."


def _agreement(said: Verdict, strongest: Candidate | None, found: str) -> str:
    if (said.category or "normal") != found:
        return "differs"
    if strongest is None or said.segment is None:
        return "same"
    return "same" if said.segment.iou(strongest.segment) >= 0.5 else "other time"


def question_and_answer(
    asks: Literal["what", "when", "where", "whether"], *, caption: str, place: str, verdict: Verdict
) -> tuple[str, str]:
    """Give a question about a judged window and the sentence that answers it."""
    if asks == "where":
        return "Where is this?", f"It is {place}"
    if asks == "whether":
        seen = "Yes" if verdict.category else "No"
        return "Does anything abnormal happen?", f"{seen}: {_lower(caption)}"
    if asks == "when" and verdict.segment is not None:
        return "When does it happen?", f"From {_span(verdict.segment)} s"
    if asks == "when":
        return "When does it happen?", NOTHING
    return "What happens?", caption


def _span(segment: Segment) -> str:
    return f"{segment.start:.1f} to {segment.end:.1f}"


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
