from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from vau_agent.agent.backends.base import Backend
from vau_agent.agent.backends.scripted import ScriptedBackend, ScriptedCompletion
from vau_agent.agent.parsing import render_reasoning, render_reflection, render_verification
from vau_agent.errors import GenerationError
from vau_agent.graphs.context import AnalysisContext
from vau_agent.graphs.resume import run_analysis
from vau_agent.graphs.state import STATE_TYPES, AnalysisState, initial_state
from vau_agent.memory.checkpointer import StrictSerializer
from vau_agent.memory.home import Home
from vau_agent.results import Event, Result
from vau_agent.schemas import (
    Claim,
    Reasoning,
    Reflection,
    ReflectionForm,
    Segment,
    Stage,
    ToolCall,
    Verdict,
    Verification,
)
from vau_agent.settings import AnalysisSettings, StorageSettings
from vau_agent.testing import anomalous, normal, scripted_backend
from vau_agent.tools.video.synthetic import SyntheticReader

OpenContext = Callable[..., AbstractContextManager[AnalysisContext]]

FIRST = anomalous("fighting", 3.0, 6.0, "f1", "f2")
REVISED = anomalous("fall", 4.0, 6.0, "f1", "f5")
DOUBT = Reflection(
    text="The start may be late.",
    accept=False,
    doubts=("the start may be late",),
    calls=(ToolCall(tool="zoom", arguments={"start_s": 3.0, "end_s": 5.0}),),
)
ACCEPT = Reflection(text="The frames show it.", accept=True)
ABSTAIN = Verification(text="Too dark to tell.", verdict=None)


@pytest.fixture
def analyse(open_context: OpenContext, fire: SyntheticReader) -> Callable[..., Result]:
    def run(backend: Backend, **settings: object) -> Result:
        analysis = AnalysisSettings.model_validate(
            {"frames_per_window": 4, "frames_per_zoom": 2, **settings}
        )
        with open_context(fire, backend, analysis=analysis) as context:
            return run_analysis(context, InMemorySaver())

    return run


def stages(backend: ScriptedBackend) -> list[str]:
    return [conversation.stage for conversation in backend.requests]


def test_an_accepted_answer_is_not_revised(analyse: Callable[..., Result]) -> None:
    backend = scripted_backend(initial=FIRST, reflections=[ACCEPT])

    result = analyse(backend)

    assert stages(backend) == ["initial_reason", "self_reflect"]
    assert (result.verdict.label, result.verdict.category) == ("anomalous", "fighting")
    assert [(event.start_s, event.end_s) for event in result.events] == [(3.0, 6.0)]


def test_a_doubted_answer_is_revised_after_new_evidence(analyse: Callable[..., Result]) -> None:
    backend = scripted_backend(
        initial=FIRST, reflections=[DOUBT, ACCEPT], verifications=[ABSTAIN], revisions=[REVISED]
    )

    result = analyse(backend)

    assert stages(backend) == [
        "initial_reason",
        "self_reflect",
        "verify",
        "revise",
        "self_reflect",
    ]
    assert result.verdict.category == "fall"
    assert [stage.stage for stage in result.stages] == stages(backend)
    assert result.stages[1].calls == ("zoom(start_s=3.0, end_s=5.0)",)
    assert "f5" in {frame.frame_id for frame in result.stages[3].frames}


@pytest.mark.parametrize(
    ("form", "asked"),
    [
        ("critique", ["initial_reason", "self_reflect", "revise"]),
        ("blind", ["initial_reason", "verify", "revise"]),
        ("both", ["initial_reason", "self_reflect", "verify", "revise"]),
    ],
)
def test_reflection_takes_the_form_that_is_set(
    analyse: Callable[..., Result], form: ReflectionForm, asked: Sequence[str]
) -> None:
    backend = scripted_backend(
        initial=FIRST, reflections=[DOUBT], verifications=[ABSTAIN], revisions=[FIRST]
    )

    analyse(backend, reflection=form)

    assert stages(backend) == asked


def test_a_verifier_never_sees_the_first_answer(analyse: Callable[..., Result]) -> None:
    backend = scripted_backend(
        initial=FIRST, reflections=[DOUBT], verifications=[ABSTAIN], revisions=[FIRST]
    )

    analyse(backend)

    (blind,) = [one for one in backend.requests if one.stage == "verify"]
    assert not [message for message in blind.messages if message.role == "assistant"]
    assert "fighting" not in blind.messages[-1].text


def test_conversations_only_grow(analyse: Callable[..., Result]) -> None:
    backend = scripted_backend(
        initial=FIRST, reflections=[DOUBT, ACCEPT], verifications=[ABSTAIN], revisions=[REVISED]
    )

    analyse(backend)

    first, *later = [one.messages for one in backend.requests if one.stage != "verify"]
    for messages in later:
        assert messages[: len(first)] == first
        first = messages


@pytest.mark.parametrize(("rounds", "revisions"), [(0, 0), (1, 1), (2, 2)])
def test_rounds_are_bounded(analyse: Callable[..., Result], rounds: int, revisions: int) -> None:
    backend = scripted_backend(
        initial=FIRST,
        reflections=[DOUBT] * 5,
        verifications=[ABSTAIN] * 5,
        revisions=[REVISED, FIRST, REVISED, FIRST],
    )

    analyse(backend, max_rounds=rounds)

    assert stages(backend).count("revise") == revisions


def test_calls_of_one_reflection_are_bounded(analyse: Callable[..., Result]) -> None:
    looks = tuple(
        ToolCall(tool="zoom", arguments={"start_s": at, "end_s": at + 1}) for at in (0, 2, 4, 6)
    )
    doubt = DOUBT.model_copy(update={"calls": looks})
    backend = scripted_backend(
        initial=FIRST, reflections=[doubt], verifications=[ABSTAIN], revisions=[FIRST]
    )

    analyse(backend, calls_per_round=2)

    (asked,) = [one for one in backend.requests if one.stage == "verify"]
    assert [one.window for one in asked.evidence] == [
        Segment(start=0, end=1),
        Segment(start=2, end=3),
    ]


def test_a_quiet_video_takes_a_single_call(
    open_context: OpenContext, empty: SyntheticReader
) -> None:
    backend = scripted_backend(initial=normal("Nothing moves.", "f1"))

    with open_context(empty, backend) as context:
        result = run_analysis(context, InMemorySaver())

    assert stages(backend) == ["initial_reason"]
    assert result.verdict.label == "normal"
    assert result.usage.calls == 1


def test_claims_without_evidence_are_struck_out_visibly(analyse: Callable[..., Result]) -> None:
    reasoning = Reasoning(
        claims=(Claim(text="One pushes the other.", frames=("f1",)), Claim(text="He is drunk.")),
        verdict=FIRST.verdict,
    )
    backend = scripted_backend(initial=reasoning, reflections=[ACCEPT])

    result = analyse(backend)

    (struck,) = result.stages[0].claims_removed
    assert (struck.text, struck.struck) == ("He is drunk.", "cites no frame")
    assert result.events[0].summary == "One pushes the other."


def test_an_unknown_tool_and_a_bad_argument_stop_nothing(analyse: Callable[..., Result]) -> None:
    calls = (
        ToolCall(tool="delete_video"),
        ToolCall(tool="zoom", arguments={"start_s": 90.0, "end_s": 95.0}),
    )
    backend = scripted_backend(
        initial=FIRST,
        reflections=[DOUBT.model_copy(update={"calls": calls})],
        revisions=[FIRST],
    )

    result = analyse(backend)

    assert result.verdict.category == "fighting"
    told = backend.requests[-1].messages[-1].text
    assert "no tool 'delete_video'" in told
    assert "start_s is 90" in told


def test_an_answer_that_stays_unreadable_is_inconclusive(analyse: Callable[..., Result]) -> None:
    backend = ScriptedBackend([ScriptedCompletion(text="I think it is fine.")] * 2)

    result = analyse(backend)

    assert result.verdict.label == "inconclusive"
    assert "could not be read" in str(result.verdict.inconclusive_reason)


@pytest.mark.parametrize("stage", ["self_reflect", "verify", "revise"])
def test_a_later_unreadable_completion_leaves_the_answer_as_it_was(
    analyse: Callable[..., Result], stage: Stage
) -> None:
    said: dict[Stage, str] = {
        "initial_reason": render_reasoning(FIRST),
        "self_reflect": render_reflection(DOUBT),
        "verify": render_verification(ABSTAIN),
        "revise": render_reasoning(FIRST),
    }
    said[stage] = "I would rather not say."
    script = [
        ScriptedCompletion(stage=asked, text=text) for asked, text in said.items() for _ in range(2)
    ]

    result = analyse(ScriptedBackend(script))

    assert result.verdict.category == "fighting"


def test_a_failing_backend_fails_the_run(analyse: Callable[..., Result]) -> None:
    with pytest.raises(GenerationError, match="initial_reason"):
        analyse(scripted_backend())


def test_events_tell_the_run_in_order(
    open_context: OpenContext, fire: SyntheticReader, home: Home
) -> None:
    told: list[Event] = []
    backend = scripted_backend(initial=FIRST, reflections=[ACCEPT])

    with open_context(fire, backend, on_event=told.append) as context:
        run_analysis(context, InMemorySaver())

    assert [event.seq for event in told] == sorted(event.seq for event in told)
    assert told[0].type == "run.started"
    assert told[-1].type == "run.finished"
    assert {"stage.started", "frames.sampled", "verdict.changed"} <= {one.type for one in told}
    assert home.journal.verify("run")


def test_a_measured_alarm_that_the_policy_dismisses_is_said(
    analyse: Callable[..., Result],
) -> None:
    backend = scripted_backend(initial=normal("All is calm.", "f1"), reflections=[ACCEPT])

    result = analyse(backend)

    assert result.verdict.label == "normal"
    assert any("the policy judged normal" in warning for warning in result.warnings)
    assert max(point.score for point in result.curve) >= 0.5


def test_an_inconclusive_verdict_gives_its_reason(analyse: Callable[..., Result]) -> None:
    verdict = Verdict(label="inconclusive", reason="the picture is too dark")
    doubt = Reasoning(claims=(Claim(text="It is dark.", frames=("f1",)),), verdict=verdict)
    backend = scripted_backend(initial=doubt, reflections=[ACCEPT])

    result = analyse(backend)

    assert result.verdict.inconclusive_reason == "the picture is too dark"
    assert result.verdict.severity == 1


def test_a_day_of_windows_fits_into_a_checkpoint() -> None:
    windows = [Segment(start=300.0 * number, end=300.0 * number + 120) for number in range(288)]
    long_claim = Claim(text="A sentence of some length. " * 4, frames=("f1", "f2"))
    state: AnalysisState = {
        **initial_state("run"),
        "windows": windows,
        "finding_blobs": ["0" * 64] * len(windows),
        "evidence_blobs": ["0" * 64] * 16,
        "reasoning": Reasoning(claims=(long_claim,) * 20, verdict=FIRST.verdict),
    }
    limit = StorageSettings().max_checkpoint_bytes

    assert len(StrictSerializer(STATE_TYPES, limit).dumps_typed(state)[1]) < limit


@pytest.mark.parametrize(("cited", "warned"), [("f1", False), ("f99", True)])
def test_a_normal_verdict_that_rests_on_no_frame_is_marked(
    cited: str, warned: bool, analyse: Callable[..., Result]
) -> None:
    backend = scripted_backend(initial=normal("All is calm.", cited), reflections=[ACCEPT])

    result = analyse(backend)

    assert result.verdict.label == "normal"
    assert any("no claim of it that stands" in warning for warning in result.warnings) == warned
