"""First and last answers of rows: the right one with times to copy, and wrong ones of every kind.

An answer is right when its category is, and its interval overlaps the truth by half at least; that
is what a reflection learns to tell.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Final, Self

import numpy as np

from vau_agent.schemas import Claim, Evidence, FrameRef, Reasoning, Segment, Verdict
from vau_agent.tools.detection import category_of
from vau_agent.training.openings import Opening
from vau_agent.training.scenes.splits import TRAINED_CATEGORIES
from vau_agent.training.scenes.truth import SceneTruth
from vau_agent.training.wording import FALSE_ALARMS, NOTHING, Doubt

RIGHT_IOU: Final = 0.5
FOLLOWED: Final = 0.7
"""Share of wrong first answers that repeat a wrong measurement, where there is one."""
_CITED: Final = 2
_TRIES: Final = 20
NORMAL: Final = Verdict(label="normal")


def is_right(verdict: Verdict, truth: SceneTruth) -> bool:
    """Tell whether a verdict would be accepted."""
    return doubt(verdict, truth) is None


def doubt(verdict: Verdict, truth: SceneTruth) -> Doubt | None:
    """Say what is wrong with a verdict; `None` when nothing is."""
    if truth.segment is None:
        return None if verdict.category is None else "false alarm"
    if verdict.category is None or verdict.segment is None:
        return "missed"
    if verdict.category != truth.category:
        return "category"
    return None if verdict.segment.iou(truth.segment) >= RIGHT_IOU else "time"


def right_verdict(opening: Opening, evidence: Sequence[Evidence], *, copied_iou: float) -> Verdict:
    """Give the verdict to learn: its times are written in the evidence.

    A measured segment of the right category that overlaps the truth by `copied_iou` is copied; else
    the times between frames that lie nearest to the truth are.
    """
    truth = opening.truth
    if truth.segment is None:
        return NORMAL
    measured = [
        one.segment
        for measurement in evidence[-1].measurements
        for one in measurement.candidates
        if category_of(one) == truth.category and one.segment.iou(truth.segment) >= copied_iou
    ]
    if measured:
        return anomalous(truth.category or "", max(measured, key=truth.segment.iou))
    times = [time for one in evidence for time in written_times(one)]
    start = min(times, key=lambda time: abs(time - truth.segment.start))  # type: ignore[union-attr] # not None above
    end = min(
        (time for time in times if time > start),
        key=lambda time: abs(time - truth.segment.end),  # type: ignore[union-attr] # not None above
        default=start,
    )
    if end <= start:
        start = max((time for time in times if time < end), default=evidence[0].window.start)
    return anomalous(truth.category or "", Segment(start=start, end=end))


def written_times(evidence: Evidence) -> tuple[float, ...]:
    """Give the times between which its frames stand, as the compact prompts write them."""
    stamps = sorted(frame.timestamp for frame in evidence.frames)
    middles = ((one + other) / 2 for one, other in pairwise(stamps))
    window = evidence.window
    return tuple(round(time, 1) for time in (window.start, *middles, window.end))


def anomalous(category: str, segment: Segment) -> Verdict:
    """Give a verdict whose times have one decimal, like all that are written."""
    start, end = round(segment.start, 1), round(segment.end, 1)
    if end <= start:
        end = round(start + 0.1, 1)
    return Verdict(label="anomalous", category=category, segment=Segment(start=start, end=end))


def explain(verdict: Verdict, caption: str, frames: Sequence[FrameRef]) -> Reasoning:
    """Put a caption before a verdict, with the frames that show it."""
    claim = Claim(text=caption.rstrip("."), frames=cited(verdict.segment, frames))
    return Reasoning(claims=(claim,), verdict=verdict)


def cited(segment: Segment | None, frames: Sequence[FrameRef]) -> tuple[str, ...]:
    """Give the first and last frame within a segment, or the one nearest to it."""
    shown = sorted(frames, key=lambda frame: frame.timestamp)
    if not shown:
        return ()
    if segment is None:
        return (shown[len(shown) // 2].frame_id,)
    inside = [frame.frame_id for frame in shown if segment.contains(frame.timestamp)]
    if not inside:
        middle = (segment.start + segment.end) / 2
        return (min(shown, key=lambda frame: abs(frame.timestamp - middle)).frame_id,)
    return tuple(dict.fromkeys((inside[0], inside[-1])))[:_CITED]


@dataclass(frozen=True, kw_only=True, slots=True)
class CaptionBook:
    """Captions of all clips by category, so that a wrong answer reads like a right one."""

    truths: Mapping[str | None, tuple[SceneTruth, ...]]

    @classmethod
    def of(cls, truths: Iterable[SceneTruth]) -> Self:
        """Sort what is true of clips by category."""
        sorted_: dict[str | None, list[SceneTruth]] = {}
        for truth in truths:
            sorted_.setdefault(truth.category, []).append(truth)
        return cls(truths={category: tuple(some) for category, some in sorted_.items()})

    def draw(self, category: str | None, place: str, chance: np.random.Generator) -> str:
        """Give the caption of some clip of a category, as if it had been seen at a place."""
        some = self.truths.get(category, ())
        if not some:
            return FALSE_ALARMS.get(category or "", NOTHING)
        fitting = [one for one in some if one.place == place] or some
        drawn = fitting[int(chance.integers(len(fitting)))]
        return drawn.caption.replace(drawn.place, place)


def wrong_answer(opening: Opening, chance: np.random.Generator, captions: CaptionBook) -> Reasoning:
    """Draw a wrong first answer: what a wrong measurement says, or a mistake of some other kind."""
    truth, window = opening.truth, opening.window
    followed = _measured_verdict(opening)
    if followed is not None and not is_right(followed, truth) and chance.random() < FOLLOWED:
        verdict = followed
    elif truth.segment is None or truth.category is None:
        verdict = anomalous(str(chance.choice(TRAINED_CATEGORIES)), _any_segment(window, chance))
    else:
        make = _MISTAKES[str(chance.choice(tuple(_MISTAKES)))]
        verdict = make(truth.category, truth.segment, window, chance)
        if is_right(verdict, truth):
            verdict = NORMAL
    same = verdict.category is not None and verdict.category == truth.category
    caption = truth.caption if same else captions.draw(verdict.category, truth.place, chance)
    return explain(verdict, caption, opening.evidence.frames)


def _measured_verdict(opening: Opening) -> Verdict | None:
    """Give the verdict that repeats the strongest measurement; `None` where none was told."""
    told = opening.evidence.measurements
    if not told:
        return None
    measured = told[0].candidates
    if not measured:
        return NORMAL
    return anomalous(category_of(measured[0]), measured[0].segment)


def _any_segment(window: Segment, chance: np.random.Generator) -> Segment:
    length = window.duration * float(chance.uniform(0.15, 0.8))
    start = window.start + float(chance.uniform(0, window.duration - length))
    return Segment(start=start, end=start + length)


def _another_category(
    category: str, segment: Segment, window: Segment, chance: np.random.Generator
) -> Verdict:
    others = [one for one in TRAINED_CATEGORIES if one != category]
    return anomalous(str(chance.choice(others)), segment)


def _another_time(
    category: str, segment: Segment, window: Segment, chance: np.random.Generator
) -> Verdict:
    """Shift, stretch or shorten until it overlaps the truth by less than half."""
    for _ in range(_TRIES):
        other = _any_segment(window, chance)
        if other.iou(segment) < RIGHT_IOU - 0.1:
            return anomalous(category, other)
    return NORMAL


def _nothing_seen(
    category: str, segment: Segment, window: Segment, chance: np.random.Generator
) -> Verdict:
    return NORMAL


_MISTAKES: Final[Mapping[str, Callable[[str, Segment, Segment, np.random.Generator], Verdict]]] = (
    MappingProxyType(
        {"category": _another_category, "time": _another_time, "missed": _nothing_seen}
    )
)
