import pytest

from vau_agent.agent.conversation import Conversation
from vau_agent.agent.policy import Policy
from vau_agent.schemas import Box, Claim
from vau_agent.testing import ImaginedVideo, candidate

LEFT = Box(x=0.05, y=0.7, width=0.1, height=0.2)
FIGHT = candidate(16, 28, score=0.8, box=LEFT, erratic=0.9, motion=0.5)
FIRE = candidate(33, 38, score=0.6, fire_colour=0.9, flicker=0.8)


@pytest.fixture
def judged(rules: Policy, video: ImaginedVideo) -> Conversation:
    return rules.initial_reason(video.triage(FIGHT, FIRE)).conversation


@pytest.fixture
def quiet(rules: Policy, video: ImaginedVideo) -> Conversation:
    return rules.initial_reason(video.triage()).conversation


def said(rules: Policy, conversation: Conversation, question: str) -> str:
    claims = rules.answer(conversation, question).value
    assert all(claim.frames for claim in claims), claims
    return " ".join(claim.text for claim in claims)


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("When did it happen?", "From 16.0 s to 28.0 s, which is 12.0 s."),
        ("how long did it last?", "which is 12.0 s"),
        ("When was the fire?", "From 33.0 s to 38.0 s"),
        ("Did somebody fall?", "The verdict is fighting from 16.0 s to 28.0 s; cues can confuse"),
        ("When did the man fall?", "Nothing that was measured from 0.0 s to 40.0 s fits fall"),
        ("Where is it?", "In the lower left of the picture, at 22.0 s."),
        ("Where was the fire?", "The place in the picture was not measured."),
        ("What happened?", "It looks like fighting from 16.0 s to 28.0 s."),
        ("Is anything abnormal?", "It looks like fighting"),
        ("Why do you think so?", "motion whose direction and strength change quickly"),
        ("How sure are you?", "not a calibrated probability"),
        ("How many events are there?", "2 unusual events were measured"),
        ("Was there a fire?", "Yes, fire fits what was measured from 33.0 s to 38.0 s."),
        ("Did they fight?", "Yes, fighting fits"),
        ("any sign of a crash?", "fits road accident; 100% of it was measured."),
        ("What happened before the fight?", "From 0.0 s to 16.0 s nothing unusual was measured."),
        ("What happened after the fight?", "fits fire"),
        ("What happened after that?", "fits fire"),
        ("What happened before the crash?", "fits road accident; 100%"),
        ("What is going on at 00:20?", "fits fighting"),
        ("What is going on at 00:05?", "From 3.0 s to 7.0 s nothing unusual was measured."),
        ("What happened in the last 8 seconds?", "fits fire"),
        ("What happened in the first 10 seconds?", "From 0.0 s to 10.0 s nothing unusual"),
        ("What happened between 00:02 and 00:10?", "From 2.0 s to 10.0 s nothing unusual"),
    ],
)
def test_questions_are_answered_from_what_was_measured(
    rules: Policy, judged: Conversation, question: str, wanted: str
) -> None:
    assert wanted in said(rules, judged, question)


@pytest.mark.parametrize(
    ("question", "thing"),
    [
        ("Who was it?", "who somebody is"),
        ("What colour is the car?", "colours or clothes"),
        ("What were they wearing?", "colours or clothes"),
        ("Can you read the license plate?", "number plates or makes"),
        ("What did he say?", "sound or speech"),
        ("Did he have a knife?", "weapons"),
        ("Which way did they go?", "the way somebody goes"),
        ("What is written on the van?", "writing"),
    ],
)
def test_what_no_cue_measures_is_not_answered(
    rules: Policy, judged: Conversation, question: str, thing: str
) -> None:
    text = said(rules, judged, question)

    assert f"I cannot tell: this policy measures motion, light and change, not {thing}" in text
    assert "from 16.0 s to 28.0 s" in text


@pytest.mark.parametrize("question", ["at 02:10?", "What happened at 02:10?", "after 00:50?"])
def test_a_time_outside_the_evidence_was_not_looked_at(
    rules: Policy, judged: Conversation, question: str
) -> None:
    assert "That part was not looked at: the evidence is from 0.0 s to 40.0 s." in said(
        rules, judged, question
    )


def test_a_later_look_extends_what_was_looked_at(
    rules: Policy, judged: Conversation, video: ImaginedVideo
) -> None:
    look = video.zoom(50, 56, candidate(52, 54, score=0.8, object_removed=0.9)).evidence
    assert look is not None

    claims = rules.answer(judged, "What happened at 00:53?", [look]).value

    assert "fits object removed" in " ".join(claim.text for claim in claims)


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("When did it happen?", "Nothing abnormal was found"),
        ("What happened?", "Nothing abnormal was found from 0.0 s to 40.0 s."),
        ("How many?", "0 unusual events were measured"),
        ("Was there a fire?", "fits fire; 100%"),
        ("What happened before it?", "there is no event"),
        ("Where?", "was not measured"),
        ("How sure are you?", "The confidence in normal is 0.9"),
        ("Who was it?", "I cannot tell"),
        ("why?", "nothing was measured that is unusual"),
    ],
)
def test_a_quiet_window_is_answered_as_such(
    rules: Policy, quiet: Conversation, question: str, wanted: str
) -> None:
    assert wanted in said(rules, quiet, question)


@pytest.mark.parametrize("question", ["", "???", "blah", "مرحبا", "x" * 2000, "</answer>"])
def test_an_odd_question_is_not_guessed_at(
    rules: Policy, judged: Conversation, question: str
) -> None:
    text = said(rules, judged, question)

    assert "I cannot tell with this policy" in text
    assert "It looks like fighting" in text


def test_an_open_case_says_why(rules: Policy, video: ImaginedVideo) -> None:
    judged = rules.initial_reason(video.triage(candidate(16, 20, score=0.9, flicker=0.9)))

    assert "no known pattern explains it" in said(rules, judged.conversation, "How sure are you?")
    assert "It is inconclusive" in said(rules, judged.conversation, "What happened?")


def test_a_rival_reading_cannot_be_excluded(rules: Policy, video: ImaginedVideo) -> None:
    event = candidate(16, 20, score=0.8, impact=0.8, speed=0.9)
    judged = rules.initial_reason(video.triage(event)).conversation

    assert "It cannot be excluded: road accident fits the cues" in said(
        rules, judged, "Was it a crash?"
    )


def test_answers_use_the_revised_boundaries(rules: Policy, video: ImaginedVideo) -> None:
    opened = rules.self_reflect(rules.initial_reason(video.triage(FIGHT)).conversation)
    part = candidate(14.5, 18, score=0.8, erratic=0.9, motion=0.5)
    revised = rules.revise(opened.conversation, [video.zoom(12, 18, part)]).conversation

    for question in ("When was it?", "Was there a fight?", "How many events?"):
        assert "14.5 s to 28.0 s" in said(rules, revised, question)


def test_a_question_goes_on_after_another_answer(rules: Policy, judged: Conversation) -> None:
    first = rules.answer(judged, "Was there a fire?")
    second = rules.answer(first.conversation, "When?")

    assert second.value[0] == Claim(
        text="From 16.0 s to 28.0 s, which is 12.0 s.", frames=second.value[0].frames
    )
