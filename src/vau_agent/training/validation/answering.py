"""Dialogues to records, kept as they finish: the same call again goes on.

Each row of a level has its folder in the form of an evaluation (`evals/store.py`), so that
`vau-agent eval report` and `vau-agent eval compare` read it too; beside its records stand the words
of every dialogue (`dialogues.jsonl`).
"""

import contextlib
import itertools
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from vau_agent.agent.backends.base import GenerationSettings
from vau_agent.errors import EvaluationError, ParseError
from vau_agent.evals.records import Opinion, Record
from vau_agent.graphs.decisions import severity_of
from vau_agent.results import UsageTotals
from vau_agent.schemas import Reasoning, Score, Segment, Stage, Value
from vau_agent.training.openings import picture_key
from vau_agent.training.validation.asking import Lead, Led, Writer, converse
from vau_agent.training.validation.dialogue import (
    Judged,
    KnownCompletions,
    Looks,
    judge,
    policy_on,
    without_evidence,
)
from vau_agent.training.validation.shown import Shown

DIALOGUES_NAME: Final = "dialogues.jsonl"
MAX_NEW_TOKENS: Final = 96
"""Where a profile leaves it open: what a small model is trained to write is half as long."""


class Words(Value):
    """What was written of one video."""

    sample_id: str
    stages: tuple[Stage, ...]
    texts: tuple[str, ...]
    """One for each stage; a stage that is asked again was not readable."""
    readable: bool
    """Whether everything followed its format at once."""
    accept: Score | None = None
    """Probability with which the reflection accepts the first answer; `None` without one."""
    accept_unmeasured: Score | None = None
    """The same with everything measured taken out of the conversation: a control."""


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One video's record, and the words that it was read from."""

    record: Record
    words: Words


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    judged: Judged
    used: int
    """Completions of the dialogue itself; what follows is the control's."""


def answer(
    subjects: Sequence[tuple[Shown, Looks]], writer: Writer, *, reflects: bool = True
) -> list[Answered]:
    """Ask a model about several videos at once."""
    limit = writer.profile.max_new_tokens or MAX_NEW_TOKENS
    generation = GenerationSettings(max_new_tokens=limit)
    leads = [_lead(shown, looks, generation, reflects=reflects) for shown, looks in subjects]
    told = converse(leads, writer)
    return [_answered(shown, led) for (shown, _), led in zip(subjects, told, strict=True)]


def opinion_of(reasoning: Reasoning, window: Segment) -> Opinion:
    """Give what a reasoning holds of the whole video."""
    verdict = reasoning.verdict
    sure = verdict.confidence
    anomalous = verdict.label == "anomalous"
    return Opinion(
        label=verdict.label,
        category=verdict.category,
        events=(verdict.segment or window,) if anomalous else (),
        scores=(sure,) if anomalous and sure is not None else (),
        confidence=None
        if sure is None or verdict.label == "inconclusive"
        else (sure if anomalous else round(1 - sure, 4)),
        severity=severity_of(verdict),
    )


def mend_words(folder: Path) -> None:
    """Cut off a last line that was never finished; its video has no record, and is asked again."""
    path = folder / DIALOGUES_NAME
    if path.is_file():
        os.truncate(path, path.read_bytes().rfind(b"\n") + 1)


def keep_words(folder: Path, words: Words) -> None:
    """Add a video's words; they are on the disk when this returns."""
    with (folder / DIALOGUES_NAME).open("ab") as file:
        file.write(words.model_dump_json().encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def read_words(folder: Path) -> dict[str, Words]:
    """Read the words of every video, the last of each; a line that was cut off is left out.

    Raises:
        EvaluationError: A line is none of ours.
    """
    path = folder / DIALOGUES_NAME
    if not path.is_file():
        return {}
    found: dict[str, Words] = {}
    for number, line in enumerate(path.read_bytes().split(b"\n")[:-1], start=1):
        try:
            words = Words.model_validate_json(line)
        except ValidationError as error:
            raise EvaluationError(
                f"{path} is damaged in line {number}; --fresh starts anew"
            ) from error
        found[words.sample_id] = words
    return found


def _lead(
    shown: Shown, looks: Looks, generation: GenerationSettings, *, reflects: bool
) -> Lead[_Outcome]:
    def run(backend: KnownCompletions) -> _Outcome:
        policy = policy_on(backend, generation)
        judged = judge(policy, looks, reflects=reflects)
        used = backend.used
        if judged.reflection is not None and judged.answered is not None:
            with contextlib.suppress(ParseError):  # its words are kept all the same
                policy.self_reflect(without_evidence(judged.answered))
        return _Outcome(judged=judged, used=used)

    pictures = {picture_key(0, place): picture for place, picture in enumerate(shown.clip.pictures)}
    return Lead(run=run, pictures=pictures, album=shown.id)


def _answered(shown: Shown, led: Led[_Outcome]) -> Answered:
    judged, used = led.value.judged, led.value.used
    window = shown.clip.segment
    usages = [reply.completion.usage for reply in led.replies[:used]]
    texts = tuple(reply.completion.text for reply in led.replies)
    record = Record(
        schema="vau.record/1",
        sample_id=shown.id,
        initial=opinion_of(judged.initial, window),
        final=opinion_of(judged.final, window),
        duration_s=window.duration,
        reasoning=judged.final.text or None,
        initial_text=judged.initial.text or None,
        reflection_text=None if judged.reflection is None else judged.reflection.text or None,
        usage=UsageTotals(
            calls=used,
            prompt_tokens=sum(one.prompt_tokens for one in usages),
            completion_tokens=sum(one.completion_tokens for one in usages),
        ),
    )
    stages = led.stages[:used]
    return Answered(
        record=record,
        words=Words(
            sample_id=shown.id,
            stages=led.stages,
            texts=texts,
            readable=all(one != other for one, other in itertools.pairwise(stages)),
            accept=_accept(led, 0, used),
            accept_unmeasured=_accept(led, used, len(led.stages)),
        ),
    )


def _accept(led: Led[_Outcome], first: int, last: int) -> Score | None:
    """Give what the first reflection among some replies says."""
    for place in range(first, last):
        if led.stages[place] == "self_reflect":
            return led.replies[place].accept
    return None
