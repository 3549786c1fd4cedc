"""One video's dialogue: what is asked, what is read, and what stands in the end."""

import pytest

from tests.training.validation.doubles import (
    ACCEPT,
    DOUBT,
    FALL,
    NORMAL,
    PROFILE,
    detecting,
    shown,
)
from vau_agent.agent.backends.base import Completion, GenerationSettings
from vau_agent.schemas import Segment
from vau_agent.tools.detection import Detection, Rule
from vau_agent.training.validation.dialogue import (
    Judged,
    KnownCompletions,
    Looks,
    Unanswered,
    judge,
    policy_on,
    without_evidence,
)
from vau_agent.training.validation.looking import looks_at

SETTINGS = GenerationSettings(max_new_tokens=8)


def looks(detection: Detection | None = None, *, detects_first: bool = False) -> Looks:
    return looks_at(
        shown("v"), profile=PROFILE, detection=detection, rule=Rule(), detects_first=detects_first
    )


def led(*texts: str, at: Looks | None = None, reflects: bool = True) -> Judged:
    backend = KnownCompletions(PROFILE, [Completion(text=text) for text in texts])
    judged = judge(policy_on(backend, SETTINGS), at or looks(), reflects=reflects)
    assert backend.used == len(texts)
    return judged


def asked(*texts: str, at: Looks | None = None) -> str:
    """Give the words of the turn that is to be answered after these completions."""
    with pytest.raises(Unanswered) as told:
        led(*texts, at=at)
    return told.value.conversation.messages[-1].text


def test_an_accepted_answer_stands() -> None:
    judged = led(FALL, ACCEPT)

    assert judged.final == judged.initial
    assert judged.final.verdict.segment == Segment(start=3, end=6)
    assert not judged.revised


def test_a_doubted_answer_is_decided_again_after_a_look() -> None:
    judged = led(NORMAL, DOUBT, FALL)

    assert (judged.initial.verdict.label, judged.final.verdict.category) == ("normal", "fall")
    assert judged.revised


def test_without_reflection_the_first_answer_is_the_last() -> None:
    assert led(FALL, reflects=False).reflection is None


def test_a_zoom_shows_pictures_that_were_not_shown_with_numbers_that_go_on() -> None:
    words = asked(NORMAL, DOUBT)

    assert [name for name in words.split() if name.startswith("f")] == ["f9", "f10", "f11"]


def test_frames_stand_between_times_that_can_be_copied() -> None:
    words = asked()

    assert words.split()[:2] == ["0.0", "f1"]
    assert words.rstrip().endswith("Judge 0.0-16.0.")


def test_evidence_is_held_back_for_the_check_unless_it_is_told_at_once() -> None:
    detection = detecting("fall")(shown("v"))

    assert "detect" not in asked(at=looks(detection))
    assert "detect 4.0-8.0 fall 1.00" in asked(FALL, at=looks(detection))
    assert "detect 4.0-8.0 fall 1.00" in asked(at=looks(detection, detects_first=True))
    assert "detect" not in asked(FALL, at=looks(None))


def test_an_unreadable_answer_is_asked_for_again_and_then_decides_nothing() -> None:
    judged = led("what", "I cannot say")

    assert judged.final.verdict.label == "inconclusive"
    assert judged.answered is None


def test_an_anomaly_on_claims_that_cite_nothing_does_not_stand() -> None:
    baseless = FALL.replace(" [f3]", "")

    assert led(baseless, reflects=False).final.verdict.label == "inconclusive"


def test_an_unreadable_reflection_leaves_the_answer() -> None:
    judged = led(FALL, "hm", "hm")

    assert judged.reflection is None
    assert judged.final.verdict.category == "fall"


def test_everything_measured_can_be_taken_out_of_a_conversation() -> None:
    judged = led(FALL, ACCEPT, at=looks(detecting("fall")(shown("v")), detects_first=True))
    assert judged.answered is not None
    bare = without_evidence(judged.answered)

    assert "detect" in judged.answered.messages[1].text
    assert "detect" not in bare.messages[1].text
    assert bare.frames == judged.answered.frames
    assert bare.messages[-1].text == FALL
