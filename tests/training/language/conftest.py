from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.training.language.toys import PROFILE, lay_clips, lay_model
from vau_agent.training.chains import RowMaker
from vau_agent.training.clips import ClipStore
from vau_agent.training.config import ClipRange, RowsConfig
from vau_agent.training.detections import noisy_truth

pytest.importorskip("torch", reason="the extra 'local' is not installed")
pytest.importorskip("cv2", reason="the extra 'train' is not installed")


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> ClipStore:
    folder = tmp_path_factory.mktemp("clips")
    lay_clips(folder, 24)
    return ClipStore.open(folder, "train")


@pytest.fixture(scope="session")
def maker(store: ClipStore) -> RowMaker:
    """Rows of every kind: a hundred of them."""
    return RowMaker(
        store=store,
        clips=ClipRange(),
        config=RowsConfig(variants=5, detected=0.7, told_first=0.5),
        profile=PROFILE,
        detect=noisy_truth,
    )


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder with random weights that speaks the compact dialect."""
    return lay_model(tmp_path_factory.mktemp("model") / "base")
