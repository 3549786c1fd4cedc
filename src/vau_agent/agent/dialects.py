"""How a model is spoken to: the wording of its tasks, of evidence, and of what announces a frame.

`FULL` explains everything, for models that follow instructions. `COMPACT` says the same to a small
model that was trained on it: no rules and no tables, and frames between the times at which one
gives way to the next, so that an interval can be copied instead of computed. What is answered has
the same tags in both, and one parser reads it.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import ClassVar, Final

from vau_agent.agent.conversation import EvidencePart, FramePart, Part, TextPart
from vau_agent.agent.evidence import one_line, quote_data, render_evidence
from vau_agent.agent.profile import PromptStyle
from vau_agent.agent.prompting import PromptName, load_prompt
from vau_agent.schemas import Candidate, Evidence, FrameRef, Segment, ToolResult

DETECT: Final = "detect"
"""The tool whose measurements the compact dialect tells: a detector that came with the model."""
MAX_DETECTED: Final = 3
"""Candidates of one measurement that it tells, strongest first."""


class Dialect(ABC):
    """One way to speak to a model."""

    style: ClassVar[PromptStyle]
    knows_objects: ClassVar[bool]
    """Whether a second try may be held to JSON; a small model knows its tags alone."""

    def ask(self, name: PromptName, **values: str) -> str:
        """Write a prompt; a shorter wording takes fewer of the values.

        Raises:
            ValueError: A value is missing.
        """
        prompt = load_prompt(name, self.style)
        return prompt.render(**{key: values[key] for key in prompt.wanted & values.keys()})

    def span(self, segment: Segment) -> dict[str, str]:
        """Write where a segment starts and ends, by the names that prompts call them."""
        return {"start": self.time(segment.start), "end": self.time(segment.end)}

    @abstractmethod
    def time(self, seconds: float) -> str:
        """Write a time of the video."""

    @abstractmethod
    def show(
        self, evidence: Sequence[Evidence], *, known: Collection[str], fence: str
    ) -> tuple[Part, ...]:
        """Give evidence and its frames in time order; a picture is shown once.

        Args:
            evidence: Oldest first.
            known: Ids of frames that the conversation shows already.
            fence: Word that fences quoted data (see `evidence_fence`).
        """

    @abstractmethod
    def failure(self, result: ToolResult) -> str:
        """Say that a look brought nothing."""


class _Full(Dialect):
    style = "full"
    knows_objects = True

    def time(self, seconds: float) -> str:
        return f"{seconds:.2f}"

    def show(
        self, evidence: Sequence[Evidence], *, known: Collection[str], fence: str
    ) -> tuple[Part, ...]:
        tables = [
            EvidencePart(evidence=one, text=quote_data(render_evidence(one), fence))
            for one in evidence
        ]
        frames = _in_order([frame for one in evidence for frame in one.frames])
        new = (frame for frame in frames if frame.frame_id not in known)
        return (*tables, *(FramePart(frame=frame) for frame in new))

    def failure(self, result: ToolResult) -> str:
        return f"{result.call.tool} brought nothing: {result.error or 'no evidence'}"


class _Compact(Dialect):
    style = "compact"
    knows_objects = False

    def time(self, seconds: float) -> str:
        return f"{seconds:.1f}"

    def show(
        self, evidence: Sequence[Evidence], *, known: Collection[str], fence: str
    ) -> tuple[Part, ...]:
        parts: list[Part] = []
        shown = set(known)
        for one in evidence:
            parts.append(EvidencePart(evidence=one, text="\n".join(self._detected(one))))
            parts.extend(self._between_times(one, shown))
            shown.update(frame.frame_id for frame in one.frames)
        return tuple(parts)

    def failure(self, result: ToolResult) -> str:
        return f"{one_line(result.call.tool)} nothing"

    def _detected(self, evidence: Evidence) -> list[str]:
        lines: list[str] = []
        for measurement in evidence.measurements:
            if measurement.tool != DETECT:
                continue
            strongest = sorted(measurement.candidates, key=lambda one: -one.score)
            lines.extend(self._candidate(one) for one in strongest[:MAX_DETECTED])
            if not strongest:
                lines.append(f"{DETECT} nothing")
        return lines

    def _candidate(self, candidate: Candidate) -> str:
        name, probability = _strongest(candidate.cues)
        start, end = self.span(candidate.segment).values()
        return f"{DETECT} {start}-{end} {one_line(name)} {probability:.2f}"

    def _between_times(self, evidence: Evidence, shown: Collection[str]) -> list[Part]:
        """Write each frame after the time from which it stands, and at last the window's end.

        Of a frame that was shown before, the id is enough.
        """
        frames = _in_order(evidence.frames)
        if not frames:
            return []
        middles = [(one.timestamp + other.timestamp) / 2 for one, other in pairwise(frames)]
        parts: list[Part] = []
        for frame, start in zip(frames, (evidence.window.start, *middles), strict=True):
            text = f"{self.time(start)} {frame.frame_id}"
            known = frame.frame_id in shown
            parts.append(TextPart(text=text) if known else FramePart(frame=frame, text=text))
        return [*parts, TextPart(text=self.time(evidence.window.end))]


FULL: Final[Dialect] = _Full()
COMPACT: Final[Dialect] = _Compact()
_DIALECTS: Final[Mapping[PromptStyle, Dialect]] = {one.style: one for one in (FULL, COMPACT)}


def find_dialect(style: PromptStyle) -> Dialect:
    """Give the dialect of a style."""
    return _DIALECTS[style]


def _in_order(frames: Sequence[FrameRef]) -> list[FrameRef]:
    """Give frames in time order, each once."""
    by_id = {frame.frame_id: frame for frame in frames}
    return sorted(by_id.values(), key=lambda frame: frame.timestamp)


def _strongest(cues: Mapping[str, float]) -> tuple[str, float]:
    return max(cues.items(), key=lambda cue: cue[1], default=("something", 0.0))
