"""Where the models lie that a stage begins with."""

from pathlib import Path

from vau_agent.cli.options import settings_from


def find_folder(given: Path) -> Path:
    """Give what is there under a path, else the folder of the pulled model of that name.

    Raises:
        ModelError: There is neither.
    """
    from vau_agent.agent.catalogue import resolve_model

    return given if given.exists() else resolve_model(str(given), settings_from({}).models)
