import math

import numpy as np
import pytest
from numpy.typing import NDArray

from vau_agent.schemas import CATEGORIES, Box
from vau_agent.tools.video.base import Image
from vau_agent.tools.video.scenes.kinds import SCENE_KINDS, build_scene

EVENT_KINDS = [kind for kind in SCENE_KINDS if kind in CATEGORIES]
NORMAL_KINDS = [kind for kind in SCENE_KINDS if kind not in CATEGORIES]


def _changed_blocks(before: Image, after: Image) -> NDArray[np.bool_]:
    """Tell which 8 x 8 blocks differ by more than noise does."""
    change = after.astype(np.float64).mean(axis=2) - before.astype(np.float64).mean(axis=2)
    height, width = (side - side % 8 for side in change.shape)
    blocks = change[:height, :width].reshape(height // 8, 8, width // 8, 8).mean(axis=(1, 3))
    changed: NDArray[np.bool_] = np.abs(blocks) > 8
    return changed


def _inside(box: Box, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Give the blocks that a box touches."""
    rows, columns = shape
    return (
        slice(int(box.y * rows), math.ceil((box.y + box.height) * rows)),
        slice(int(box.x * columns), math.ceil((box.x + box.width) * columns)),
    )


@pytest.mark.parametrize("kind", SCENE_KINDS)
def test_the_same_seed_draws_the_same_pixels_and_another_seed_others(kind: str) -> None:
    first, again, other = (build_scene(kind, seed=seed) for seed in (4, 4, 5))

    assert np.array_equal(first.draw(7.3), again.draw(7.3))
    assert first.events == again.events
    assert not np.array_equal(first.draw(7.3), other.draw(7.3))


@pytest.mark.parametrize("kind", SCENE_KINDS)
def test_a_picture_has_the_size_asked_for(kind: str) -> None:
    image = build_scene(kind, seed=1, size=(176, 144)).draw(2.0)

    assert image.shape == (144, 176, 3)
    assert image.dtype == np.uint8


@pytest.mark.parametrize("kind", EVENT_KINDS)
@pytest.mark.parametrize("seed", range(6))
def test_an_event_lies_inside_the_scene_and_the_picture(kind: str, seed: int) -> None:
    scene = build_scene(kind, seed=seed, duration_s=10)

    (event,) = scene.events

    assert event.category == kind
    assert 0 < event.segment.start < event.segment.end <= 10
    assert event.box.width > 0.03
    assert event.box.height > 0.03
    assert event.box.x + event.box.width <= 1 + 1e-9
    assert event.box.y + event.box.height <= 1 + 1e-9


@pytest.mark.parametrize("kind", EVENT_KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_the_picture_changes_inside_the_box_of_the_event(kind: str, seed: int) -> None:
    scene = build_scene(kind, seed=seed)
    (event,) = scene.events
    start, box = event.segment.start, event.box

    changed = _changed_blocks(scene.draw(start - 0.1), scene.draw(start + 1.2))

    assert changed[_inside(box, changed.shape)].any()


@pytest.mark.parametrize("kind", ["fall", "road accident", "crowd panic"])
@pytest.mark.parametrize("seed", range(4))
def test_an_event_without_bystanders_changes_nothing_outside_its_box(kind: str, seed: int) -> None:
    scene = build_scene(kind, seed=seed)
    (event,) = scene.events
    start, box = event.segment.start, event.box

    changed = _changed_blocks(scene.draw(start), scene.draw(start + 1.2))

    changed[_inside(box, changed.shape)] = False
    assert not changed.any()


@pytest.mark.parametrize("kind", NORMAL_KINDS)
def test_a_hard_normal_scene_states_no_event(kind: str) -> None:
    assert build_scene(kind, seed=3).events == ()


def test_an_empty_scene_differs_from_frame_to_frame_by_noise_alone() -> None:
    scene = build_scene("empty", seed=2)
    first, second = scene.draw(1.0).astype(int), scene.draw(1.1).astype(int)

    assert 0.5 < np.abs(first - second).mean() < 6
    assert abs((first - second).mean()) < 0.1


def test_a_light_switched_on_brightens_the_whole_picture() -> None:
    scene = build_scene("light switched on", seed=2)

    assert scene.draw(19.9).mean() > 1.5 * scene.draw(0.0).mean()


def test_a_camera_cut_changes_most_of_the_picture_for_good() -> None:
    scene = build_scene("camera cut", seed=2)
    cut = scene.script.cut_at
    assert cut is not None

    assert _changed_blocks(scene.draw(cut - 0.05), scene.draw(cut + 0.05)).mean() > 0.4
    assert np.array_equal(scene.backgrounds[0], build_scene("camera cut", seed=2).backgrounds[0])


def test_a_clock_shows_the_time() -> None:
    plain, timed = (build_scene("empty", seed=2, clock=clock) for clock in (False, True))
    corner, rest = (slice(0, 18), slice(0, 110)), (slice(24, None), slice(None))

    assert np.array_equal(plain.draw(1.0)[rest], timed.draw(1.0)[rest])
    assert np.abs(timed.draw(1.0)[corner].astype(int) - timed.draw(1.4)[corner]).max() > 100


def test_an_unknown_kind_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'picnic'.*fighting.*camera cut"):
        build_scene("picnic", seed=1)
