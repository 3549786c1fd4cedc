"""How the answer about each window came to be: first answer, second looks, final answer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from vau_agent.reports.chart import Mark, place
from vau_agent.reports.times import span
from vau_agent.results import StageRecord
from vau_agent.schemas import Segment, Stage, Verdict

STAGE_NAMES: Final[dict[Stage, str]] = {
    "initial_reason": "First reasoning",
    "self_reflect": "Reflection",
    "verify": "Blind second look",
    "revise": "Revised reasoning",
    "answer": "Answer",
}
UNSAID: Final = "not stated"


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One field of the verdict before and after reflection."""

    field: str
    before: str
    after: str

    @property
    def changed(self) -> bool:
        """Tell whether reflection changed it."""
        return self.before != self.after


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """The segment that one stage named, on the window's own axis."""

    stage: str
    mark: Mark | None
    """`None` when the stage named no segment."""
    words: str


@dataclass(frozen=True, kw_only=True, slots=True)
class WindowStory:
    """Everything said about one window, in order."""

    window: Segment
    stages: tuple[StageRecord, ...]
    changes: tuple[Change, ...]
    """Empty when only one verdict was given."""
    bars: tuple[Bar, ...]

    @property
    def changed(self) -> bool:
        """Tell whether the last verdict differs from the first."""
        return any(change.changed for change in self.changes)

    @property
    def seconds(self) -> float:
        """Time the policy took over the window."""
        return sum(stage.seconds for stage in self.stages)


def window_stories(stages: Iterable[StageRecord]) -> tuple[WindowStory, ...]:
    """Group stages by their window, in time order, and compare first and last verdict."""
    groups: dict[tuple[float, float], list[StageRecord]] = {}
    for stage in stages:
        groups.setdefault((stage.window.start, stage.window.end), []).append(stage)
    return tuple(_story(groups[key]) for key in sorted(groups))


def _story(stages: Sequence[StageRecord]) -> WindowStory:
    window = stages[0].window
    answers = [
        (stage, stage.verdict)
        for stage in stages
        if stage.verdict is not None and stage.stage != "answer"
    ]
    own = [verdict for stage, verdict in answers if stage.stage != "verify"]
    return WindowStory(
        window=window,
        stages=tuple(stages),
        changes=_changes(own[0], own[-1]) if len(own) > 1 else (),
        bars=tuple(_bar(stage, verdict, window) for stage, verdict in answers),
    )


def _changes(before: Verdict, after: Verdict) -> tuple[Change, ...]:
    old, new = _fields(before), _fields(after)
    return tuple(Change(field=name, before=old[name], after=new[name]) for name in old)


def _fields(verdict: Verdict) -> dict[str, str]:
    segment, confidence = verdict.segment, verdict.confidence
    return {
        "Label": verdict.label,
        "Category": verdict.category or "none",
        "Segment": span(segment.start, segment.end) if segment else "none",
        "Confidence": UNSAID if confidence is None else f"{confidence:.2f}",
    }


def _bar(stage: StageRecord, verdict: Verdict, window: Segment) -> Bar:
    words = verdict.label if verdict.category is None else f"{verdict.label}: {verdict.category}"
    return Bar(
        stage=STAGE_NAMES[stage.stage],
        mark=place(verdict.segment, window) if verdict.segment else None,
        words=words,
    )
