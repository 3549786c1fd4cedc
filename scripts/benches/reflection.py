"""Does reflection help: share of wrong first answers made right, and of right ones made wrong."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from langgraph.checkpoint.memory import InMemorySaver

from scripts.benches.measure import Work
from vau_agent.agent.backends.factory import open_backend
from vau_agent.graphs.budget import Budget
from vau_agent.graphs.context import AnalysisContext
from vau_agent.graphs.recorder import Recorder
from vau_agent.graphs.resume import run_analysis
from vau_agent.memory.home import Home, open_home
from vau_agent.memory.leases import this_process
from vau_agent.results import Result
from vau_agent.schemas import ReflectionForm, Segment, Verdict
from vau_agent.settings import AnalysisSettings, Settings
from vau_agent.tools.video.scenes.kinds import SCENE_KINDS, build_scene
from vau_agent.tools.video.scenes.scene import Scene
from vau_agent.tools.video.synthetic import SyntheticReader
from vau_agent.tools.zoom import Zoom

FORMS: Final[tuple[ReflectionForm, ...]] = ("critique", "blind", "both")
SEEDS: Final = (101, 102)
"""Not used by any test or default: these scenes only measure."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One scene under one form."""

    first: bool
    """The first answer named the right label, and the right category where there is one."""
    last: bool
    first_iou: float | None
    last_iou: float | None
    calls: int


def reflection(work: Work) -> None:
    """Fixed and broken answers on rendered scenes, by form of reflection, beside never revising."""
    kinds = ("fire", "empty") if work.quick else tuple(SCENE_KINDS)
    seeds = SEEDS[:1] if work.quick else SEEDS
    print("| form | n | first right | last right | fixed | broken | net points | tIoU | calls |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for form in FORMS:
        started = time.perf_counter()
        outcomes = []
        with open_home(work.folder / f"reflection-{form}-{time.time_ns()}") as home:
            for kind in kinds:
                for seed in seeds:
                    scene = build_scene(kind, seed=seed, duration_s=14.0, fps=10.0)
                    outcomes.append(_outcome(scene, form, home))
        if form == FORMS[0]:
            _print_row("never revise", [_unrevised(one) for one in outcomes])
        _print_row(form, outcomes)
        print(f"<!-- {form}: {time.perf_counter() - started:.0f} s -->", flush=True)


def _outcome(scene: Scene, form: ReflectionForm, home: Home) -> Outcome:
    result = _analyse(scene, form, home)
    verdicts = [stage.verdict for stage in result.stages if stage.stage == "initial_reason"]
    first = next((one for one in verdicts if one and one.label != "normal"), verdicts[0])
    assert first is not None, "initial reasoning always gives a verdict"
    last = Verdict(
        label=result.verdict.label,
        category=result.verdict.category,
        segment=_segment(result),
        reason=result.verdict.inconclusive_reason,
    )
    return Outcome(
        first=_is_right(first, scene),
        last=_is_right(last, scene),
        first_iou=_iou(_claimed(first), scene),
        last_iou=_iou(_claimed(last), scene),
        calls=result.usage.calls,
    )


def _analyse(scene: Scene, form: ReflectionForm, home: Home) -> Result:
    settings = Settings(home=home.root, analysis=AnalysisSettings(reflection=form))
    run_id = f"{scene.name}-{scene.seed}"
    home.journal.create_run(run_id, {"name": "scene"})
    zoom = Zoom(settings.triage, frames=settings.analysis.frames_per_zoom)
    with home.journal.hold(run_id, this_process(), 60.0) as lease:
        recorder = Recorder(home.journal, lease, timer=time.perf_counter)
        context = AnalysisContext(
            settings=settings,
            backend=open_backend("rules"),
            tools={zoom.name: zoom},
            blobs=home.blobs,
            recorder=recorder,
            budget=Budget(settings.budget, recorder),
            reader=SyntheticReader(scene=scene),
            on_progress=lambda stage, share: None,
        )
        return run_analysis(context, InMemorySaver())


def _is_right(verdict: Verdict, scene: Scene) -> bool:
    truth = scene.events[0].category if scene.events else None
    if truth is None:
        return verdict.label == "normal"
    return verdict.label == "anomalous" and verdict.category == truth


def _segment(result: Result) -> Segment | None:
    if not result.events:
        return None
    best = max(result.events, key=lambda event: event.confidence or 0.0)
    return Segment(start=best.start_s, end=best.end_s)


def _claimed(verdict: Verdict) -> Segment | None:
    """Give the segment that is said to be anomalous; one that is merely doubted is none."""
    return verdict.segment if verdict.label == "anomalous" else None


def _iou(said: Segment | None, scene: Scene) -> float | None:
    if not scene.events:
        return None
    if said is None:
        return 0.0
    return said.iou(scene.events[0].segment)


def _unrevised(one: Outcome) -> Outcome:
    return Outcome(
        first=one.first, last=one.first, first_iou=one.first_iou, last_iou=one.first_iou, calls=1
    )


def _print_row(name: str, outcomes: Sequence[Outcome]) -> None:
    right = [one for one in outcomes if one.first]
    wrong = [one for one in outcomes if not one.first]
    fixed = sum(one.last for one in wrong)
    broken = sum(not one.last for one in right)
    ious = [(one.first_iou, one.last_iou) for one in outcomes if one.first_iou is not None]
    first_iou = sum(first or 0.0 for first, _ in ious) / max(1, len(ious))
    last_iou = sum(last or 0.0 for _, last in ious) / max(1, len(ious))
    net = [int(one.last) - int(one.first) for one in outcomes]
    mean = sum(net) / len(net)
    half = 1.96 * math.sqrt(sum((value - mean) ** 2 for value in net)) / len(net)
    print(
        f"| {name} | {len(outcomes)} | {len(right)} | {sum(one.last for one in outcomes)} "
        f"| {fixed}/{len(wrong)} | {broken}/{len(right)} | {100 * mean:+.1f} ± {100 * half:.1f} "
        f"| {first_iou:.2f} -> {last_iou:.2f} "
        f"| {sum(one.calls for one in outcomes) / len(outcomes):.1f} |"
    )
