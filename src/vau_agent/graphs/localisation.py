"""The localisation graph: look, reflect, revise, decide; when something happens in a video.

    look -> reflect -> look (while calls are left) | revise -> decide

It takes any `Perception`: recorded answers of a model, or a model that is asked. A look is one
call; with fewer calls than moments it looks evenly first, then between the moments that seem to
matter. Reflection doubts the verdicts that their neighbours do not share; revision asks similar
moments of the same video about them, and lets a verdict say that something happens only as far as
both bear it out.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal, TypedDict

import numpy as np
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from vau_agent.memory.embedders.base import Vectors
from vau_agent.schemas import Segment
from vau_agent.tools.localisation import curve, doubting
from vau_agent.tools.localisation.base import LocalisationSettings, Perception, Series
from vau_agent.tools.localisation.grading import Grader
from vau_agent.tools.localisation.looking import between, spread
from vau_agent.tools.localisation.texts import TextSpace

ROUNDS: Final = 8
"""Rounds in which calls are spent that the first, even looks left over."""
FIRST_SHARE: Final = 0.5
"""Share of the calls that the first, even looks take."""


Change = Callable[[Series], Series]


def unchanged(values: Series) -> Series:
    """Give the values back."""
    return values


class LocalisationState(TypedDict):
    """State of one video."""

    looked: tuple[int, ...]
    """Moments looked at, ascending."""
    doubts: tuple[float, ...]
    """How far the neighbours of each do not share an anomalous verdict, 0..1."""
    settled: tuple[float, ...]
    """Their verdicts after revision."""
    scores: tuple[float, ...]
    """Of every moment."""
    segments: tuple[Segment, ...]


class LocalisationUpdate(TypedDict, total=False):
    """What a node changes; fields as in `LocalisationState`."""

    looked: tuple[int, ...]
    doubts: tuple[float, ...]
    settled: tuple[float, ...]
    scores: tuple[float, ...]
    segments: tuple[Segment, ...]


@dataclass(frozen=True, kw_only=True)
class Steps:
    """What an ablation may replace; by default, nothing is."""

    grade: Change = unchanged
    """Changes the grades of sentences."""
    support: Change = unchanged
    """Changes how far verdicts are borne out."""
    smooth: Callable[[Series, Series, tuple[float, ...]], Series] = curve.smooth
    relative: Callable[[Series, float], Series] = curve.relative


@dataclass(frozen=True, kw_only=True, eq=False)
class LocalisationContext:
    """What the graph works with; given at invoke time."""

    perception: Perception
    space: TextSpace
    grader: Grader
    settings: LocalisationSettings = field(default_factory=LocalisationSettings)
    calls: int | None = None
    """Looks it may take; all moments when `None`."""
    steps: Steps = field(default_factory=Steps)
    _seen: dict[int, tuple[float, str]] = field(default_factory=dict, repr=False)

    @property
    def allowed(self) -> int:
        """Looks it may take in all, at least one."""
        moments = self.perception.moments
        return moments if self.calls is None else max(1, min(self.calls, moments))

    def see(self, moments: tuple[int, ...]) -> None:
        """Look at moments that were not looked at before."""
        new = [moment for moment in moments if moment not in self._seen]
        for moment, seen in zip(new, self.perception.look(new), strict=True):
            self._seen[moment] = (seen.verdict, seen.sentence)

    def verdicts(self, moments: tuple[int, ...]) -> Series:
        """Give the verdicts of looked-at moments."""
        return np.array([self._seen[moment][0] for moment in moments], dtype=np.float64)

    def sentences(self, moments: tuple[int, ...]) -> Vectors:
        """Give the vectors of their sentences."""
        return self.space.vectors([self._seen[moment][1] for moment in moments])


@dataclass(frozen=True, kw_only=True)
class Localisation:
    """What was found in one video."""

    looked: tuple[int, ...]
    """Moments looked at: what it cost."""
    scores: Series
    """Of every moment, 0..1."""
    segments: tuple[Segment, ...]


LocalisationGraph = CompiledStateGraph[
    LocalisationState, LocalisationContext, LocalisationState, LocalisationState
]


def localise(context: LocalisationContext) -> Localisation:
    """Tell when something happens in the video that `context` perceives."""
    limit = 4 * (ROUNDS + 4)
    state = build_localisation().invoke(
        LocalisationState(looked=(), doubts=(), settled=(), scores=(), segments=()),
        context=context,
        config={"recursion_limit": limit},
    )
    return Localisation(
        looked=state["looked"],
        scores=np.array(state["scores"]),
        segments=state["segments"],
    )


@functools.cache
def build_localisation() -> LocalisationGraph:
    """Assemble the localisation graph."""
    graph = StateGraph(LocalisationState, LocalisationContext)
    graph.add_node("look", look)
    graph.add_node("reflect", reflect)
    graph.add_node("revise", revise)
    graph.add_node("decide", decide)
    graph.add_edge(START, "look")
    graph.add_edge("look", "reflect")
    graph.add_conditional_edges("reflect", after_reflection)
    graph.add_edge("revise", "decide")
    graph.add_edge("decide", END)
    return graph.compile()


def look(state: LocalisationState, runtime: Runtime[LocalisationContext]) -> LocalisationUpdate:
    """Look evenly at first; later between the moments that seem to matter."""
    context, looked = runtime.context, state["looked"]
    moments, allowed = context.perception.moments, context.allowed
    if not looked:
        first = allowed if allowed == moments else max(1, round(allowed * FIRST_SHARE))
        new = spread(moments, first)
    else:
        scores = _scores(context, looked, settled=context.verdicts(looked))
        share = max(1, round(allowed * (1 - FIRST_SHARE) / ROUNDS))
        new = between(looked, scores, moments, min(share, allowed - len(looked)))
    context.see(new)
    return {"looked": tuple(sorted({*looked, *new}))}


def reflect(state: LocalisationState, runtime: Runtime[LocalisationContext]) -> LocalisationUpdate:
    """Doubt the verdicts that their neighbours do not share."""
    context = runtime.context
    looked = state["looked"]
    shared = doubting.around(
        context.verdicts(looked), looked, neighbours=context.settings.neighbours
    )
    return {"doubts": tuple((1 - shared).tolist())}


def after_reflection(
    state: LocalisationState, runtime: Runtime[LocalisationContext]
) -> Literal["look", "revise"]:
    """Look again while calls are left."""
    return "look" if len(state["looked"]) < runtime.context.allowed else "revise"


def revise(state: LocalisationState, runtime: Runtime[LocalisationContext]) -> LocalisationUpdate:
    """Ask similar moments; keep of each verdict what is borne out."""
    context, looked = runtime.context, state["looked"]
    verdicts = context.verdicts(looked)
    recalled = doubting.recall(
        verdicts, context.sentences(looked), similar=context.settings.similar
    )
    support = context.steps.support(doubting.support(np.array(state["doubts"]), recalled))
    return {"settled": tuple((verdicts * support).tolist())}


def decide(state: LocalisationState, runtime: Runtime[LocalisationContext]) -> LocalisationUpdate:
    """Draw the curve, and cut it into segments."""
    context, settings = runtime.context, runtime.context.settings
    scores = _scores(context, state["looked"], settled=np.array(state["settled"]))
    found = curve.segments(
        scores, context.perception.moment_s, alarm=settings.alarm, hold=settings.hold
    )
    return {"scores": tuple(scores.tolist()), "segments": found}


def _scores(context: LocalisationContext, looked: tuple[int, ...], *, settled: Series) -> Series:
    """Join both readings of the verdicts into a score of every moment: settled ones say whether."""
    settings, steps = context.settings, context.steps
    grades = steps.grade(context.grader.grade(context.sentences(looked)))
    seen, said, evidence = (np.zeros(context.perception.moments) for _ in range(3))
    places = list(looked)
    seen[places] = 1
    said[places] = settled
    evidence[places] = context.verdicts(looked) * np.exp(settings.sharpness * grades)
    whether = steps.smooth(said, seen, settings.scales)
    when = steps.relative(steps.smooth(evidence, seen, settings.scales), settings.least_peak)
    return curve.join(whether, when)
