"""`vau-agent demo`: a rendered scene with a known event, analysed for real."""

import sys
from typing import TYPE_CHECKING, Annotated, Final

import typer

from vau_agent.cli.analyze import print_outcome, run_one
from vau_agent.cli.options import HomeOption, OutOption, PolicyOption, QuietOption, settings_from
from vau_agent.errors import SettingsError

if TYPE_CHECKING:
    from vau_agent.tools.video.scenes.scene import Scene

_SECONDS: Final = 40.0


def demo(
    kind: Annotated[str, typer.Option(help="What happens in the scene.")] = "fighting",
    seed: Annotated[int, typer.Option(min=0, help="Varies place, people and times.")] = 7,
    seconds: Annotated[float, typer.Option(min=8, max=600, help="Length.")] = _SECONDS,
    out: OutOption = None,
    home: HomeOption = None,
    policy: PolicyOption = None,
    quiet: QuietOption = False,
) -> None:
    """Render a scene whose truth is known and analyse it, to see what to expect."""
    from vau_agent.tools.video.encode import write_video
    from vau_agent.tools.video.scenes.kinds import SCENE_KINDS, build_scene

    if kind not in SCENE_KINDS:
        raise SettingsError(f"no scene {kind!r}; --kind takes one of: {', '.join(SCENE_KINDS)}")
    settings = settings_from({"out": out, "home": home, "policy": policy})
    # A number, not the kind: nothing that is analysed may tell the answer by its name.
    number = list(SCENE_KINDS).index(kind)
    video = settings.out / "demo" / f"scene-{number}-{seed}-{seconds:g}s.mp4"
    if not quiet:
        print(
            f"Rendering a {seconds:g} s scene with a known event, then analysing it for real "
            f"with policy {settings.policy!r}.",
            file=sys.stderr,
        )
    scene = build_scene(kind, seed=seed, duration_s=seconds, clock=True)
    if not video.is_file():
        write_video(scene, video)
    outcome = run_one(video, settings, fresh=False, events=False, quiet=quiet)
    print_outcome(outcome, show_next=False)
    print(f"Truth    {_truth(scene)}")
    print("Next     vau-agent analyze YOUR.mp4   |   vau-agent doctor")


def _truth(scene: "Scene") -> str:
    from vau_agent.reports.times import span

    events = [f"{one.category} {span(one.segment.start, one.segment.end)}" for one in scene.events]
    return ", ".join(events) or "nothing anomalous happens"
