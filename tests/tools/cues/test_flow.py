import numpy as np
import pytest

from vau_agent.tools.cues.flow import build_pyramid, track_cells
from vau_agent.tools.cues.grid import Plane, box_mean, box_sum, dilate


def _texture(seed: int = 0) -> Plane:
    rng = np.random.default_rng(seed)
    coarse = box_mean(rng.normal(0, 60, (180, 260)).astype(np.float32), 3)
    return coarse * 4 + 128


@pytest.mark.parametrize("shift", [(0, 0), (1, 0), (-2, 3), (6, -4), (12, 3)])
def test_a_moved_texture_is_followed(shift: tuple[int, int]) -> None:
    right, down = shift
    texture = _texture()
    current = texture[40:136, 40:168]
    previous = texture[40 + down : 136 + down, 40 + right : 168 + right]
    # what comes in over the border was nowhere before
    cells = np.argwhere(np.ones((16, 24)))[::5] + 4

    flow = track_cells(build_pyramid(previous), build_pyramid(current), cells)

    close = np.abs(flow.shift - np.array(shift)).max(axis=1) < 0.3
    assert close.mean() > 0.8
    assert np.median(flow.after) < 1.0


def test_displacements_of_half_a_pixel_are_told() -> None:
    texture = _texture(1)
    current = texture[40:136, 40:168]
    previous = 0.5 * (texture[40:136, 40:168] + texture[40:136, 41:169])
    cells = np.argwhere(np.ones((24, 32)))[::7]
    flow = track_cells(build_pyramid(previous), build_pyramid(current), cells)
    assert np.median(flow.shift[:, 0]) == pytest.approx(0.5, abs=0.1)


def test_a_brighter_picture_has_not_moved() -> None:
    texture = _texture(2)[40:136, 40:168]
    cells = np.argwhere(np.ones((24, 32)))[::7]
    flow = track_cells(build_pyramid(texture), build_pyramid(texture + 20), cells)
    assert np.abs(flow.shift).max() < 0.2


def test_no_cells_give_no_flow() -> None:
    texture = _texture(3)[40:136, 40:168]
    flow = track_cells(build_pyramid(texture), build_pyramid(texture), np.zeros((0, 2), np.intp))
    assert flow.shift.shape == (0, 2)


def test_box_sums_are_cut_off_at_the_borders() -> None:
    ones = np.ones((5, 7), dtype=np.float32)
    assert box_sum(ones, 1)[0, 0] == 4
    assert box_sum(ones, 1)[2, 3] == 9
    assert np.allclose(box_mean(ones * 3, 2), 3)


@pytest.mark.parametrize("radius", [0, 1, 2, 4, 5, 7, 11])
def test_box_sums_are_those_of_every_square(radius: int) -> None:
    planes = np.random.default_rng(4).normal(0, 50, (2, 9, 14)).astype(np.float32)
    expected = [
        [
            plane[max(y - radius, 0) : y + radius + 1, max(x - radius, 0) : x + radius + 1]
            for y in range(9)
            for x in range(14)
        ]
        for plane in planes
    ]
    sums = np.array([[square.sum() for square in squares] for squares in expected])
    means = np.array([[square.mean() for square in squares] for squares in expected])
    assert np.allclose(box_sum(planes, radius), sums.reshape(planes.shape), atol=1e-2)
    assert np.allclose(box_mean(planes, radius), means.reshape(planes.shape), atol=1e-3)


def test_a_cell_is_followed_the_same_whoever_else_is() -> None:
    texture = _texture(5)
    previous = build_pyramid(texture[45:141, 29:157])
    current = build_pyramid(texture[40:136, 40:168])
    cells = np.argwhere(np.ones((24, 32)))
    together = track_cells(previous, current, cells)
    some = np.array([0, 31, 300, 388, 736, 767])
    alone = track_cells(previous, current, cells[some])
    assert np.allclose(alone.shift, together.shift[some], atol=1e-3)
    assert np.allclose(alone.after, together.after[some], atol=1e-3)


def test_dilation_grows_by_cells_in_every_direction() -> None:
    mask = np.zeros((5, 5), dtype=np.bool_)
    mask[2, 2] = True
    assert dilate(mask).sum() == 9
    assert dilate(mask, 2).all()
