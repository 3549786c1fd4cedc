import numpy as np
import pytest

from vau_agent.memory.embedders.conse import keep_top
from vau_agent.memory.embedders.squares import to_square, to_unit

FILL = (10, 20, 30)


@pytest.mark.parametrize(("height", "width"), [(36, 64), (64, 36), (500, 40), (1, 300), (64, 64)])
def test_a_picture_of_any_shape_becomes_a_square(height: int, width: int) -> None:
    image = np.full((height, width, 3), 200, dtype=np.uint8)

    square = to_square(image, side=64, fill=FILL)

    assert square.shape == (64, 64, 3)
    shown = (square == 200).all(axis=2)
    assert (square[~shown] == FILL).all()
    rows, columns = shown.any(axis=1).sum(), shown.any(axis=0).sum()
    assert max(rows, columns) == 64
    assert min(rows, columns) == max(1, round(64 * min(height, width) / max(height, width)))


def test_what_stands_at_the_edge_of_a_wide_picture_stays_visible() -> None:
    image = np.zeros((90, 160, 3), dtype=np.uint8)
    image[40:50, 155:] = 255

    square = to_square(image, side=64, fill=FILL)

    assert square[:, -2:].max() > 200


def test_a_picture_is_not_changed_by_being_looked_at() -> None:
    image = np.arange(64 * 64 * 3, dtype=np.uint8).reshape(64, 64, 3)
    before = image.copy()

    assert np.array_equal(to_square(image, side=64, fill=FILL), before)
    assert np.array_equal(image, before)


def test_vectors_get_length_one_and_a_zero_stays() -> None:
    vectors = np.array([[3, 4], [0, 0], [1e-3, 0]], dtype=np.float32)

    assert to_unit(vectors).tolist() == [[pytest.approx(0.6), pytest.approx(0.8)], [0, 0], [1, 0]]


def test_only_the_likeliest_classes_count_and_share_one_whole() -> None:
    likely = np.array([[0.5, 0.3, 0.1, 0.1], [0.05, 0.05, 0.2, 0.7]], dtype=np.float32)

    kept = keep_top(likely, 2)

    assert kept[0] == pytest.approx([0.625, 0.375, 0, 0])
    assert kept[1] == pytest.approx([0, 0, 2 / 9, 7 / 9])
