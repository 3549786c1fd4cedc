"""`vau-agent train export`: one adapter file out of what the stages left behind."""

from pathlib import Path
from typing import Annotated

import typer

from vau_agent.cli.train.options import find_folder


def export(
    base: Annotated[
        Path,
        typer.Option("--base", metavar="DIR", help="Model folder that 'train sft' began with."),
    ],
    trained: Annotated[
        Path,
        typer.Option(
            "--trained", metavar="DIR", help="Folder of 'train sft', finished or still running."
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="The adapter, adapter.safetensors.")
    ],
    detector: Annotated[
        Path | None,
        typer.Option(
            "--detector",
            metavar="DIR",
            help="Folder of 'train detector'; its tower and detector go along.",
            show_default=False,
        ),
    ] = None,
    plain_base: Annotated[
        Path | None,
        typer.Option(
            "--apply-to",
            metavar="MODEL",
            help="Also make a model folder at --model, out of this base: nano-base, or its folder.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model", metavar="DIR", help="Where --apply-to makes it.", show_default=False
        ),
    ] = None,
) -> None:
    """Write the adapter that makes nano of its base model.

    Of a training that is still running, the last whole checkpoint is taken.
    """
    from vau_agent.training.packages import LEARNING, require

    require(LEARNING)
    from vau_agent.agent.nano.adapter import apply_adapter
    from vau_agent.errors import SettingsError
    from vau_agent.training.exporting import export_adapter

    if (plain_base is None) != (model is None):
        raise SettingsError("--apply-to and --model go together")
    card = export_adapter(base, trained, out, detector=detector)
    size = out.stat().st_size / 1e6
    print(f"{out}: {size:.1f} MB; " + ", ".join(f"{k} {v}" for k, v in card.made.items()))
    if plain_base is not None and model is not None:
        apply_adapter(find_folder(plain_base), out, model)
        print(f"model in {model}")
