"""Rows of training: whole dialogues of the agent, made by its own policy code.

Each turn is asked by `Policy` of a backend that writes what is to be learned, so that a prompt of
training equals the one of an analysis to the letter. A dialogue teaches every completion that is
right: the first answer when it is, the reflection on it, and what is decided after the look that
the reflection asked for. A wrong first answer is read and never learned.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Final, Literal, get_args

import numpy as np

from vau_agent.agent.backends.scripted import ScriptedBackend
from vau_agent.agent.conversation import Conversation
from vau_agent.agent.parsing import (
    render_answer,
    render_reasoning,
    render_reflection,
    render_verification,
)
from vau_agent.agent.policy import Policy
from vau_agent.agent.profile import ModelProfile
from vau_agent.schemas import (
    Claim,
    Evidence,
    Reasoning,
    Reflection,
    Segment,
    ToolCall,
    ToolResult,
    Verdict,
    Verification,
)
from vau_agent.tools.detection import Rule
from vau_agent.training.answers import (
    CaptionBook,
    cited,
    doubt,
    explain,
    is_right,
    right_verdict,
    wrong_answer,
)
from vau_agent.training.clips import ClipStore
from vau_agent.training.config import ClipRange, RowsConfig
from vau_agent.training.detections import Detect
from vau_agent.training.openings import Opening, draw_opening
from vau_agent.training.wording import (
    DOUBTS,
    NOTHING,
    UNDECIDED,
    compare,
    question_and_answer,
)

Asks = Literal["what", "when", "where", "whether"]
RUN_ID: Final = "training"
_SECOND_CHECK: Final = 0.5
"""Share of revised answers that are checked, and accepted, as the agent does."""
_LEAST_SEEN: Final = 0.5
"""Share of an event that a second look has to show, else it abstains."""
_NARROW: Final = 0.5
"""Share of second looks at some part of the window, not at the event."""

_ANY: Final = Reasoning(claims=(Claim(text="Anything"),), verdict=Verdict(label="normal"))

OwnAnswers = Mapping[str, Reasoning]
"""First answers that a policy wrote itself, by `opening_key`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One dialogue, and which of its messages are to be learned."""

    conversation: Conversation
    learned: tuple[int, ...]
    """Places of assistant messages, ascending."""


@dataclass(frozen=True, kw_only=True)
class RowMaker:
    """Makes the rows of a store of clips; equal seeds give equal rows."""

    store: ClipStore
    clips: ClipRange
    config: RowsConfig
    profile: ModelProfile
    detect: Detect
    rule: Rule = field(default_factory=Rule)
    seed: int = 0
    own: OwnAnswers = field(default_factory=lambda: MappingProxyType({}))

    @cached_property
    def captions(self) -> CaptionBook:
        """What is said of the clips that are learned from."""
        places = self.clips.places(len(self.store))
        return CaptionBook.of(self.store.records[place].truth for place in places)

    def rows(self) -> Iterator[Row]:
        """Make every row, clip after clip, then all again for the next variant."""
        for variant in range(self.config.variants):
            for place in self.clips.places(len(self.store)):
                yield self.row(place, variant)

    def row(self, place: int, variant: int) -> Row:
        """Make one row."""
        opening, chance = self._open(place, variant)
        if chance.random() < self.config.verified:
            return self._teacher().verify(opening, chance)
        own = self.own.get(opening_key(place, variant))
        return self._teacher().converse(opening, chance, own)

    def asked(self) -> Iterator[tuple[str, Conversation]]:
        """Give the question that every row opens with and its key, for a policy to answer."""
        for variant in range(self.config.variants):
            for place in self.clips.places(len(self.store)):
                opening = self.opening(place, variant)
                backend = ScriptedBackend([render_reasoning(_ANY)], profile=self.profile)
                Policy(backend=backend, run_id=RUN_ID).initial_reason(opening.evidence)
                yield opening_key(place, variant), backend.requests[0]

    def opening(self, place: int, variant: int) -> Opening:
        """Draw what a row begins with."""
        return self._open(place, variant)[0]

    def _open(self, place: int, variant: int) -> tuple[Opening, np.random.Generator]:
        chance = np.random.default_rng((self.seed, variant, place))
        opening = draw_opening(
            self.store[place],
            place,
            chance,
            detect=self.detect,
            rule=self.rule,
            config=self.config,
            profile=self.profile,
        )
        return opening, chance

    def _teacher(self) -> "_Teacher":
        return _Teacher(profile=self.profile, config=self.config, captions=self.captions)


def opening_key(place: int, variant: int) -> str:
    """Name an opening within one seed."""
    return f"{place}.{variant}"


@dataclass(kw_only=True)
class _Lesson:
    """A dialogue while it grows."""

    opening: Opening
    evidence: list[Evidence]
    conversation: Conversation = field(default_factory=Conversation)
    learned: list[int] = field(default_factory=list)

    def add(self, conversation: Conversation, *, is_learned: bool = True) -> None:
        self.conversation = conversation
        if is_learned:
            self.learned.append(len(conversation.messages) - 1)

    def row(self) -> Row:
        return Row(conversation=self.conversation, learned=tuple(self.learned))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Teacher:
    """Leads dialogues through the policy, and knows what is to be answered."""

    profile: ModelProfile
    config: RowsConfig
    captions: CaptionBook

    def converse(self, opening: Opening, chance: np.random.Generator, own: Reasoning | None) -> Row:
        """First answer; then, for a share, reflection and what follows from it; then a question."""
        lesson = _Lesson(opening=opening, evidence=[opening.evidence])
        reflects = chance.random() < self.config.reflected
        first = target = self._right(lesson)
        if reflects and own is not None:
            first = own
        elif reflects and chance.random() < self.config.wrong:
            first = wrong_answer(opening, chance, self.captions)
        turn = self._policy(render_reasoning(first)).initial_reason(opening.evidence)
        lesson.add(turn.conversation, is_learned=first is target)
        decided = self._reflect_on(lesson, first, chance) if reflects else first
        if chance.random() < self.config.asked and is_right(decided.verdict, opening.truth):
            self._ask(lesson, decided, chance)
        return lesson.row()

    def verify(self, opening: Opening, chance: np.random.Generator) -> Row:
        """Judge a look without any answer before it; abstain when it shows too little."""
        segment = opening.truth.segment
        if segment is None or chance.random() < _NARROW:
            third = opening.window.duration * float(chance.uniform(0.3, 1.0))
            start = opening.window.start + float(chance.uniform(0, opening.window.duration - third))
            segment = Segment(start=start, end=start + third)
        evidence = opening.look(opening.around(segment))
        target = self._verification(opening, evidence)
        turn = self._policy(render_verification(target)).verify([evidence])
        lesson = _Lesson(opening=opening, evidence=[evidence])
        lesson.add(turn.conversation)
        return lesson.row()

    def _reflect_on(
        self, lesson: _Lesson, first: Reasoning, chance: np.random.Generator
    ) -> Reasoning:
        """Check an answer, and decide again where it is doubted; give what stands."""
        found = doubt(first.verdict, lesson.opening.truth)
        is_doubted = found is None and chance.random() < self.config.doubted
        look = self._look_for(lesson.opening, first.verdict)
        if found is None and not is_doubted:
            self._check(lesson, first.verdict, lesson.opening.held_back)
            return first
        words = () if found is None else (DOUBTS[found],)
        self._check(
            lesson,
            first.verdict,
            lesson.opening.held_back,
            look=look,
            doubts=words,
            is_learned=not is_doubted,
        )
        revised = self._revise(lesson, look)
        if chance.random() < _SECOND_CHECK:
            self._check(lesson, revised.verdict)
        return revised

    def _check(
        self,
        lesson: _Lesson,
        said: Verdict,
        told: Sequence[Evidence] = (),
        *,
        look: Segment | None = None,
        doubts: tuple[str, ...] = (),
        is_learned: bool = True,
    ) -> None:
        measured = lesson.opening.candidates(lesson.evidence[-1].window)
        target = Reflection(
            text=compare(said, measured),
            accept=look is None,
            doubts=doubts,
            calls=() if look is None else (_zoom(look),),
        )
        text = render_reflection(target, brief=True)
        turn = self._policy(text).self_reflect(lesson.conversation, told)
        lesson.add(turn.conversation, is_learned=is_learned)

    def _revise(self, lesson: _Lesson, look: Segment) -> Reasoning:
        lesson.evidence.append(lesson.opening.look(look))
        target = self._right(lesson)
        result = ToolResult(call=_zoom(look), evidence=lesson.evidence[-1])
        turn = self._policy(render_reasoning(target)).revise(lesson.conversation, [result])
        lesson.add(turn.conversation)
        return target

    def _ask(self, lesson: _Lesson, decided: Reasoning, chance: np.random.Generator) -> None:
        truth, verdict = lesson.opening.truth, decided.verdict
        asks: Asks = get_args(Asks)[int(chance.integers(len(get_args(Asks))))]
        question, sentence = question_and_answer(
            asks, caption=truth.caption, place=truth.place, verdict=verdict
        )
        frames = cited(verdict.segment, lesson.conversation.frames)
        text = render_answer((Claim(text=sentence.rstrip("."), frames=frames),))
        turn = self._policy(text).answer(lesson.conversation, question)
        lesson.add(turn.conversation)

    def _right(self, lesson: _Lesson) -> Reasoning:
        opening = lesson.opening
        verdict = right_verdict(opening, lesson.evidence, copied_iou=self.config.copied_iou)
        frames = [frame for one in lesson.evidence for frame in one.frames]
        return explain(verdict, opening.truth.caption, frames)

    def _verification(self, opening: Opening, evidence: Evidence) -> Verification:
        segment = opening.truth.segment
        shown = 0.0 if segment is None else segment.overlap(evidence.window) / segment.duration
        if not evidence.frames or 0 < shown < _LEAST_SEEN:
            return Verification(text=f"{UNDECIDED}.", verdict=None)
        if shown == 0:
            caption = opening.truth.caption if segment is None else NOTHING
            verdict = Verdict(label="normal")
        else:
            caption = opening.truth.caption
            verdict = right_verdict(opening, [evidence], copied_iou=self.config.copied_iou)
        frames = " ".join(cited(verdict.segment, evidence.frames))
        return Verification(text=f"{caption.rstrip('.')}. [{frames}]", verdict=verdict)

    def _look_for(self, opening: Opening, said: Verdict) -> Segment:
        """Give where to look: at the event, or where one was said to be."""
        return opening.around(opening.truth.segment or said.segment or opening.window)

    def _policy(self, completion: str) -> Policy:
        """Give the agent's policy, with a backend that writes this one completion."""
        return Policy(backend=ScriptedBackend([completion], profile=self.profile), run_id=RUN_ID)


def _zoom(look: Segment) -> ToolCall:
    start, end = round(look.start, 1), round(look.end, 1)
    return ToolCall(tool="zoom", arguments={"start_s": start, "end_s": end})
