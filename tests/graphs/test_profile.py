"""A model that was trained in its own way is asked in that way, through all of an analysis."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from vau_agent.agent.backends.rules.backend import RulesBackend
from vau_agent.agent.backends.scripted import ScriptedBackend
from vau_agent.agent.conversation import Conversation
from vau_agent.agent.profile import ModelProfile
from vau_agent.graphs.context import AnalysisContext, FollowupContext
from vau_agent.graphs.followup import ask_run
from vau_agent.graphs.opening import suit
from vau_agent.graphs.planning import plan_analysis
from vau_agent.graphs.recorder import sampled_frames
from vau_agent.graphs.resume import run_analysis
from vau_agent.memory.home import Home
from vau_agent.results import Result
from vau_agent.schemas import Candidate, Claim, Measurement, Segment
from vau_agent.settings import AnalysisSettings, Settings
from vau_agent.testing import accept, anomalous, candidate, doubt, normal, scripted_backend
from vau_agent.tools.video.base import VideoReader
from vau_agent.tools.video.synthetic import SyntheticReader

OpenContext = Callable[..., AbstractContextManager[AnalysisContext]]

TRAINED = ModelProfile(
    prompts="compact",
    pictures="motion",
    frames_per_window=4,
    frames_per_zoom=2,
    window_seconds=40,
    max_new_tokens=96,
    reflection="critique",
    detector=True,
)


@dataclass
class Seen:
    """A detector that sees the same everywhere, and keeps what it was asked."""

    candidates: tuple[Candidate, ...] = (candidate(3, 6, fire=0.9),)
    asked: list[Segment] = field(default_factory=list)

    def measure(self, reader: VideoReader, segment: Segment) -> Measurement:
        self.asked.append(segment)
        return Measurement(
            tool="detect", segment=segment, candidates=self.candidates, notes=("3.0-6.0 s: fire",)
        )


def revising(profile: ModelProfile = TRAINED) -> ScriptedBackend:
    return scripted_backend(
        initial=anomalous("fire", 3, 5, "f2"),
        reflections=[doubt("Late?", Segment(start=2.5, end=6.5)), accept()],
        revisions=[anomalous("fire", 3, 6, "f2", "f5")],
        answers=[[Claim(text="A bin burns.", frames=("f3",))]],
        profile=profile,
    )


def texts(conversation: Conversation) -> list[str]:
    return [message.text for message in conversation.messages if message.role == "user"]


@pytest.fixture
def analysed(
    open_context: OpenContext, fire: SyntheticReader
) -> tuple[ScriptedBackend, Seen, Result]:
    backend, detector = revising(), Seen()
    analysis = suit(Settings(), revising()).analysis
    with open_context(fire, backend, analysis=analysis, detector=detector) as context:
        return backend, detector, run_analysis(context, InMemorySaver())


def test_it_is_shown_even_frames_and_checks_its_answer_with_its_detector(
    analysed: tuple[ScriptedBackend, Seen, Result],
) -> None:
    backend, detector, _ = analysed
    first = texts(backend.requests[0])[0].splitlines()
    checked = texts(backend.requests[1])[-1].splitlines()

    assert [line.split()[-1] for line in first[:4]] == ["f1", "f2", "f3", "f4"]
    assert first[4:] == ["8.0", "Judge 0.0-8.0."]
    assert checked == ["detect 3.0-6.0 fire 0.90", "Check."]
    gaps = [float(line.split()[0]) for line in (*first[:4], first[4])]
    assert gaps == pytest.approx([0, 2, 4, 6, 8], abs=0.15)
    whole = Segment(start=0, end=8)  # once for the curve, once for the check
    assert detector.asked == [whole, whole, Segment(start=2.5, end=6.5)]


def test_a_closer_look_is_measured_and_shown_in_the_same_way(
    analysed: tuple[ScriptedBackend, Seen, Result],
) -> None:
    backend, _, result = analysed
    stages = [request.stage for request in backend.requests]
    revised = texts(backend.requests[2])[-1].splitlines()

    assert stages == ["initial_reason", "self_reflect", "revise", "self_reflect"]
    assert [line.split()[-1] for line in revised] == ["0.90", "f5", "f6", "6.5", "again."]
    assert revised[1].startswith("2.5 ")
    (event,) = result.events
    assert (event.start_s, event.end_s) == (3, 6)


def test_a_detector_is_told_with_the_first_frames_where_the_model_was_trained_so(
    open_context: OpenContext, fire: SyntheticReader
) -> None:
    backend = revising(TRAINED.model_copy(update={"detector_told": "first"}))
    few = AnalysisSettings(frames_per_window=2, frames_per_zoom=2, reflection="critique")
    with open_context(fire, backend, analysis=few, detector=Seen()) as context:
        result = run_analysis(context, InMemorySaver())

    first, check, _, again = (texts(request)[-1] for request in backend.requests)
    assert first.startswith("detect 3.0-6.0 fire 0.90")
    assert check == again == "Check."
    told = {stage.stage: stage.looks for stage in reversed(result.stages)}
    assert (told["initial_reason"], told["self_reflect"]) == (("detect: 3.0-6.0 s: fire",), ())


def test_a_report_says_what_the_detector_measured(
    analysed: tuple[ScriptedBackend, Seen, Result],
) -> None:
    looks = {stage.stage: stage.looks for stage in reversed(analysed[2].stages)}

    assert looks["self_reflect"] == ("detect: 3.0-6.0 s: fire",)
    (look,) = looks["revise"]
    assert look == "zoom(end_s=6.5, start_s=2.5): 2 frames; 3.0-6.0 s: fire"


def test_pictures_of_the_moment_before_are_on_record_and_in_no_report(
    analysed: tuple[ScriptedBackend, Seen, Result], home: Home
) -> None:
    records = home.journal.records("run")
    befores = [frame.before or "" for one in records for frame in sampled_frames(one)]

    assert len(befores) == 6
    assert all(home.blobs.get(before) for before in befores)
    assert not any(before in analysed[2].model_dump_json() for before in befores)


def test_a_question_is_asked_in_its_words_too(
    open_context: OpenContext, fire: SyntheticReader
) -> None:
    backend = revising()
    few = AnalysisSettings(frames_per_window=2, frames_per_zoom=2, max_rounds=0)
    with open_context(fire, backend, analysis=few, detector=Seen()) as context:
        run_analysis(context, InMemorySaver())
        followup = FollowupContext(
            settings=context.settings,
            backend=backend,
            tools=context.tools,
            blobs=context.blobs,
            recorder=context.recorder,
            budget=context.budget,
            duration_s=fire.info.duration_s,
            reader=fire,
        )
        reply = ask_run("What burns between 0:02 and 0:06?", followup)

    asked = texts(backend.requests[-1])[-1].splitlines()
    assert asked[0] == "detect 3.0-6.0 fire 0.90"
    assert [line.split()[-1] for line in asked[1:4]] == ["f3", "f4", "6.0"]
    assert asked[4:] == ["Answer.", "What burns between 0:02 and 0:06?"]
    assert backend.requests[-1].frames[-1].before is not None
    assert reply.text == "A bin burns."


def test_a_window_without_a_detector_says_nothing_of_one(
    open_context: OpenContext, fire: SyntheticReader
) -> None:
    backend = scripted_backend(
        initial=normal("Nobody is there."), reflections=[accept()], profile=TRAINED
    )
    with open_context(fire, backend) as context:
        run_analysis(context, InMemorySaver())

    assert texts(backend.requests[0])[0].startswith("0.0 f1")


def test_a_quiet_answer_is_checked_where_the_detector_is_told_to_the_check(
    open_context: OpenContext, empty: SyntheticReader
) -> None:
    def stages(profile: ModelProfile) -> list[str]:
        backend = scripted_backend(
            initial=normal("Nobody is there."), reflections=[accept()], profile=profile
        )
        run_id = profile.detector_told
        with open_context(empty, backend, detector=Seen(()), run_id=run_id) as context:
            run_analysis(context, InMemorySaver())
        return [request.stage for request in backend.requests]

    assert stages(TRAINED) == ["initial_reason", "self_reflect"]
    assert stages(TRAINED.model_copy(update={"detector_told": "first"})) == ["initial_reason"]


def test_settings_follow_the_model_where_nobody_chose() -> None:
    chosen = AnalysisSettings(frames_per_window=16, max_rounds=1)
    suited = suit(Settings(analysis=chosen), revising()).analysis

    assert suited == chosen.model_copy(
        update={
            "frames_per_zoom": 2,
            "window_seconds": 40.0,
            "max_new_tokens": 96,
            "reflection": "critique",
        }
    )
    assert suit(Settings(), RulesBackend()) == Settings()


def test_settings_name_the_policy_that_auto_came_to() -> None:
    assert suit(Settings(policy="auto"), RulesBackend()).policy == "rules"
    assert suit(Settings(policy="openai:m@http://a/v1/"), revising()).policy.endswith("/v1/")


def test_a_plan_goes_by_what_the_model_is_shown(fire: SyntheticReader) -> None:
    trained, usual = (
        plan_analysis(fire.info, suit(Settings(), backend), RulesBackend())
        for backend in (revising(), RulesBackend())
    )

    assert trained.frames[0] == 4
    assert trained.frames[1] < usual.frames[1]
