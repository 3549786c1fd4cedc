import numpy as np
import pytest
import torch

from vau_agent.training.detector.augmentation import augment
from vau_agent.training.detector.config import AugmentConfig

NOTHING = AugmentConfig(
    flip=0, brightness=0, contrast=0, grey=0, redness=0, motion=0, noise=0, zoom=0
)


def windows(value: int = 128) -> torch.Tensor:
    pictures = torch.full((2, 4, 32, 32, 3), value, dtype=torch.uint8)
    pictures[..., 0] = torch.arange(32, dtype=torch.uint8) * 8  # brighter to the right
    return pictures


def vary(config: AugmentConfig, *, pictures: torch.Tensor | None = None) -> torch.Tensor:
    shown = windows() if pictures is None else pictures
    return augment(shown, marks(), config, np.random.default_rng(1))[0]


def marks() -> torch.Tensor:
    """Something stands at the left."""
    marked = torch.zeros(2, 4, 4, 4, dtype=torch.uint8)
    marked[..., 0] = 255
    return marked


def test_without_changes_pictures_stay() -> None:
    assert torch.equal(vary(NOTHING), windows().float())


def test_a_mirrored_clip_is_mirrored_in_every_picture() -> None:
    mirrored = vary(NOTHING.model_copy(update={"flip": 1.0}))

    assert torch.equal(mirrored, windows().float().flip(3))


@pytest.mark.parametrize(
    ("change", "channels"),
    [
        ({"brightness": 0.3}, {0}),
        ({"grey": 1.0}, {1}),
        ({"redness": 1.0}, {1}),
        ({"motion": 1.0}, {2}),
        ({"contrast": 0.5}, {0, 1, 2}),
    ],
)
def test_light_changes_the_channels_it_should(change: dict[str, float], channels: set[int]) -> None:
    pictures = windows(160)

    varied = vary(NOTHING.model_copy(update=change), pictures=pictures)

    changed = {
        channel
        for channel in range(3)
        if not torch.equal(varied[..., channel], pictures[..., channel].float())
    }
    assert changed == channels
    assert torch.equal(varied[:, 0], varied[:, 3])  # the same in every picture of a clip


@pytest.mark.parametrize(("flip", "column"), [(0.0, 0), (1.0, 3)])
def test_marks_move_with_their_picture(flip: float, column: int) -> None:
    config = NOTHING.model_copy(update={"flip": flip})

    moved = augment(windows(), marks(), config, np.random.default_rng(1))[1]

    assert moved.shape == marks().shape
    assert moved.sum(dim=(0, 1, 2)).nonzero().flatten().tolist() == [column]


def test_stillness_stays_stillness() -> None:
    varied = vary(AugmentConfig(noise=0))

    assert torch.allclose(varied[..., 2], torch.tensor(128.0), atol=0.01)


def test_zoomed_pictures_show_less_of_the_scene() -> None:
    varied = vary(NOTHING.model_copy(update={"zoom": 0.5}))

    spread = varied[..., 0].amax(dim=(1, 2, 3)) - varied[..., 0].amin(dim=(1, 2, 3))
    assert varied.shape == windows().shape
    assert (spread < 248).any()


def test_pictures_stay_pictures() -> None:
    wild = AugmentConfig(brightness=1, contrast=0.9, noise=90)
    varied = vary(wild)

    assert varied.min() >= 0 and varied.max() <= 255
