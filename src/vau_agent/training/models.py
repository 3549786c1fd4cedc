"""Model folders as the stages of training hand them on."""

import shutil
from pathlib import Path
from typing import Any, Final

from vau_agent.agent.backends.transformers.loading import LoadedModel, load_model
from vau_agent.agent.profile import PROFILE_FILE
from vau_agent.errors import ModelError
from vau_agent.tools.detector import CARD_FILE, DETECTOR_FILE

STAGE0_WEIGHTS: Final = "stage0.safetensors"
_TOWER: Final = "tower."
_KEPT: Final = (PROFILE_FILE, DETECTOR_FILE, CARD_FILE)
"""Files of a folder that the libraries do not write themselves."""


def open_model(folder: Path) -> LoadedModel:
    """Load a model folder to be trained: on the GPU where there is one.

    Raises:
        GenerationError: The folder is no model that can be loaded.
    """
    return load_model(folder, folder.name, Path)


def load_tower(model: Any, stage0: Path) -> None:  # noqa: ANN401 - transformers' own class
    """Give a model the tower that a detector was trained with.

    Raises:
        ModelError: There is none in the folder, or it is of another shape.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = stage0 / STAGE0_WEIGHTS
    try:
        found = {
            name.removeprefix(_TOWER): tensor
            for name, tensor in load_file(path).items()
            if name.startswith(_TOWER)
        }
        tower = model.model.vision_tower.timm_model
        known = tower.state_dict()
        tower.load_state_dict({name: found[name] for name in known})
    except (OSError, SafetensorError, RuntimeError, KeyError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise ModelError(
            f"{str(path)!r} holds no tower for this model ({first}); "
            "'vau-agent train detector' makes one"
        ) from error


def save_model(loaded: LoadedModel, source: Path, folder: Path) -> None:
    """Write a model with its processor, and what else lay in the folder that it came from."""
    folder.mkdir(parents=True, exist_ok=True)
    loaded.model.save_pretrained(folder)
    loaded.processor.save_pretrained(folder)
    for name in _KEPT:
        if (source / name).is_file() and source.resolve() != folder.resolve():
            shutil.copyfile(source / name, folder / name)
