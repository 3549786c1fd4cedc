from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import count

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from vau_agent.agent.backends.base import Completion, GenerationSettings, Usage
from vau_agent.agent.backends.scripted import ScriptedBackend
from vau_agent.agent.conversation import Conversation
from vau_agent.agent.profile import ModelProfile
from vau_agent.errors import BudgetExceededError
from vau_agent.graphs.context import AnalysisContext
from vau_agent.graphs.recorder import CALL_KIND
from vau_agent.graphs.resume import run_analysis, stopped_result
from vau_agent.memory.home import Home
from vau_agent.results import ModelCard, Result
from vau_agent.schemas import Reflection, ToolCall, Verification
from vau_agent.settings import BudgetSettings
from vau_agent.testing import anomalous, normal, scripted_backend
from vau_agent.tools.video.synthetic import SyntheticReader

OpenContext = Callable[..., AbstractContextManager[AnalysisContext]]
CALLS = 5
"""What the scripted analysis below takes when nothing stops it."""
DOUBT = Reflection(
    text="The start may be late.",
    accept=False,
    doubts=("the start may be late",),
    calls=(ToolCall(tool="zoom", arguments={"start_s": 3.0, "end_s": 5.0}),),
)


def full_script() -> ScriptedBackend:
    return scripted_backend(
        initial=anomalous("fighting", 3.0, 6.0, "f1", "f2"),
        reflections=[DOUBT, Reflection(text="It holds.", accept=True)],
        verifications=[Verification(text="Too dark to tell.", verdict=None)],
        revisions=[anomalous("fall", 4.0, 6.0, "f1", "f5")],
    )


class Costly:
    """Counts a fixed number of tokens for each answer of a script."""

    def __init__(self, backend: ScriptedBackend, tokens: int) -> None:
        self._backend, self._tokens = backend, tokens

    @property
    def name(self) -> str:
        return self._backend.name

    @property
    def card(self) -> ModelCard:
        return self._backend.card

    @property
    def profile(self) -> ModelProfile:
        return self._backend.profile

    def generate(self, conversation: Conversation, settings: GenerationSettings) -> Completion:
        completion = self._backend.generate(conversation, settings)
        usage = Usage(prompt_tokens=self._tokens - 1, completion_tokens=1)
        return completion.model_copy(update={"usage": usage})


def calls_of(home: Home) -> int:
    return sum(1 for record in home.journal.records("run") if record.kind == CALL_KIND)


@pytest.mark.parametrize("most", range(1, CALLS + 2))
def test_a_run_never_makes_more_calls_than_it_may(
    open_context: OpenContext, fire: SyntheticReader, home: Home, most: int
) -> None:
    backend = full_script()

    with open_context(fire, backend, budget=BudgetSettings(max_calls=most)) as context:
        result = run_analysis(context, InMemorySaver())

    assert len(backend.requests) == calls_of(home) == result.usage.calls == min(most, CALLS)
    assert (result.stopped is None) == (most >= CALLS)
    assert home.journal.run("run").state == ("finished" if most >= CALLS else "stopped")


def test_one_more_call_at_a_time_leads_to_the_same_end_and_asks_nothing_twice(
    open_context: OpenContext, fire: SyntheticReader, home: Home
) -> None:
    backend, saver = full_script(), InMemorySaver()
    results: list[Result] = []

    for most in range(1, CALLS + 1):
        with open_context(fire, backend, budget=BudgetSettings(max_calls=most)) as context:
            results.append(run_analysis(context, saver))

    assert [one.stopped is None for one in results] == [False] * (CALLS - 1) + [True]
    assert len(backend.requests) == CALLS
    assert results[-1].verdict.category == "fall"
    assert home.journal.run("run").state == "finished"
    assert home.journal.verify("run")


def test_a_stopped_result_holds_what_stood_and_says_that_it_is_partial(
    open_context: OpenContext, fire: SyntheticReader, home: Home
) -> None:
    with open_context(fire, full_script(), budget=BudgetSettings(max_calls=2)) as context:
        result = run_analysis(context, InMemorySaver())

    assert (result.verdict.label, result.verdict.category) == ("anomalous", "fighting")
    assert [event.category for event in result.events] == ["fighting"]
    assert result.stopped == "stopped at the limit of 2 policy calls (--max-calls)"
    assert result.warnings[0] == f"{result.stopped}; this result is partial"
    assert stopped_result(home, "run") == result


def test_without_an_anomaly_a_stopped_run_concludes_nothing(
    open_context: OpenContext, fire: SyntheticReader
) -> None:
    backend = scripted_backend(initial=normal("All is calm.", "f1"), reflections=[DOUBT])

    with open_context(fire, backend, budget=BudgetSettings(max_calls=1)) as context:
        result = run_analysis(context, InMemorySaver())

    assert result.verdict.label == "inconclusive"
    assert "1 of 1 windows were judged" in str(result.verdict.inconclusive_reason)
    assert result.curve


@pytest.mark.parametrize(("most", "calls"), [(1, 1), (100, 1), (101, 2), (200, 2), (500, CALLS)])
def test_no_call_is_made_once_the_tokens_are_spent(
    open_context: OpenContext, fire: SyntheticReader, home: Home, most: int, calls: int
) -> None:
    backend = Costly(full_script(), tokens=100)

    with open_context(fire, backend, budget=BudgetSettings(max_tokens=most)) as context:
        result = run_analysis(context, InMemorySaver())

    assert calls_of(home) == calls
    assert (result.stopped is None) == (calls == CALLS)


@pytest.fixture
def ticking() -> Callable[[], float]:
    """A clock that goes on by a second whenever it is looked at."""
    ticks: Iterator[int] = count()
    return lambda: float(next(ticks))


def test_a_deadline_ends_the_measuring_too(
    open_context: OpenContext, fire: SyntheticReader, ticking: Callable[[], float]
) -> None:
    limits = BudgetSettings(deadline_seconds=8)

    with open_context(fire, full_script(), budget=limits, timer=ticking) as context:
        result = run_analysis(context, InMemorySaver())

    assert result.stopped == "stopped at the deadline of 8 s (--deadline)"
    assert result.usage.calls == 0
    assert (result.curve, result.coverage.share) == ((), 0.0)
    assert "nothing was judged" in str(result.verdict.inconclusive_reason)


def test_a_later_deadline_goes_on_from_there(
    open_context: OpenContext, fire: SyntheticReader, ticking: Callable[[], float]
) -> None:
    saver, backend = InMemorySaver(), full_script()
    for deadline in (8.0, 100_000.0):
        limits = BudgetSettings(deadline_seconds=deadline)
        with open_context(fire, backend, budget=limits, timer=ticking) as context:
            result = run_analysis(context, saver)

    assert result.stopped is None
    assert len(backend.requests) == CALLS


def test_a_limit_is_told_in_one_line_with_its_option(
    open_context: OpenContext, fire: SyntheticReader
) -> None:
    with open_context(fire, full_script(), budget=BudgetSettings(max_calls=1)) as context:
        run_analysis(context, InMemorySaver())
        with pytest.raises(BudgetExceededError, match=r"1 policy call \(--max-calls\)") as told:
            context.budget.check_call()

    assert told.value.exit_code == 6
