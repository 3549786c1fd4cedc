import pytest

from vau_agent.agent.backends.base import GenerationSettings
from vau_agent.agent.backends.rules.backend import RulesBackend
from vau_agent.agent.conversation import Conversation, EvidencePart, Message, TextPart
from vau_agent.agent.policy import Policy
from vau_agent.errors import GenerationError
from vau_agent.schemas import Evidence, FrameRef, Segment, Stage
from vau_agent.testing import ImaginedVideo, anomalous, candidate, scripted_policy

FIGHT = candidate(16, 28, score=0.8, erratic=0.9, motion=0.5)


def asking(stage: Stage, *evidence: Evidence) -> Conversation:
    parts = tuple(EvidencePart(evidence=one, text="") for one in evidence)
    message = Message(role="user", parts=(*parts, TextPart(text="?")), stage=stage)
    return Conversation(messages=(message,))


def test_there_is_nothing_to_say_without_evidence() -> None:
    with pytest.raises(GenerationError, match="none was given"):
        RulesBackend().generate(asking("initial_reason"), GenerationSettings())


@pytest.mark.parametrize("stage", ["self_reflect", "revise", "answer"])
def test_later_stages_need_earlier_reasoning(stage: Stage, video: ImaginedVideo) -> None:
    with pytest.raises(GenerationError, match=f"stage '{stage}' goes on from earlier reasoning"):
        RulesBackend().generate(asking(stage, video.triage()), GenerationSettings())


def test_a_conversation_that_asks_for_nothing_is_a_mistake_of_the_caller(
    rules: Policy, video: ImaginedVideo
) -> None:
    answered = rules.initial_reason(video.triage()).conversation

    with pytest.raises(ValueError, match="last turn is a user's stage"):
        RulesBackend().generate(answered, GenerationSettings())


@pytest.mark.parametrize(
    "evidence",
    [
        Evidence(window=Segment(start=0, end=5)),
        Evidence(
            window=Segment(start=0, end=5),
            frames=(FrameRef(frame_id="f1", timestamp=1, pts=1, sha256="0" * 64),),
        ),
    ],
)
def test_evidence_without_measurements_proves_nothing(rules: Policy, evidence: Evidence) -> None:
    assert rules.initial_reason(evidence).value.verdict.label == "inconclusive"


def test_neither_pictures_nor_their_names_matter(rules: Policy, video: ImaginedVideo) -> None:
    plain = video.triage(FIGHT)
    renamed = plain.model_copy(
        update={
            "frames": tuple(
                frame.model_copy(update={"sha256": f"{n:064d}"})
                for n, frame in enumerate(plain.frames)
            )
        }
    )

    assert rules.initial_reason(plain).value == rules.initial_reason(renamed).value


def test_it_goes_on_from_what_another_policy_said(rules: Policy, video: ImaginedVideo) -> None:
    other = scripted_policy(initial=anomalous("vandalism", 16, 28, "f16"))
    opened = other.initial_reason(video.triage(FIGHT)).conversation
    look = video.zoom(12, 32, FIGHT)

    reflected = rules.self_reflect(opened)
    revised = rules.revise(reflected.conversation, [look])

    assert revised.value.verdict.category == "fighting"


def test_a_repaired_turn_is_the_one_that_stands(rules: Policy, video: ImaginedVideo) -> None:
    first = rules.initial_reason(video.triage(FIGHT)).conversation
    *before, last = first.messages
    broken = last.model_copy(update={"parts": (TextPart(text="fire, I think"),)})
    complaint = Message(role="user", parts=(TextPart(text="again"),), stage="initial_reason")
    repaired = Conversation(messages=(*before, broken, complaint, last))

    assert rules.self_reflect(repaired).value == rules.self_reflect(first).value
