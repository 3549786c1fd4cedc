import numpy as np
import pytest

from vau_agent.training.scenes.area import ACTOR_HEIGHT
from vau_agent.training.scenes.shapes import (
    Ball,
    Capsule,
    Face,
    Flame,
    Flash,
    Point,
    Shape,
    Smoke,
)
from vau_agent.training.scenes.splits import SPLITS, Split, generator, places
from vau_agent.training.scenes.view import View, draw_view

SEEDS = range(4)


def person(x: float, y: float, owner: str = "person") -> list[Shape]:
    return [
        Capsule((x, y, 0.1), (x, y, 0.9), 0.1, (30, 30, 40), owner),
        Capsule((x, y, 0.9), (x, y, 1.4), 0.18, (180, 40, 40), owner),
        Ball((x, y, 1.63), 0.12, (200, 160, 130), owner),
    ]


def view_of(seed: int, split: Split = "train", outdoors: bool | None = None) -> View:
    return draw_view(generator(split, seed, "view"), split, outdoors=outdoors)


@pytest.fixture(scope="module")
def views() -> list[View]:
    return [view_of(seed) for seed in SEEDS]


def middle(view: View) -> tuple[float, float]:
    return (view.area.x_min + view.area.x_max) / 2, (view.area.y_min + view.area.y_max) / 2


def change(view: View, shapes: list[Shape], timestamp: float = 1.0) -> np.ndarray:
    """How much `shapes` change the picture, per pixel."""
    with_them = view.picture(shapes, timestamp).astype(int)
    without: np.ndarray = np.abs(with_them - view.picture([], timestamp)).sum(axis=2)
    return without


def test_the_same_arguments_give_the_same_picture(views: list[View]) -> None:
    for seed, view in zip(SEEDS, views, strict=True):
        shapes = person(*middle(view))
        first = view.picture(shapes, 2.3)
        view.picture(shapes, 9.9)

        assert (view.picture(shapes, 2.3) == first).all()
        assert (view_of(seed).picture(shapes, 2.3) == first).all()


def test_a_picture_is_an_image_of_the_size_of_its_view(views: list[View]) -> None:
    for view in views:
        picture = view.picture(person(*middle(view)), 0.0)
        assert picture.shape == (view.size[1], view.size[0], 3)
        assert picture.dtype == np.uint8


@pytest.mark.parametrize("split", SPLITS)
def test_an_actor_anywhere_in_the_area_is_whole_and_large(split: Split) -> None:
    rng = np.random.default_rng(3)
    for seed in range(4):
        view = view_of(seed, split)
        for _ in range(20):
            x = rng.uniform(view.area.x_min, view.area.x_max)
            y = rng.uniform(view.area.y_min, view.area.y_max)
            ends = np.array([(x, y, 0.0), (x, y, ACTOR_HEIGHT)])
            pixels, _ = view.camera.project(ends)
            assert (pixels > 0).all() and (pixels < view.size).all()
            assert pixels[0, 1] - pixels[1, 1] >= view.size[1] / 8


def test_an_actor_changes_the_picture_where_its_box_is(views: list[View]) -> None:
    for view in views:
        shapes = person(*middle(view))
        box = view.box(shapes, "person")
        assert box is not None
        changed = change(view, shapes)
        width, height = view.size
        rows = slice(int(box.y * height), int((box.y + box.height) * height) + 1)
        columns = slice(int(box.x * width), int((box.x + box.width) * width) + 1)
        inside = changed[rows, columns].mean()
        changed[rows, columns] = 0
        assert inside > 4 * changed.mean()


def test_nothing_of_a_place_hides_an_actor_in_the_area() -> None:
    for seed in range(4):
        view = view_of(seed, "L2")
        for x in (view.area.x_min, view.area.x_max):
            for y in (view.area.y_min, view.area.y_max):
                _, depths = view.camera.project(np.array([(x, y, 0.9)]))
                ends, _ = view.stage.camera.project(np.array([(x, y, 0.05), (x, y, 1.7)]))
                for thing in view.stage.things:
                    if thing.depth < depths[0]:
                        rows, columns = thing.window
                        for column, row in ends - (columns.start, rows.start):
                            inside = 0 <= row < len(thing.mask) and 0 <= column < len(thing.mask[0])
                            assert not (inside and thing.mask[int(row), int(column), 0])


def test_what_stands_behind_a_thing_is_hidden_by_it() -> None:
    view = next(one for one in map(view_of, range(50)) if one.stage.things)
    thing = max(view.stage.things, key=lambda one: int(one.mask.sum()))
    rows, columns = thing.window
    row, column = np.argwhere(thing.mask[..., 0]).mean(axis=0).astype(int)
    row, column = row + rows.start, column + columns.start
    ray = view.stage.camera.rays()[row, column]
    behind, before = (
        tuple((view.camera.position + ray * depth).tolist())
        for depth in (thing.depth + 3, max(thing.depth - 1, 0.4))
    )

    hidden = view.stage.paint([_ball(behind)])
    shown = view.stage.paint([_ball(before)])

    mask = thing.mask[..., 0]
    assert (hidden[thing.window][mask] == view.stage.backdrop[thing.window][mask]).all()
    assert (shown[thing.window][mask] != view.stage.backdrop[thing.window][mask]).any()


def _ball(centre: tuple[float, ...]) -> Ball:
    x, y, z = centre
    return Ball((x, y, z), 0.2, (255, 0, 255))


def test_fire_is_bright_smoke_hides_and_a_flash_lights_up_its_surroundings() -> None:
    view = view_of(1)
    x, y = middle(view)
    foot: Point = (x, y, 0.0)
    plain = view.stage.paint([]).astype(int)

    fire = view.stage.paint([Flame(foot, 0.8, 1.2, phase=0.4)]).astype(int)
    smoke = view.stage.paint([Smoke((x, y, 1.0), 0.8, 0.9)]).astype(int)
    flash = view.stage.paint([Flash((x, y, 1.0), 3.0, 1.0)]).astype(int)

    assert (fire - plain)[..., 0].max() > 60
    assert np.abs(smoke - plain).max() > 10
    assert (flash - plain).mean() > 8
    assert (flash >= plain).all()


def test_a_flame_flickers_with_its_phase() -> None:
    view = view_of(1)
    foot: Point = (*middle(view), 0.0)
    first, second = (view.stage.paint([Flame(foot, 0.8, 1.2, phase=p)]) for p in (0.0, 0.2))

    assert (first != second).any()


def test_far_and_wild_shapes_do_no_harm() -> None:
    view = view_of(2)
    wild: list[Shape] = [
        Capsule((0, -5, 1), (0, 5, 1), 0.2, (9, 9, 9), "a"),
        Ball((1e5, 1e5, 1e3), 2.0, (9, 9, 9), "a"),
        Face(((0, 0.1, 2), (0.1, 0.1, 2), (0, -4, 2)), (9, 9, 9), "a"),
        Flame((0, -3, 0), 1, 1, 0.0),
        Smoke((0, 0, 50), 1.0, 0.5),
        Flash((0, -2, 2), 4.0, 1.0),
    ]
    assert view.picture(wild, 0.0).shape == (view.size[1], view.size[0], 3)


def test_nobody_has_no_box_and_who_is_behind_has_none() -> None:
    view = view_of(0)
    assert view.box(person(0, -8), "person") is None
    assert view.box(person(*middle(view)), "nobody") is None


def test_an_empty_view_stands_still_but_for_noise() -> None:
    still = [view for view in map(view_of, range(4)) if not view.looks.shake]
    for view in still:
        first, second = (view.picture([], at).astype(int) for at in (1.0, 1.04))
        assert np.abs(first - second).mean() < 25


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("outdoors", [True, False])
def test_a_view_is_of_a_place_of_its_split(split: Split, outdoors: bool) -> None:
    for seed in range(2):
        view = view_of(seed, split, outdoors)
        assert view.outdoors is outdoors
        assert view.place in places(split, outdoors=outdoors)


def test_a_view_is_drawn_for_chosen_places_and_a_width() -> None:
    view = draw_view(generator("train", 3, "view"), "train", among=("a street",), width=6.0)

    assert view.place == "a street"
    assert view.area.width >= 6


def test_a_view_that_cannot_be_is_refused() -> None:
    rng = generator("train", 3, "view")
    with pytest.raises(ValueError, match="no place of train is among"):
        draw_view(rng, "train", among=("a warehouse",))
    with pytest.raises(ValueError, match=r"30\.0 m across"):
        draw_view(rng, "train", width=30.0)
