"""Options that several commands share, and how they become settings."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vau_agent.cli.session import Session

if TYPE_CHECKING:
    from vau_agent.settings import Settings


def _remember_home(context: typer.Context, home: Path | None) -> Path | None:
    if isinstance(context.obj, Session):
        context.obj.home = home
    return home


HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        metavar="DIR",
        callback=_remember_home,
        help="Where runs are kept (also VAU_HOME).",
        show_default=False,
    ),
]
OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="DIR", help="Where output folders are written.", show_default=False
    ),
]
PolicyOption = Annotated[
    str | None,
    typer.Option(
        "--policy",
        metavar="POLICY",
        help="Who reasons: rules, transformers:MODEL, vllm:MODEL, openai:MODEL@URL, scripted:FILE.",
        show_default=False,
    ),
]
MaxCallsOption = Annotated[
    int | None,
    typer.Option(
        "--max-calls", metavar="N", help="Most policy calls a run may make.", show_default=False
    ),
]
MaxTokensOption = Annotated[
    int | None,
    typer.Option(
        "--max-tokens",
        metavar="N",
        help="Tokens after which a run makes no further call.",
        show_default=False,
    ),
]
DeadlineOption = Annotated[
    float | None,
    typer.Option(
        "--deadline",
        metavar="SECONDS",
        help="Stop a run after this long; the same command goes on.",
        show_default=False,
    ),
]
OfflineOption = Annotated[
    bool,
    typer.Option("--offline", help="Refuse connections that leave this machine."),
]
EmbedderOption = Annotated[
    str | None,
    typer.Option(
        "--embedder",
        metavar="EMBEDDER",
        help="What compares words and frames: auto, conse, or open_clip:ARCH/PRETRAINED.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
RunArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[RUN]",
        help="Run id; the latest run if left out.",
        show_default=False,
    ),
]


def settings_from(overrides: Mapping[str, object]) -> "Settings":
    """Load settings; `overrides` go by dotted name and those that are `None` were not given."""
    from vau_agent.settings import load_settings

    single: dict[str, object] = {}
    groups: dict[str, dict[str, object]] = {}
    for name, value in overrides.items():
        group, _, leaf = name.rpartition(".")
        if value is not None and group:
            groups.setdefault(group, {})[leaf] = value
        elif value is not None:
            single[leaf] = value
    return load_settings({**single, **groups})
