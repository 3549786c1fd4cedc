"""How VAU-R1 reads and scores answers, and how the same is done without its defects.

`compat` follows the released code (GVCLab/VAU-R1): `src/evaluation/evaluation_tag.py` for times,
the rewards `grpo_qa.py`, `grpo_gqa.py` and `grpo_cls.py` for letters, labels and classes. Where a
rule is not in the open, the docstring says "our reading". `strict` mends what is wrong there:

- letters are taken from words ("Anomaly" gives A, "Normal" gives none, so that any answer without
  a capital A to G passes for Normal);
- normals are written `0, 0` in the truth while the prompt asks for `[-1, -1]`, so that the
  obedient answer scores 0 and `[0, 0]` scores 1;
- rows without times (`-1, -1`) count as intervals.
"""

import re
from typing import Final, Literal

from vau_agent.evals.scoring.categories import plain_category
from vau_agent.schemas import Segment

Times = tuple[float, float]
Label = Literal["Anomaly", "Normal"]

CLASSES: Final = (
    "Abuse",
    "Agriculture",
    "Arrest",
    "Arson",
    "Assault",
    "Explosion",
    "Fighting",
    "Fire",
    "Food Safety",
    "Medical Abnormality",
    "Natural Hazard",
    "Normal",
    "Object_falling",
    "People_falling",
    "Robbery",
    "Shooting",
    "Stealing",
    "Traffic_accident",
    "Vandalism",
    "Water_incident",
)
NO_ANOMALY: Final = (-1.0, -1.0)
"""What the prompt asks for where nothing happens."""
MISSING: Final = (0.0, 0.0)
"""What `compat` puts where no times can be read."""

_ANSWER: Final = re.compile(r"<answer>(.*?)</answer>", re.DOTALL)
_LETTER: Final = re.compile(r"[A-G]")
_GLUE: Final = re.compile(r"<glue>(.*?)</glue>")
_STRICT_GLUE: Final = re.compile(r"<glue>\s*\[([^\[\]]*)\]\s*</glue>", re.DOTALL)
_BRACKETS: Final = re.compile(r"\[(.*?)\]")
_STRAY: Final = re.compile(r"[^0-9:.,-]")
_CLOCK: Final = re.compile(r"(?:(\d{1,2}):)?(\d{1,2}):(\d{1,2}(?:\.\d{1,6})?)")
_NUMBER: Final = re.compile(r"-?(?:\d+(?:\.\d*)?|\.\d+)")


def answer_of(text: str) -> str:
    """Return what stands in the first answer tag; the whole text where there is none."""
    found = _ANSWER.search(text)
    return (found[1] if found else text).strip()


def compat_letter(text: str) -> str | None:
    """Return the first capital A to G of the answer, wherever it stands."""
    found = _LETTER.search(answer_of(text))
    return found[0] if found else None


def compat_class(text: str) -> str | None:
    """Return the class whose name comes first in the answer, ignoring case (our reading)."""
    said = answer_of(text).casefold()
    found = [(place, name) for name in CLASSES if (place := said.find(name.casefold())) >= 0]
    return min(found)[1] if found else None


def strict_class(text: str) -> str | None:
    """Return the class that the answer names, and nothing but it; spelling of spaces is free."""
    said = plain_category(answer_of(text).strip(" .\"'"))
    return next((name for name in CLASSES if plain_category(name) == said), None)


def compat_label_is_right(text: str, truth: Label) -> bool:
    """Compare the letters of answer and truth, as the grounding reward does; see the module."""
    return compat_letter(text) == compat_letter(truth)


def strict_label(text: str) -> Label | None:
    """Return the word that the answer tag holds; `None` when it is neither or there is no tag."""
    found = _ANSWER.search(text)
    said = found[1].strip(" \n\t.\"'").casefold() if found else ""
    return "Anomaly" if said == "anomaly" else "Normal" if said == "normal" else None


def compat_times(text: str) -> Times:
    """Return the times in the glue tag, else in the first brackets; (0, 0) where none can be read.

    Everything but digits and `:.,-` is dropped first; `mm:ss` and `hh:mm:ss` are read where both
    times are written so. Where the released code ends with an error, this is (0, 0) too.
    """
    found = _GLUE.search(text) or _BRACKETS.search(text)
    parts = _STRAY.sub("", found[1]).split(",") if found else []
    if len(parts) != 2:
        return MISSING
    both_clocks = all(":" in part for part in parts)
    times = [_clock(part) if both_clocks else _number(part) for part in parts]
    start, end = times
    return MISSING if start is None or end is None else (start, end)


def strict_times(text: str) -> Times | None:
    """Return the times in the glue tag, the only place for them; `None` where none can be read.

    Plain seconds or clock times, not reversed and not negative, or [-1, -1] for no anomaly.
    """
    found = _STRICT_GLUE.search(text)
    parts = [part.strip() for part in found[1].split(",")] if found else []
    if len(parts) != 2:
        return None
    start, end = (_clock(part) if ":" in part else _number(part) for part in parts)
    if start is None or end is None:
        return None
    return (start, end) if 0 <= start < end or (start, end) == NO_ANOMALY else None


def compat_iou(predicted: Times, truth: Times) -> float:
    """Return the overlap over the hull of both; 0 for a prediction that ends where it starts.

    Truth without times, (-1, -1), is an interval like any other.
    """
    if predicted[0] == predicted[1]:
        return 0.0
    return _over_hull(predicted, truth, empty=0.0)


def reward_iou(predicted: Times | None, truth: Times) -> float:
    """Return the IoU term of the grounding reward, 0..1.

    Both (-1, -1) is 1, one of them 0, a union of no length 1; `None`, unreadable, is 0.
    """
    if predicted is None:
        return 0.0
    if NO_ANOMALY in (predicted, truth):
        return float(predicted == truth)
    return _over_hull(predicted, truth, empty=1.0)


def strict_iou(predicted: Times | None, truth: Segment | None) -> float:
    """Return the exact IoU; 1 for [-1, -1] where nothing happens, 0 for what cannot be read."""
    if predicted is None:
        return 0.0
    if truth is None or predicted == NO_ANOMALY:
        return float(truth is None and predicted == NO_ANOMALY)
    return Segment(start=predicted[0], end=predicted[1]).iou(truth)


def _over_hull(one: Times, other: Times, *, empty: float) -> float:
    hull = max(one[1], other[1]) - min(one[0], other[0])
    shared = min(one[1], other[1]) - max(one[0], other[0])
    return max(0.0, shared) / hull if hull > 0 else empty


def _clock(text: str) -> float | None:
    found = _CLOCK.fullmatch(text)
    if found is None:
        return None
    hours, minutes, seconds = found.groups()
    return 3600 * int(hours or 0) + 60 * int(minutes) + float(seconds)


def _number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) and len(text) < 20 else None
