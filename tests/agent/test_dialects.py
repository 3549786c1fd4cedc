"""The words of the compact dialect, turn by turn; a model is trained on exactly these."""

from collections.abc import Sequence

import pytest

from vau_agent.agent.backends.base import Completion, GenerationSettings
from vau_agent.agent.backends.scripted import ScriptedBackend
from vau_agent.agent.conversation import Conversation
from vau_agent.agent.dialects import COMPACT, FULL, MAX_DETECTED, find_dialect
from vau_agent.agent.policy import Policy
from vau_agent.agent.profile import ModelProfile
from vau_agent.schemas import (
    Candidate,
    Claim,
    Evidence,
    FrameRef,
    Measurement,
    Reasoning,
    Segment,
    ToolCall,
    ToolResult,
)
from vau_agent.testing import (
    abstain,
    anomalous,
    candidate,
    doubt,
    normal,
    scripted_backend,
)

FALL = anomalous("fall", 3, 7.5, "f3", "f5", text="A person falls.")
DOUBT = doubt("The end is not shown.", Segment(start=6, end=10))
ZOOM = ToolCall(tool="zoom", arguments={"start_s": 6, "end_s": 10})


class Noting(ScriptedBackend):
    """Keeps what each completion was held to."""

    schemas: list[dict[str, object] | None]

    def generate(self, conversation: Conversation, settings: GenerationSettings) -> Completion:
        self.schemas = [*getattr(self, "schemas", ()), settings.response_schema]
        return super().generate(conversation, settings)


def look(
    start: float, end: float, *, count: int, first: int = 1, detected: Sequence[Candidate] | None
) -> Evidence:
    window = Segment(start=start, end=end)
    step = window.duration / count
    frames = tuple(
        FrameRef(
            frame_id=f"f{first + number}",
            timestamp=start + (number + 0.5) * step,
            pts=number,
            sha256="0" * 64,
        )
        for number in range(count)
    )
    triaged = Measurement(tool="triage", segment=window, candidates=(candidate(1, 2, motion=0.9),))
    detects = (
        ()
        if detected is None
        else (Measurement(tool="detect", segment=window, candidates=tuple(detected)),)
    )
    return Evidence(window=window, measurements=(triaged, *detects), frames=frames)


def last_words(conversation: Conversation) -> list[str]:
    return conversation.messages[-2].text.splitlines()


def policy(first: Reasoning | None = None) -> Policy:
    backend = scripted_backend(
        initial=first or normal("Nobody is there."),
        reflections=[DOUBT],
        verifications=[abstain()],
        revisions=[normal("Nobody is there.")],
        answers=[[Claim(text="One person.", frames=("f3",))]],
        profile=ModelProfile(prompts="compact"),
    )
    return Policy(backend=backend, run_id="run", tools=("`zoom`: a closer look",))


def test_a_window_is_shown_between_the_times_at_which_its_frames_change() -> None:
    detected = [candidate(3, 6.8, fall=0.82, fighting=0.1)]
    turn = policy(FALL).initial_reason(look(0, 12, count=8, detected=detected))

    system, asked, _ = turn.conversation.messages
    assert system.text == "You judge surveillance video."
    assert asked.text.splitlines() == [
        "detect 3.0-6.8 fall 0.82",
        *("0.0 f1", "1.5 f2", "3.0 f3", "4.5 f4", "6.0 f5", "7.5 f6", "9.0 f7", "10.5 f8"),
        "12.0",
        "Judge 0.0-12.0.",
    ]
    assert turn.value == FALL


def test_times_are_those_of_the_video_however_long_it_is() -> None:
    turn = policy().initial_reason(look(3725.46, 3729.46, count=2, detected=[]))

    assert last_words(turn.conversation) == [
        "detect nothing",
        "3725.5 f1",
        "3727.5 f2",
        "3729.5",
        "Judge 3725.5-3729.5.",
    ]


def test_without_a_detector_nothing_is_said_of_measurements() -> None:
    turn = policy().initial_reason(look(0, 2, count=1, detected=None))

    assert last_words(turn.conversation) == ["0.0 f1", "2.0", "Judge 0.0-2.0."]
    assert turn.conversation.evidence[0].measurements, "the values themselves stay at hand"


def test_the_strongest_candidates_are_told_first_and_few_of_them() -> None:
    detected = [candidate(n, n + 0.5, score=0.1 * n, fall=0.1 * n) for n in range(1, 6)]
    told = last_words(policy().initial_reason(look(0, 9, count=1, detected=detected)).conversation)

    assert [line for line in told if line.startswith("detect")] == [
        f"detect {n}.0-{n}.5 fall 0.{n}0" for n in (5, 4, 3)
    ]
    assert MAX_DETECTED == 3


def test_a_critique_and_a_revision_are_asked_for_in_few_words() -> None:
    asking = policy()
    first = asking.initial_reason(look(0, 12, count=8, detected=[]))
    reflected = asking.self_reflect(first.conversation)
    closer = look(6, 10, count=2, first=9, detected=[candidate(6, 9, fall=0.9)])
    failed = ToolResult(call=ToolCall(tool="crop"), error="crop: that region is small")
    again = asking.revise(
        reflected.conversation, [ToolResult(call=ZOOM, evidence=closer), failed], abstain("Dark.")
    )

    assert last_words(reflected.conversation) == ["Check."]
    assert last_words(again.conversation) == [
        "detect 6.0-9.0 fall 0.90",
        "6.0 f9",
        "8.0 f10",
        "10.0",
        "crop nothing",
        "<verification>Dark.</verification><answer>abstain</answer>",
        "Decide again.",
    ]


def test_each_look_has_its_own_times_and_of_a_known_frame_the_id_is_enough() -> None:
    asking = policy()
    first = asking.initial_reason(look(0, 4, count=2, detected=None))
    known = first.conversation.frames[0]
    late = look(8, 10, count=1, first=7, detected=None)
    early = look(0, 4, count=1, first=6, detected=None)
    early = early.model_copy(update={"frames": (*early.frames, known)})
    results = [ToolResult(call=ZOOM, evidence=one) for one in (late, early, early)]

    again = asking.revise(first.conversation, results)

    assert last_words(again.conversation) == [
        *("8.0 f7", "10.0"),
        *("0.0 f1", "1.5 f6", "4.0"),
        *("0.0 f1", "1.5 f6", "4.0"),
        "Decide again.",
    ]
    assert [frame.frame_id for frame in again.conversation.frames] == ["f1", "f2", "f7", "f6"]


def test_a_second_opinion_and_an_answer_are_asked_for_in_few_words() -> None:
    asking = policy()
    closer = look(6, 10, count=1, detected=[])
    verified = asking.verify([closer])
    first = asking.initial_reason(look(0, 12, count=1, detected=None))
    answered = asking.answer(first.conversation, "How many people?")

    assert last_words(verified.conversation)[-1] == "Verify 6.0-10.0."
    assert last_words(answered.conversation) == ["Answer.", "How many people?"]


def test_what_cannot_be_read_is_asked_for_again_in_few_words() -> None:
    backend = Noting(
        ["a fall", "<think>It is still.</think><answer>normal</answer>"],
        profile=ModelProfile(prompts="compact"),
    )
    turn = Policy(backend=backend, run_id="run").initial_reason(look(0, 2, count=1, detected=None))

    assert last_words(turn.conversation) == ["Write it again in its tags."]
    assert turn.value.verdict.label == "normal"
    assert backend.schemas == [None, None], "it was trained on tags alone"


@pytest.mark.parametrize(
    ("start", "end", "written"), [(3725.44, 3729.46, "[3725.4, 3729.5]"), (0, 12, "[0.0, 12.0]")]
)
def test_times_copied_from_a_prompt_are_read_though_they_were_rounded(
    start: float, end: float, written: str
) -> None:
    text = f"<think>It burns.</think><answer>fire</answer><glue>{written}</glue>"
    backend = ScriptedBackend([text], profile=ModelProfile(prompts="compact"))
    window = look(start, end, count=2, detected=None)

    turn = Policy(backend=backend, run_id="run").initial_reason(window)

    assert len(turn.conversation.messages) == 3, "no second try"
    segment = turn.value.verdict.segment
    assert segment is not None
    assert window.window.overlap(segment) == segment.duration
    assert segment.iou(window.window) > 0.97


def test_a_style_has_its_dialect() -> None:
    assert find_dialect("full") is FULL
    assert find_dialect("compact") is COMPACT
    assert (FULL.time(3.14159), COMPACT.time(3.14159)) == ("3.14", "3.1")
