import pytest

from vau_agent.agent.conversation import Conversation, EvidencePart, FramePart, Message, TextPart
from vau_agent.schemas import FrameRef
from vau_agent.testing import ImaginedVideo

FRAME = FrameRef(frame_id="f3", timestamp=1.25, pts=5, sha256="0" * 64)
ASKED = Message(role="user", parts=(TextPart(text="what?"),), stage="answer")


def test_a_longer_conversation_leaves_the_shorter_as_it_was() -> None:
    short = Conversation(messages=(ASKED,))
    digest = short.digest

    longer = short.with_message(ASKED)

    assert len(longer.messages) == 2
    assert short == Conversation(messages=(ASKED,))
    assert short.digest == digest != longer.digest


def test_the_stage_is_what_the_last_user_turn_asks_for() -> None:
    assert Conversation(messages=(ASKED,)).stage == "answer"


@pytest.mark.parametrize(
    "messages",
    [
        (),
        (Message(role="user", parts=(TextPart(text="x"),)),),
        (ASKED, Message(role="assistant", parts=(TextPart(text="x"),), stage="answer")),
    ],
)
def test_a_conversation_that_asks_for_nothing_has_no_stage(messages: tuple[Message, ...]) -> None:
    with pytest.raises(ValueError, match="user's stage"):
        _ = Conversation(messages=messages).stage


def test_frames_and_evidence_are_found_in_order(video: ImaginedVideo) -> None:
    evidence = video.triage()
    part = EvidencePart(evidence=evidence, text="table")
    conversation = Conversation(
        messages=(Message(role="user", parts=(part, FramePart(frame=FRAME))), ASKED)
    )

    assert conversation.evidence == (evidence,)
    assert conversation.frames == (FRAME,)
    assert conversation.messages[0].text == "table\n[f3 at 1.25 s]"


def test_a_frame_is_announced_as_told_and_what_has_no_words_is_not_shown(
    video: ImaginedVideo,
) -> None:
    evidence = EvidencePart(evidence=video.triage(), text="")
    frame = FramePart(frame=FRAME, text="1.0 f3")
    message = Message(role="user", parts=(evidence, frame, TextPart(text="Check.")))

    assert message.shown == (frame, TextPart(text="Check."))
    assert message.text == "1.0 f3\nCheck."
