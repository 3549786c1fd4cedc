"""What several stages are told alike."""

from pathlib import Path
from typing import Annotated

import typer

from vau_agent.cli.options import settings_from

ClipsOption = Annotated[
    Path, typer.Option("--clips", metavar="DIR", help="Clips, of 'vau-agent train clips'.")
]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="TOML.", show_default="built-in defaults"),
]
SeedOption = Annotated[int | None, typer.Option("--seed", metavar="N", min=0, show_default=False)]
ResumeOption = Annotated[
    bool, typer.Option("--resume", help="Go on from the last whole checkpoint in --out.")
]


def find_folder(given: Path) -> Path:
    """Give what is there under a path, else the folder of the pulled model of that name.

    Raises:
        ModelError: There is neither.
    """
    from vau_agent.agent.catalogue import resolve_model

    return given if given.exists() else resolve_model(str(given), settings_from({}).models)
