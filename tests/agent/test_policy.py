import json
import math
from itertools import pairwise

import pytest

from vau_agent.agent.backends.base import Completion, GenerationSettings, TokenChoice
from vau_agent.agent.backends.scripted import ScriptedBackend
from vau_agent.agent.calibration import Calibration
from vau_agent.agent.conversation import Conversation, EvidencePart, FramePart
from vau_agent.agent.objects import response_schema
from vau_agent.agent.parsing import render_reasoning, render_verification
from vau_agent.agent.policy import LENIENT, MAX_QUOTED_CHARS, Policy
from vau_agent.agent.profile import DEFAULT_PROFILE
from vau_agent.errors import ContextOverflowError, GenerationError, ParseError, VauAgentError
from vau_agent.results import ModelCard
from vau_agent.schemas import Claim, Evidence, Reasoning, Segment, ToolCall, ToolResult
from vau_agent.testing import (
    ImaginedVideo,
    abstain,
    anomalous,
    candidate,
    doubt,
    inconclusive,
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


@pytest.mark.parametrize(
    ("glue", "read"),
    [
        ("[30.0, 41.0]", Segment(start=30, end=40)),
        ("[28.0, 16.0]", Segment(start=16, end=28)),
        ("[NaN, 3.0]", None),
        ("[50.0, 60.0]", None),
    ],
)
def test_impossible_times_are_complained_about_then_mended_or_given_up(
    video: ImaginedVideo, glue: str, read: Segment | None
) -> None:
    text = render_reasoning(FIRST).replace("[16, 28]", glue).replace("[16.0, 28.0]", glue)
    backend = ScriptedBackend([text, text])

    turn = Policy(backend=backend, run_id="r").initial_reason(video.triage())

    assert "glue" in backend.requests[1].messages[-1].text
    assert turn.salvaged
    assert turn.value.verdict.segment == read
    assert turn.value.verdict.label == ("anomalous" if read else "inconclusive")
    assert turn.value.claims == FIRST.claims


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


class Telling:
    """Gives completions as they are, and keeps what it was asked with."""

    name = "telling"
    card = ModelCard(id="telling")
    profile = DEFAULT_PROFILE

    def __init__(self, *script: Completion | VauAgentError) -> None:
        self.script = list(script)
        self.asked: list[tuple[Conversation, GenerationSettings]] = []

    def generate(self, conversation: Conversation, settings: GenerationSettings) -> Completion:
        self.asked.append((conversation, settings))
        said = self.script.pop(0)
        if isinstance(said, VauAgentError):
            raise said
        return said


def test_only_the_repair_is_held_to_a_schema(video: ImaginedVideo) -> None:
    written = '{"think": "Quiet. [f1]", "answer": "normal"}'
    backend = Telling(Completion(text="Well."), Completion(text=written))

    turn = Policy(backend=backend, run_id="r").initial_reason(video.triage())

    assert [settings.response_schema for _, settings in backend.asked] == [
        None,
        response_schema("initial_reason"),
    ]
    assert "`think`" in backend.asked[1][0].messages[-1].text
    assert turn.value.verdict.label == "normal"
    assert not turn.salvaged


def test_a_completion_cut_by_length_is_told_so(video: ImaginedVideo) -> None:
    cut = Completion(text="<think>Two men", finish_reason="length")
    backend = Telling(cut, Completion(text=render_reasoning(FIRST)))

    Policy(backend=backend, run_id="r").initial_reason(video.triage())

    complaint = backend.asked[1][0].messages[-1].text
    assert "<think> is never closed" in complaint
    assert f"cut off at {GenerationSettings().max_new_tokens} tokens" in complaint


def test_the_better_of_two_unreadable_completions_is_read_leniently(video: ImaginedVideo) -> None:
    first = "Sure! " + render_reasoning(FIRST)
    backend = ScriptedBackend([first, "I have said it already."])

    turn = Policy(backend=backend, run_id="r").initial_reason(video.triage())

    assert turn.salvaged
    assert turn.value == FIRST
    assert turn.remarks == (LENIENT,)
    assert turn.completion.text == first
    assert turn.conversation.messages[-1].text == "I have said it already."


def test_without_room_to_complain_the_first_completion_has_to_do(video: ImaginedVideo) -> None:
    first = "Sure! " + render_reasoning(FIRST)
    backend = Telling(Completion(text=first), ContextOverflowError("full"))

    turn = Policy(backend=backend, run_id="r").initial_reason(video.triage())

    assert turn.salvaged
    assert turn.value == FIRST
    assert turn.conversation.messages[-1].text == first


def test_what_was_read_as_written_has_no_remarks(video: ImaginedVideo) -> None:
    turn = scripted_policy(initial=FIRST).initial_reason(video.triage())

    assert not turn.salvaged
    assert turn.remarks == ()


CALIBRATION = Calibration(policy="telling", slope=1, shift=-1, examples=40, fitted_on="drawn")


@pytest.mark.parametrize(
    ("reasoning", "token", "calibration", "confidence", "source"),
    [
        (FIRST, TokenChoice(token="fight", logprob=math.log(0.7)), None, 1.0, "token"),
        (
            FIRST,
            TokenChoice(
                token="fight",
                logprob=math.log(0.6),
                alternatives={"fight": math.log(0.6), "normal": math.log(0.4)},
            ),
            None,
            0.6,
            "token",
        ),
        (
            FIRST,
            TokenChoice(
                token="fight", logprob=math.log(0.2), alternatives={"normal": math.log(0.6)}
            ),
            None,
            0.25,
            "token",
        ),
        (
            normal(),
            TokenChoice(
                token="normal", logprob=math.log(0.6), alternatives={"fire": math.log(0.4)}
            ),
            None,
            0.6,
            "token",
        ),
        (
            normal(),
            TokenChoice(
                token="normal", logprob=math.log(0.5), alternatives={"fire": math.log(0.5)}
            ),
            CALIBRATION,
            0.7311,
            "calibrated",
        ),
        (FIRST, TokenChoice(token="fight", logprob=math.log(0.1)), CALIBRATION, 0.8, "written"),
        (FIRST, None, CALIBRATION, 0.8, "written"),
        (
            inconclusive("too dark"),
            TokenChoice(token="fire", logprob=math.log(0.9)),
            None,
            None,
            "written",
        ),
    ],
)
def test_confidence_comes_from_the_verdicts_token_where_it_tells(
    video: ImaginedVideo,
    reasoning: Reasoning,
    token: TokenChoice | None,
    calibration: Calibration | None,
    confidence: float | None,
    source: str,
) -> None:
    backend = Telling(Completion(text=render_reasoning(reasoning), verdict_token=token))
    policy = Policy(backend=backend, run_id="r", calibration=calibration)

    verdict = policy.initial_reason(video.triage()).value.verdict

    assert verdict.confidence == (None if confidence is None else pytest.approx(confidence))
    assert verdict.confidence_from == source
    assert verdict.label == reasoning.verdict.label


def test_a_second_opinion_is_scored_too_and_an_abstention_has_no_score(
    video: ImaginedVideo,
) -> None:
    sure = TokenChoice(token="fight", logprob=math.log(0.9))
    opinion = render_verification(second_opinion(FIRST))
    for text, source in ((opinion, "token"), (render_verification(abstain()), None)):
        backend = Telling(Completion(text=text, verdict_token=sure))
        verdict = Policy(backend=backend, run_id="r").verify([video.triage()]).value.verdict
        assert (verdict.confidence_from if verdict else None) == source


def test_a_salvaged_verdict_keeps_its_written_number(video: ImaginedVideo) -> None:
    text = "Sure! " + render_reasoning(FIRST)
    completion = Completion(text=text, verdict_token=TokenChoice(token="fight", logprob=-0.1))
    backend = Telling(completion, completion)

    verdict = Policy(backend=backend, run_id="r").initial_reason(video.triage()).value.verdict

    assert verdict.confidence_from == "written"
    assert verdict.confidence == FIRST.verdict.confidence


def test_half_a_character_does_not_stop_a_run(video: ImaginedVideo) -> None:
    text = render_reasoning(FIRST).replace("there is", "there \ud800 is")
    backend = Telling(Completion(text=text))

    turn = Policy(backend=backend, run_id="r").initial_reason(video.triage())

    assert turn.value.verdict == FIRST.verdict
    assert turn.conversation.digest


def test_a_failing_backend_is_not_asked_twice(video: ImaginedVideo) -> None:
    calls: list[Conversation] = []

    class Broken:
        name = "broken"
        card = ModelCard(id="broken")
        profile = DEFAULT_PROFILE

        def generate(self, conversation: Conversation, settings: GenerationSettings) -> Completion:
            calls.append(conversation)
            raise GenerationError("the endpoint is gone")

    with pytest.raises(GenerationError, match="gone"):
        Policy(backend=Broken(), run_id="r").initial_reason(video.triage())
    assert len(calls) == 1


def evidence_of(result: ToolResult) -> Evidence:
    assert result.evidence is not None
    return result.evidence
