"""`vau-agent scenes`: procedural surveillance video with exact truth, as files and to look at."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vau_agent.cli.options import QuietOption
from vau_agent.errors import SettingsError

if TYPE_CHECKING:
    from vau_agent.training.scenes.splits import Split

LevelOption = Annotated[
    str,
    typer.Option(
        "--level",
        metavar="LEVEL",
        help="train, L1 (new seeds), L2 (new places and looks) or L3 (new categories too).",
    ),
]
SceneSeedOption = Annotated[
    int, typer.Option("--seed", metavar="N", min=0, help="Which scenes of the level are drawn.")
]


def build_app() -> typer.Typer:
    """Put the subcommands together."""
    app = typer.Typer(
        rich_markup_mode=None, help="Render surveillance scenes whose truth is known exactly."
    )
    for command in (render, sheet):
        app.command()(command)
    return app


def render(
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where the videos are written.")
    ],
    level: LevelOption = "L1",
    count: Annotated[
        int, typer.Option("--count", metavar="N", min=1, max=1_000_000, help="Videos.")
    ] = 500,
    seed: SceneSeedOption = 0,
    jobs: Annotated[int, typer.Option("--jobs", metavar="N", min=1, help="Processes at once.")] = 1,
    quiet: QuietOption = False,
) -> None:
    """Write H.264 videos of scenes, and a manifest that 'eval run manifest' reads.

    Equal options give equal scenes. Videos that are there already are kept, so the same command
    goes on after an interruption. No name tells what is in a video.
    """
    from vau_agent.training.packages import DRAWING, require

    require(DRAWING)
    from vau_agent.training.rendering import render_videos, scene_seeds

    def on_video(done: int, videos: int) -> None:
        if done == videos or done % 10 == 0:
            print(f"  {done}/{videos} videos", file=sys.stderr, flush=True)

    manifest = render_videos(
        split_named(level),
        scene_seeds(seed, count),
        out,
        jobs=jobs,
        on_video=None if quiet else on_video,
    )
    print(manifest)
    if not quiet:
        words = f"vau-agent eval run manifest --truth {manifest} --videos {out}"
        print(f"Next     {words}", file=sys.stderr)


def sheet(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The picture, a PNG file.")],
    level: LevelOption = "L1",
    count: Annotated[
        int, typer.Option("--count", metavar="N", min=1, max=200, help="Scenes, one a row.")
    ] = 24,
    moments: Annotated[
        int, typer.Option("--moments", metavar="N", min=1, max=32, help="Pictures of each scene.")
    ] = 8,
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind", metavar="KIND", help="Only this story, e.g. fall.", show_default=False
        ),
    ] = None,
    seed: SceneSeedOption = 0,
) -> None:
    """Write one picture of many scenes, to see what a level looks like."""
    from vau_agent.training.packages import DRAWING, require

    require(DRAWING)
    from vau_agent.training.rendering import draw_sheet, scene_seeds
    from vau_agent.training.scenes.scene import draw_scene

    split = split_named(level)
    try:
        scenes = [draw_scene(split, one, kind=kind) for one in scene_seeds(seed, count)]
    except (KeyError, ValueError) as error:
        raise SettingsError(f"no scene of kind {kind!r} in {split}: {error}") from error
    out.parent.mkdir(parents=True, exist_ok=True)
    draw_sheet(scenes, moments=moments).save(out, format="PNG")
    print(out)


def split_named(level: str) -> "Split":
    """Read the name of a level.

    Raises:
        SettingsError: There is none of this name.
    """
    from vau_agent.training.scenes.splits import SPLITS

    for split in SPLITS:
        if level.strip().casefold() == split.casefold():
            return split
    raise SettingsError(f"no level {level!r}; there are {', '.join(SPLITS)}")
