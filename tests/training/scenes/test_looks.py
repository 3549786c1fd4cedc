from dataclasses import replace

import numpy as np
import pytest

from vau_agent.motion import Image
from vau_agent.training.scenes.clocks import draw_clock
from vau_agent.training.scenes.looks import Looks, draw_looks
from vau_agent.training.scenes.weather import Weather, draw_weather

SIZE = (160, 120)


def drawn(seed: int, *, night: bool = False) -> Looks:
    rng = np.random.default_rng(seed)
    return draw_looks(rng, SIZE, outdoors=True, night=night, level=0.4)


QUIET = Looks(
    seed=5,
    grey=False,
    mixing=np.eye(3, dtype=np.float32),
    gamma=1.0,
    level=0.4,
    contrast=1.0,
    brightness=0.0,
    blur=0.0,
    sharpened=0.0,
    noise=None,
    quality=95,
    shrunk=1.0,
    flicker=0.0,
    drift=0.0,
    shake=0.0,
    interlaced=False,
    veil=np.full((SIZE[1], SIZE[0], 3), 255, dtype=np.uint8),
    weather=Weather(),
    clock=None,
)
"""Looks that change nothing."""


def ramp() -> Image:
    picture = np.zeros((SIZE[1], SIZE[0], 3), dtype=np.uint8)
    picture[..., 0] = np.linspace(40, 220, SIZE[0]).astype(np.uint8)
    picture[..., 1] = 90
    picture[..., 2] = np.linspace(200, 60, SIZE[1]).astype(np.uint8)[:, None]
    return picture


def test_quiet_looks_keep_colours_in_their_channels() -> None:
    shown = QUIET.recorded(ramp(), 1.0)

    assert np.abs(shown.astype(int) - ramp()).mean() < 4


def test_grey_cameras_are_grey_and_a_good_part_of_all() -> None:
    many = [drawn(seed, night=seed % 3 == 0) for seed in range(60)]
    grey = [one for one in many if one.grey]
    shown = replace(QUIET, mixing=grey[0].mixing).recorded(ramp(), 1.0).astype(int)

    assert 0.2 < len(grey) / len(many) < 0.6
    assert np.abs(shown[..., 0] - shown[..., 2]).mean() < 2


@pytest.mark.parametrize("seed", range(8))
def test_a_recording_is_the_same_for_the_same_time(seed: int) -> None:
    looks = drawn(seed, night=True)

    assert (looks.recorded(ramp(), 2.5) == looks.recorded(ramp(), 2.5)).all()


def test_noise_differs_from_picture_to_picture() -> None:
    noisy = next(one for one in map(drawn, range(20)) if one.noise is not None)
    looks = replace(QUIET, noise=noisy.noise)

    assert (looks.recorded(ramp(), 1.0) != looks.recorded(ramp(), 1.04)).any()
    assert (QUIET.recorded(ramp(), 1.0) == QUIET.recorded(ramp(), 1.04)).all()


def test_low_quality_loses_more() -> None:
    texture = np.random.default_rng(0).integers(0, 255, (SIZE[1], SIZE[0], 3)).astype(np.uint8)
    lost = [
        np.abs(replace(QUIET, quality=quality).recorded(texture, 0.0).astype(int) - texture).mean()
        for quality in (15, 80)
    ]
    assert lost[0] > lost[1]


def test_a_loose_camera_moves_its_pictures_and_a_fixed_one_does_not() -> None:
    loose, fixed = replace(QUIET, shake=2.0), QUIET

    assert (loose.moved(ramp(), 0.3) != loose.moved(ramp(), 0.6)).any()
    assert (fixed.moved(ramp(), 0.3) == ramp()).all()


def test_flicker_is_brightness_that_comes_and_goes() -> None:
    looks = replace(QUIET, flicker=0.1)
    means = [looks.recorded(ramp(), at / 25).mean() for at in range(10)]

    assert max(means) - min(means) > 5


def test_contrast_is_drawn_out_around_the_mean_of_the_pictures() -> None:
    dark = np.full((SIZE[1], SIZE[0], 3), 51, dtype=np.uint8)
    shown = replace(QUIET, contrast=1.6, level=0.2).recorded(dark, 0.0)

    assert abs(float(shown.mean()) - 51) < 3


CLOCK = replace(
    draw_clock(np.random.default_rng(1), SIZE), form="%H:%M:%S", corner=(0, 0), name=None
)


def test_a_clock_runs_in_its_corner_only() -> None:
    pictures = [np.zeros((SIZE[1], SIZE[0], 3), dtype=np.uint8) for _ in range(3)]
    for picture, at in zip(pictures, (0.1, 0.2, 5.1), strict=True):
        CLOCK.write(picture, at)

    assert (pictures[0] == pictures[1]).all()
    assert (pictures[0] != pictures[2]).any()
    assert pictures[0][: SIZE[1] // 3].any()
    assert not pictures[0][SIZE[1] // 2 :].any()


@pytest.mark.parametrize("seed", range(12))
def test_a_clock_fits_into_the_picture(seed: int) -> None:
    picture = np.zeros((SIZE[1], SIZE[0] + 100, 3), dtype=np.uint8)
    drawn_clock = draw_clock(np.random.default_rng(seed), SIZE)
    replace(drawn_clock, corner=(0, 1), name=None, paper=False).write(picture, 3.0)

    assert picture.any()
    assert not picture[:, SIZE[0] :].any()


def test_rain_falls_outdoors_only_and_not_twice_alike() -> None:
    outdoors = [_weather(seed, outdoors=True) for seed in range(60)]
    indoors = [_weather(seed, outdoors=False) for seed in range(60)]
    rain = next(one for one in outdoors if one.falling == "rain")
    first, second = (rain.over(ramp(), 1.0, np.random.default_rng(seed)) for seed in (1, 2))

    assert not any(one.falling for one in indoors)
    assert (first != second).any()
    assert (first.astype(int) >= rain.over(ramp(), 1.0, _none()).astype(int) - 60).all()


def test_shadows_of_clouds_drift_and_only_darken() -> None:
    cloudy = next(one for one in (_weather(seed) for seed in range(60)) if one.clouds is not None)
    cloudy = replace(cloudy, falling=None, insect=None)
    first, second = (cloudy.over(ramp(), at, _none()) for at in (0.0, 4.0))

    assert (first <= ramp()).all()
    assert (first != second).any()


def _weather(seed: int, *, outdoors: bool = True) -> Weather:
    return draw_weather(np.random.default_rng(seed), SIZE, outdoors=outdoors, night=False)


def _none() -> np.random.Generator:
    return np.random.default_rng(0)
