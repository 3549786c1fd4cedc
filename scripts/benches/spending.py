"""B10 and B11: what an hour of surveillance costs in calls and prompt tokens, beside two plans.

The peers' rows are plans of calls, not runs of their programs: one call for every clip of five
frames at 1 fps (PANDA), and one for every ten seconds at 2 fps before a question is asked, then
three looks of 50 frames (Deep Video Discovery). They pay for our system prompt, no more.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from scripts.benches.analysing import analyse
from scripts.benches.clips import looped
from scripts.benches.measure import Work
from scripts.benches.metered import Engine, MeteredBackend
from vau_agent.agent.backends.factory import open_backend
from vau_agent.agent.prompting import load_prompt
from vau_agent.memory.home import open_home
from vau_agent.settings import RetrievalSettings, Settings
from vau_agent.tools.video.encode import write_video
from vau_agent.tools.video.factory import open_video
from vau_agent.tools.video.scenes.canvas import Canvas
from vau_agent.tools.video.scenes.kinds import build_scene
from vau_agent.tools.video.scenes.scene import Actor, Scene, Script

HOURS: Final = {"nothing changes": 0, "10 % active": 30}
"""Seconds of each five minutes in which people move."""
_LOOP_SECONDS: Final = 300
_SEED: Final = 101


@dataclass(frozen=True, kw_only=True, slots=True)
class _Late:
    """An actor that comes on at some time, for some time."""

    actor: Actor
    start: float
    end: float

    def draw(self, canvas: Canvas, t: float) -> None:
        """Draw it while it is there."""
        if self.start <= t < self.end:
            self.actor.draw(canvas, t - self.start)


def prompt_tokens(work: Work) -> None:
    """Prompt tokens submitted and read anew for each hour."""
    print("| hour | plan | calls | submitted | uncached | ours / it, submitted | uncached |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, active_s in HOURS.items():
        plans = {"ours": _ours(work, name, active_s), "PANDA-like": _fixed_clips(work)}
        plans["DVD-like"] = _index_first(work)
        ours = plans["ours"]
        for plan, engine in plans.items():
            print(
                f"| {name} | {plan} | {len(engine.prompts)} | {engine.submitted} "
                f"| {engine.uncached} | {ours.submitted / engine.submitted:.3f} "
                f"| {ours.uncached / engine.uncached:.3f} |",
                flush=True,
            )
        shares = ", ".join(
            f"{stage} {ours.cached_share(stage):.0%}" for stage in dict.fromkeys(ours.stages)
        )
        print(f"<!-- {name}: prompt tokens cached: {shares} -->")


def calls_an_hour(work: Work) -> None:
    """Policy calls for each hour."""
    print("| hour | calls | PANDA-like | DVD-like | goal |")
    print("| --- | --- | --- | --- | --- |")
    goals = {"nothing changes": "<= 1", "10 % active": "<= 40"}
    for name, active_s in HOURS.items():
        ours = len(_ours(work, name, active_s).prompts)
        peers = (len(_fixed_clips(work).prompts), len(_index_first(work).prompts))
        print(f"| {name} | {ours} | {peers[0]} | {peers[1]} | {goals[name]} |", flush=True)


def _ours(work: Work, name: str, active_s: int) -> Engine:
    engine = Engine()
    root = work.folder / f"spending-{name.replace(' ', '-')}-{id(engine)}"
    settings = Settings(home=root, retrieval=RetrievalSettings(embedder="off"))
    video = _hour(work, active_s)
    with open_home(root) as home, open_video(video) as reader:
        backend = MeteredBackend(backend=open_backend("rules"), engine=engine)
        analyse(reader, backend, settings=settings, home=home, run_id="hour")
    return engine


def _fixed_clips(work: Work) -> Engine:
    """Every second in clips of five frames, each its own call."""
    engine = Engine()
    system, task = _words()
    for clip in range(_scaled(work, 720)):
        engine.read([system, *range(5 * clip, 5 * clip + 5), task])
    return engine


def _index_first(work: Work) -> Engine:
    """Describe every ten seconds at 2 fps, then answer one question in three looks."""
    engine = Engine()
    system, task = _words()
    clips = _scaled(work, 360)
    for clip in range(clips):
        engine.read([system, *range(20 * clip, 20 * clip + 20), task])
    looks: list[str | int] = [system, task]
    for look in range(3):
        looks.extend(range(50 * look, 50 * look + 50))
        engine.read([*looks])
    return engine


def _words() -> tuple[str, str]:
    system = load_prompt("system").text
    return system, load_prompt("initial_reason").text


def _hour(work: Work, active_s: int) -> Path:
    """Render five minutes, of which people move for `active_s`, and repeat them for an hour."""
    active = build_scene("fighting", seed=_SEED, duration_s=30.0, size=(320, 240), fps=5.0)
    late = tuple(
        _Late(actor=actor, start=120.0, end=120.0 + active_s) for actor in active.script.actors
    )
    scene: Scene = replace(
        active, name="hour", duration_s=float(_LOOP_SECONDS), script=Script(actors=late)
    )
    path = work.folder / f"minutes-{active_s}.mp4"
    if not path.exists():
        partial = path.with_stem(f".{path.stem}")
        write_video(scene, partial, gop=50)
        partial.replace(path)
    return looped(path, times=1 if work.quick else 12)


def _scaled(work: Work, calls: int) -> int:
    return calls // 12 if work.quick else calls
