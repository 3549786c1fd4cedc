"""Dialogues of several videos become records and words."""

from pathlib import Path

import pytest

from tests.training.validation.doubles import (
    ACCEPT,
    DOUBT,
    FALL,
    NORMAL,
    PROFILE,
    ScriptedWriter,
    by_stage,
    detecting,
    shown,
)
from vau_agent.agent.conversation import Conversation
from vau_agent.errors import EvaluationError
from vau_agent.schemas import Segment
from vau_agent.tools.detection import Rule
from vau_agent.training.validation.answering import (
    DIALOGUES_NAME,
    Answered,
    Words,
    answer,
    keep_words,
    mend_words,
    read_words,
)
from vau_agent.training.validation.looking import looks_at


def answers(writer: ScriptedWriter, *names: str, reflects: bool = True) -> list[Answered]:
    subjects = [
        (
            shown(name),
            looks_at(
                shown(name), profile=PROFILE, detection=detecting("fall")(shown(name)), rule=Rule()
            ),
        )
        for name in names
    ]
    return answer(subjects, writer, reflects=reflects)


def test_first_and_last_opinion_of_each_video_are_kept() -> None:
    writer = ScriptedWriter(say=by_stage(initial_reason=NORMAL, self_reflect=DOUBT, revise=FALL))

    first, second = answers(writer, "a", "b")

    assert (first.record.sample_id, second.record.sample_id) == ("a", "b")
    assert first.record.initial is not None and first.record.final is not None
    assert first.record.initial.label == "normal"
    assert first.record.final.events == (Segment(start=3, end=6),)
    assert first.record.usage.calls == 3
    assert first.words.readable


def test_all_videos_are_completed_together_at_every_step() -> None:
    writer = ScriptedWriter(say=by_stage(initial_reason=NORMAL, self_reflect=ACCEPT))

    answers(writer, "a", "b", "c")

    assert writer.batches == [3, 3, 3]  # the answer, the check, and the check's control


def test_what_had_to_be_asked_again_is_not_readable() -> None:
    def stubborn(conversation: Conversation) -> str:
        asks = sum(message.stage == "initial_reason" for message in conversation.messages)
        return "hm" if asks == 1 else NORMAL

    (one,) = answers(ScriptedWriter(say=stubborn), "a", reflects=False)

    assert one.words.stages == ("initial_reason", "initial_reason")
    assert not one.words.readable
    assert one.record.final is not None and one.record.final.label == "normal"


def test_the_control_of_the_check_is_shown_nothing_that_was_measured() -> None:
    writer = ScriptedWriter(
        say=by_stage(initial_reason=FALL, self_reflect=ACCEPT),
        accept=lambda asked: 0.9 if "detect" in asked.messages[-1].text else 0.4,
    )

    (one,) = answers(writer, "a")

    assert (one.words.accept, one.words.accept_unmeasured) == (0.9, 0.4)
    assert one.record.usage.calls == 2  # the control is no part of the dialogue


def test_words_survive_a_process_that_was_killed_while_it_wrote(tmp_path: Path) -> None:
    words = Words(sample_id="a", stages=("initial_reason",), texts=("x",), readable=True)
    keep_words(tmp_path, words)
    with (tmp_path / DIALOGUES_NAME).open("ab") as file:
        file.write(b'{"sample_id": "b", "sta')

    assert read_words(tmp_path) == {"a": words}
    mend_words(tmp_path)
    keep_words(tmp_path, words.model_copy(update={"sample_id": "b"}))

    assert set(read_words(tmp_path)) == {"a", "b"}


def test_damaged_words_are_told_by_their_line(tmp_path: Path) -> None:
    (tmp_path / DIALOGUES_NAME).write_text("{}\n")

    with pytest.raises(EvaluationError, match="damaged in line 1"):
        read_words(tmp_path)
