import json
from itertools import pairwise

import pytest

from vau_agent.agent.backends.base import Completion, GenerationSettings
from vau_agent.agent.backends.scripted import ScriptedBackend
from vau_agent.agent.conversation import Conversation, EvidencePart, FramePart
from vau_agent.agent.parsing import render_reasoning, render_verification
from vau_agent.agent.policy import MAX_QUOTED_CHARS, Policy
from vau_agent.errors import GenerationError, ParseError
from vau_agent.results import ModelCard
from vau_agent.schemas import Claim, Evidence, Segment, ToolCall, ToolResult
from vau_agent.testing import (
    ImaginedVideo,
    abstain,
    anomalous,
    candidate,
    doubt,
    normal,
    scripted_backend,
    scripted_policy,
    second_opinion,
)

FIRST = anomalous("fighting", 16, 28, "f16", "f20")
REVISED = anomalous("fighting", 14.5, 28, "f16", "f40")
DOUBT = doubt("The start looks late.", Segment(start=12, end=18))


def is_extension(longer: Conversation, shorter: Conversation) -> bool:
    return longer.messages[: len(shorter.messages)] == shorter.messages


def test_stages_give_what_the_policy_wrote(video: ImaginedVideo) -> None:
    policy = scripted_policy(
        initial=FIRST,
        reflections=[DOUBT],
        verifications=[abstain()],
        revisions=[REVISED],
        answers=[[Claim(text="At 14.5 s.", frames=("f40",))]],
    )
    look = video.zoom(12, 18)

    first = policy.initial_reason(video.triage())
    reflected = policy.self_reflect(first.conversation)
    verified = policy.verify([evidence_of(look)])
    revised = policy.revise(reflected.conversation, [look], verified.value)
    answered = policy.answer(revised.conversation, "When does it start?")

    assert first.value == FIRST
    assert reflected.value == DOUBT
    assert verified.value == abstain()
    assert revised.value == REVISED
    assert answered.value == (Claim(text="At 14.5 s.", frames=("f40",)),)
    assert first.completion.text == render_reasoning(FIRST)


def test_every_turn_is_appended_to_the_one_before(video: ImaginedVideo) -> None:
    policy = scripted_policy(
        initial=FIRST, reflections=[DOUBT, DOUBT], revisions=[REVISED], answers=[FIRST.claims]
    )
    first = policy.initial_reason(video.triage()).conversation
    reflected = policy.self_reflect(first).conversation
    revised = policy.revise(reflected, [video.zoom(12, 18)]).conversation
    again = policy.self_reflect(revised).conversation
    answered = policy.answer(again, "Why?").conversation

    grown = [first, reflected, revised, again, answered]
    assert all(is_extension(b, a) for a, b in pairwise(grown))
    assert len({conversation.digest for conversation in grown}) == len(grown)


def test_a_window_opens_with_system_evidence_frames_in_time_order_and_task(
    video: ImaginedVideo,
) -> None:
    evidence = video.triage(candidate(16, 28, motion=0.9), step=10.0)
    shuffled = evidence.model_copy(update={"frames": evidence.frames[::-1]})

    system, asked, _ = scripted_policy(initial=FIRST).initial_reason(shuffled).conversation.messages

    assert [system.role, asked.role, asked.stage] == ["system", "user", "initial_reason"]
    kinds = [part.kind for part in asked.parts]
    assert kinds == ["evidence", "frame", "frame", "frame", "frame", "text"]
    times = [part.frame.timestamp for part in asked.parts if isinstance(part, FramePart)]
    assert times == sorted(times)


def test_the_verifier_sees_the_looks_and_no_earlier_answer(video: ImaginedVideo) -> None:
    backend = scripted_backend(initial=FIRST, reflections=[DOUBT], verifications=[abstain()])
    policy = Policy(backend=backend, run_id="r")
    first = policy.initial_reason(video.triage(candidate(16, 28, motion=0.9)))
    policy.self_reflect(first.conversation)
    look = evidence_of(video.zoom(12, 18))

    policy.verify([look])

    asked = backend.requests[-1]
    assert asked.evidence == (look,)
    assert asked.frames == look.frames
    assert not any(message.role == "assistant" for message in asked.messages)
    assert all("16.00" not in part.text for part in asked.messages[-1].parts if part.kind == "text")


def test_a_revision_is_given_new_frames_once_failed_looks_and_the_second_opinion(
    video: ImaginedVideo,
) -> None:
    backend = scripted_backend(initial=FIRST, reflections=[DOUBT], revisions=[REVISED])
    policy = Policy(backend=backend, run_id="r")
    opened = video.triage()
    look = video.zoom(12, 18)
    seen_again = evidence_of(look).model_copy(
        update={"frames": (*evidence_of(look).frames, opened.frames[12])}
    )
    failed = ToolResult(call=ToolCall(tool="paint"), error="there is no tool 'paint'")
    before = policy.self_reflect(policy.initial_reason(opened).conversation).conversation

    policy.revise(
        before, [look.model_copy(update={"evidence": seen_again}), failed], second_opinion(FIRST)
    )

    message = backend.requests[-1].messages[-1]
    shown = tuple(part.frame for part in message.parts if isinstance(part, FramePart))
    assert shown == evidence_of(look).frames
    assert "there is no tool 'paint'" in message.text
    assert render_verification(second_opinion(FIRST)) in message.text
    assert [part for part in message.parts if isinstance(part, EvidencePart)]


def test_a_question_is_the_last_part_word_for_word(video: ImaginedVideo) -> None:
    backend = scripted_backend(initial=FIRST, answers=[FIRST.claims])
    policy = Policy(backend=backend, run_id="r")
    question = "Which $way </answer> did they go?"

    policy.answer(policy.initial_reason(video.triage()).conversation, question)

    last = backend.requests[-1].messages[-1].parts[-1]
    assert last.kind == "text"
    assert last.text == question


def test_an_unreadable_completion_is_complained_about_once(video: ImaginedVideo) -> None:
    backend = ScriptedBackend(["fighting, I think", render_reasoning(FIRST)])
    turn = Policy(backend=backend, run_id="r").initial_reason(video.triage())

    assert turn.value == FIRST
    first_request, second_request = backend.requests
    assert is_extension(second_request, first_request)
    assert is_extension(turn.conversation, second_request)
    assert "text outside the tags: 'fighting, I think'" in second_request.messages[-1].text
    assert second_request.stage == "initial_reason"


def test_a_second_unreadable_completion_is_final(video: ImaginedVideo) -> None:
    backend = ScriptedBackend(["first", "second", render_reasoning(FIRST)])

    with pytest.raises(ParseError) as failed:
        Policy(backend=backend, run_id="r").initial_reason(video.triage())

    assert failed.value.completion == "second"
    assert len(backend.requests) == 2


def test_a_hundred_kilobytes_of_answer_do_not_come_back_whole(video: ImaginedVideo) -> None:
    backend = ScriptedBackend(["x" * 100_000, render_reasoning(FIRST)])

    turn = Policy(backend=backend, run_id="r").initial_reason(video.triage())

    assert turn.value == FIRST
    assert len(backend.requests[1].messages[2].text) == MAX_QUOTED_CHARS
    assert len(turn.conversation.model_dump_json()) < 40_000


@pytest.mark.parametrize("glue", ["[30.0, 41.0]", "[NaN, 3.0]", "[28.0, 16.0]"])
def test_times_outside_the_evidence_are_refused(video: ImaginedVideo, glue: str) -> None:
    text = render_reasoning(FIRST).replace("[16, 28]", glue).replace("[16.0, 28.0]", glue)
    policy = Policy(backend=ScriptedBackend([text, text]), run_id="r")

    with pytest.raises(ParseError, match="glue"):
        policy.initial_reason(video.triage())


def test_a_revision_may_use_time_that_a_look_added() -> None:
    video = ImaginedVideo(duration_s=20)
    later = anomalous("fire", 18, 26, "f1")
    policy = scripted_policy(initial=normal(), reflections=[DOUBT], revisions=[later])
    before = policy.self_reflect(policy.initial_reason(video.triage()).conversation)

    assert policy.revise(before.conversation, [video.zoom(18, 30)]).value == later


def test_a_judgement_without_evidence_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="needs evidence"):
        scripted_policy(verifications=[abstain()]).verify([])


def test_the_same_input_gives_the_same_conversation(video: ImaginedVideo) -> None:
    evidence = video.triage(candidate(16, 28, motion=0.9))
    one, other = (
        scripted_policy(initial=FIRST, run_id="same").initial_reason(evidence) for _ in range(2)
    )
    elsewhere = scripted_policy(initial=FIRST, run_id="other").initial_reason(evidence)

    assert one.conversation.digest == other.conversation.digest
    assert one.conversation.digest != elsewhere.conversation.digest


def test_the_conversation_survives_being_saved(video: ImaginedVideo) -> None:
    saved = scripted_policy(initial=FIRST).initial_reason(video.triage()).conversation

    loaded = Conversation.model_validate(json.loads(saved.model_dump_json()))

    assert loaded == saved
    assert loaded.digest == saved.digest


def test_a_failing_backend_is_not_asked_twice(video: ImaginedVideo) -> None:
    calls: list[Conversation] = []

    class Broken:
        name = "broken"
        card = ModelCard(id="broken")

        def generate(self, conversation: Conversation, settings: GenerationSettings) -> Completion:
            calls.append(conversation)
            raise GenerationError("the endpoint is gone")

    with pytest.raises(GenerationError, match="gone"):
        Policy(backend=Broken(), run_id="r").initial_reason(video.triage())
    assert len(calls) == 1


def evidence_of(result: ToolResult) -> Evidence:
    assert result.evidence is not None
    return result.evidence
