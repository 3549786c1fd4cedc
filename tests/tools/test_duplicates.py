import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vau_agent.tools.duplicates import DuplicateFilter, block_means, is_duplicate
from vau_agent.tools.video.base import Image


def _grey(level: int, size: tuple[int, int] = (144, 192)) -> Image:
    return np.full((*size, 3), level, dtype=np.uint8)


def _with_square(level: int, *, at: tuple[int, int], side: int) -> Image:
    image = _grey(100)
    image[at[0] : at[0] + side, at[1] : at[1] + side] = level
    return image


@pytest.mark.parametrize(("change", "duplicate"), [(0, True), (6, True), (7, False), (-7, False)])
def test_the_threshold_holds_from_both_sides(change: int, duplicate: bool) -> None:
    means, kept = block_means(_grey(100 + change)), block_means(_grey(100))
    assert is_duplicate(means, kept, block_change=6.001) is duplicate


def test_one_changed_block_is_enough_however_large_the_picture() -> None:
    kept = block_means(_grey(100))
    assert not is_duplicate(
        block_means(_with_square(120, at=(64, 64), side=8)), kept, block_change=6
    )


def test_a_change_of_size_makes_a_frame_new() -> None:
    assert not is_duplicate(
        block_means(_grey(100, (72, 96))), block_means(_grey(100)), block_change=6
    )


def test_slow_drift_adds_up_because_frames_are_compared_with_the_last_kept_one() -> None:
    frames = DuplicateFilter(block_change=6, keep_every_seconds=1000)
    kept = [level for level in range(100, 130) if frames.keeps(_grey(level), level / 10)]
    assert len(kept) == 5
    assert frames.skipped == 25


def test_a_frame_is_kept_every_so_often_in_a_still_scene() -> None:
    frames = DuplicateFilter(block_change=6, keep_every_seconds=30)
    kept = [second for second in range(100) if frames.keeps(_grey(100), float(second))]
    assert kept == [0, 30, 60, 90]


def test_a_picture_smaller_than_a_block_is_still_compared() -> None:
    frames = DuplicateFilter(block_change=6, keep_every_seconds=30)
    assert frames.keeps(_grey(10, (4, 6)), 0.0)
    assert not frames.keeps(_grey(12, (4, 6)), 0.1)
    assert frames.keeps(_grey(40, (4, 6)), 0.2)


@given(seed=st.integers(0, 2**16), height=st.integers(8, 40), width=st.integers(8, 40))
def test_block_means_equal_the_plain_average_of_the_luma(
    seed: int, height: int, width: int
) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    means = block_means(image)
    luma = image.astype(np.float64) @ [0.299, 0.587, 0.114]
    assert means.shape == (height // 8, width // 8)
    assert means[0, 0] == pytest.approx(luma[:8, :8].mean(), abs=1e-3)
    assert means[-1, -1] == pytest.approx(
        luma[height // 8 * 8 - 8 : height // 8 * 8, width // 8 * 8 - 8 : width // 8 * 8].mean(),
        abs=1e-3,
    )
