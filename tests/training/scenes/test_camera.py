import math

import numpy as np
import pytest

from vau_agent.training.scenes.area import Area, stands_whole, visible_area
from vau_agent.training.scenes.camera import Camera, draw_camera

LEVEL = Camera(width=160, height=120, focal=120.0, above=2.0, pitch=0.0)


def test_the_middle_of_a_picture_shows_what_lies_straight_ahead() -> None:
    pixels, depths = LEVEL.project(np.array([(0.0, 10.0, 2.0)]))

    assert pixels[0].tolist() == pytest.approx([80, 60])
    assert depths[0] == pytest.approx(10)


def test_right_is_right_and_up_is_up() -> None:
    pixels, _ = LEVEL.project(np.array([(1.0, 10.0, 2.0), (0.0, 10.0, 3.0)]))

    assert pixels[0].tolist() == pytest.approx([92, 60])
    assert pixels[1].tolist() == pytest.approx([80, 48])


def test_twice_as_far_is_half_as_large() -> None:
    feet_and_head = np.array([(0, 8, 0), (0, 8, 1.75), (0, 16, 0), (0, 16, 1.75)], dtype=float)
    pixels, _ = LEVEL.project(feet_and_head)

    assert pixels[0, 1] - pixels[1, 1] == pytest.approx(2 * (pixels[2, 1] - pixels[3, 1]))


def test_what_is_behind_the_lens_has_a_depth_below_zero() -> None:
    _, depths = LEVEL.project(np.array([(0.0, -3.0, 1.0)]))

    assert depths[0] == pytest.approx(-3)


@pytest.mark.parametrize("bend", [0.0, -0.12, 0.05])
def test_a_ray_leads_back_to_its_pixel(bend: float) -> None:
    camera = Camera(
        width=80, height=60, focal=50, above=4, pitch=0.5, yaw=0.3, roll=0.05, bend=bend
    )
    rays = camera.rays().reshape(-1, 3)
    pixels, depths = camera.project(camera.position + 7 * rays)

    columns, rows = np.meshgrid(np.arange(80) + 0.5, np.arange(60) + 0.5)
    assert np.abs(pixels - np.stack((columns.ravel(), rows.ravel()), axis=1)).max() < 0.1
    assert depths == pytest.approx(7, abs=1e-3)


def test_a_barrel_never_folds_the_world_back_into_the_picture() -> None:
    camera = Camera(width=160, height=120, focal=60, above=3, pitch=0.3, bend=-0.12)
    aside = np.array([(x, 2.0, 1.0) for x in np.linspace(0, 60, 200)])
    pixels, _ = camera.project(aside)

    assert (np.diff(pixels[:, 0]) > 0).all()


def test_an_area_holds_actors_whole_and_large() -> None:
    rng = np.random.default_rng(5)
    found = 0
    for number in range(40):
        camera = draw_camera(rng, (160, 120), outdoors=number % 2 == 0)
        area = visible_area(camera, least=(2.0, 2.0))
        if area is None:
            continue
        found += 1
        places = np.stack(
            (rng.uniform(area.x_min, area.x_max, 50), rng.uniform(area.y_min, area.y_max, 50)), 1
        )
        assert stands_whole(camera, places, margin=0.0).all()
    assert found > 10


def test_an_area_is_the_larger_the_smaller_actors_may_be() -> None:
    camera = Camera(width=160, height=120, focal=130, above=5, pitch=math.radians(25))
    small, large = visible_area(camera, share=1 / 8), visible_area(camera, share=1 / 5)

    assert small is not None and large is not None
    assert small.width * small.depth > large.width * large.depth


def test_a_camera_that_sees_no_ground_has_no_area() -> None:
    assert visible_area(Camera(width=160, height=120, focal=120, above=3, pitch=-0.9)) is None


def test_an_area_is_narrowed_from_its_far_side() -> None:
    assert Area(-4, 4, 3, 11).narrowed(4, 5) == Area(-2, 2, 3, 8)
    assert Area(-4, 4, 3, 11).narrowed(40, 50) == Area(-4, 4, 3, 11)
