from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from vau_agent.agent.backends.scripted import ScriptedBackend, ScriptedCompletion
from vau_agent.agent.parsing import render_answer, render_reasoning
from vau_agent.graphs.context import AnalysisContext, FollowupContext
from vau_agent.graphs.followup import UNSUPPORTED, answers_of, ask_run
from vau_agent.graphs.resume import run_analysis
from vau_agent.memory.home import Home
from vau_agent.results import Answer
from vau_agent.schemas import Claim
from vau_agent.settings import AnalysisSettings
from vau_agent.testing import anomalous
from vau_agent.tools.video.synthetic import SyntheticReader

OpenContext = Callable[..., AbstractContextManager[AnalysisContext]]
Ask = Callable[..., Answer]

FIRST = anomalous("fighting", 3.0, 6.0, "f1", "f2")
SEEN = Claim(text="One person pushes the other.", frames=("f1",))


@pytest.fixture
def ask(open_context: OpenContext, fire: SyntheticReader) -> Ask:
    """Analyse a scene with a scripted policy, then ask it; give the reply."""

    def run(
        question: str,
        answers: Sequence[str],
        *,
        video_is_there: bool = True,
        backends: list[ScriptedBackend] | None = None,
    ) -> Answer:
        script = [
            ScriptedCompletion(stage="initial_reason", text=render_reasoning(FIRST)),
            *(ScriptedCompletion(stage="answer", text=text) for text in answers),
        ]
        backend = ScriptedBackend(script)
        if backends is not None:
            backends.append(backend)
        shallow = AnalysisSettings(frames_per_window=4, frames_per_zoom=2, max_rounds=0)
        with open_context(fire, backend, analysis=shallow) as context:
            run_analysis(context, InMemorySaver())
            followup = FollowupContext(
                settings=context.settings,
                backend=backend,
                tools=context.tools,
                blobs=context.blobs,
                recorder=context.recorder,
                budget=context.budget,
                duration_s=fire.info.duration_s,
                reader=fire if video_is_there else None,
            )
            return ask_run(question, followup)

    return run


def test_an_answer_cites_what_the_run_looked_at(ask: Ask, home: Home) -> None:
    reply = ask("What happens?", [render_answer([SEEN])])

    assert reply.text == "One person pushes the other."
    assert [frame.frame_id for frame in reply.frames] == ["f1"]
    assert answers_of(home.journal, "run") == (reply,)


def test_a_statement_without_evidence_is_struck_out(ask: Ask) -> None:
    made_up = Claim(text="He is called Max.", frames=("f99",))

    reply = ask("Who is it?", [render_answer([SEEN, made_up])])

    (struck,) = reply.claims_removed
    assert struck.struck == "cites f99, which was never looked at"
    assert "Max" not in reply.text


def test_a_time_nobody_looked_at_is_looked_at_now(ask: Ask) -> None:
    backends: list[ScriptedBackend] = []

    ask("What happens between 0:02 and 0:06?", [render_answer([SEEN])], backends=backends)

    asked = backends[0].requests[-1]
    assert asked.evidence[-1].measurements[0].tool == "zoom"
    assert {"f5", "f6"} & {frame.frame_id for frame in asked.frames}


def test_a_question_goes_on_from_the_windows_conversation(ask: Ask) -> None:
    backends: list[ScriptedBackend] = []

    ask("What happens?", [render_answer([SEEN])], backends=backends)

    first, asked = backends[0].requests
    assert asked.messages[: len(first.messages)] == first.messages
    assert len(asked.evidence) == 1


def test_without_the_video_the_run_still_answers(ask: Ask) -> None:
    reply = ask("What happens at 0:05?", [render_answer([SEEN])], video_is_there=False)

    assert reply.text == "One person pushes the other."


def test_an_unreadable_answer_is_told_and_not_believed(ask: Ask) -> None:
    reply = ask("What happens?", ["I would rather not say."] * 2)

    assert reply.text == UNSUPPORTED
    assert "could not be read" in reply.claims_removed[0].text
