import numpy as np
import pytest

from vau_agent.training.scenes.area import Area
from vau_agent.training.scenes.backdrops import draw_backdrop
from vau_agent.training.scenes.camera import Camera
from vau_agent.training.scenes.lighting import Lamp, Light
from vau_agent.training.scenes.painting import Stage
from vau_agent.training.scenes.places import PALETTE_COLOURS, RECIPES, Material
from vau_agent.training.scenes.shapes import Capsule, Colour, Point
from vau_agent.training.scenes.splits import LAYOUTS, PALETTES, PLACES
from vau_agent.training.scenes.surfaces import FAR, Surface, cast
from vau_agent.training.scenes.textures import Texture, bricks, noise, plain, rails, tiles

CAMERA = Camera(width=80, height=60, focal=60, above=4, pitch=0.5)


def of(colour: Colour) -> Texture:
    return Texture(pixels=np.full((8, 8, 3), colour, dtype=np.float32), metres=1.0)


def wall(y: float, texture: Texture) -> Surface:
    return Surface(corner=(-50, y, -50), across=(100, 0, 0), up=(0, 0, 100), texture=texture)


GROUND = Surface(corner=(-90, -9, 0), across=(180, 0, 0), up=(0, 300, 0), texture=of((90, 90, 90)))


def test_the_nearest_surface_is_seen_whatever_the_order() -> None:
    near, far = wall(6, of((250, 0, 0))), wall(9, of((0, 0, 250)))
    for parts in ([[near], [far]], [[far], [near]]):
        seen = cast(CAMERA, parts, 1)
        assert (seen.colour == (250, 0, 0)).all()
        assert seen.points[..., 1] == pytest.approx(6, abs=1e-3)


def test_the_ground_lies_at_height_zero_and_faces_up() -> None:
    seen = cast(CAMERA, [[GROUND]], 2)

    assert seen.points[seen.part == 1][:, 2] == pytest.approx(0, abs=1e-3)
    assert (seen.normal[seen.part == 1] == (0, 0, 1)).all()
    assert (seen.depth[seen.part == 0] == FAR).all()


def test_what_is_behind_shows_through_bars() -> None:
    fence = wall(6, rails(np.random.default_rng(1), (200, 200, 200)))
    seen = cast(CAMERA, [[fence], [wall(9, of((0, 0, 250)))]], 1)

    assert set(np.unique(seen.part)) == {1, 2}


def test_what_is_behind_the_camera_is_not_seen() -> None:
    assert not cast(CAMERA, [[wall(-5, of((250, 0, 0)))]], 1).part.any()


@pytest.mark.parametrize("material", [plain, bricks, tiles])
def test_materials_keep_about_their_colour(material: Material) -> None:
    texture = material(np.random.default_rng(2), (120, 100, 80), 2.0)

    assert texture.mean == pytest.approx((120, 100, 80), abs=45)
    assert texture.pixels.min() >= 0 and texture.pixels.max() <= 255


def test_noise_has_no_seam() -> None:
    for seed in range(5):
        field = noise(np.random.default_rng(seed), 4, 2)
        inner = np.abs(np.diff(field, axis=1)).mean()
        seam = np.abs(field[:, 0] - field[:, -1]).mean()
        assert seam < 3 * inner


def test_every_place_and_palette_of_the_splits_can_be_drawn() -> None:
    assert set(RECIPES) == set(PLACES)
    assert set(PALETTE_COLOURS) == set(PALETTES)


@pytest.mark.parametrize("place", PLACES)
def test_things_of_a_place_stand_outside_its_area(place: str) -> None:
    area = Area(-3, 3, 5, 10)
    for layout in range(0, LAYOUTS, 4):
        backdrop = draw_backdrop(
            np.random.default_rng(layout),
            place,
            area,
            above=4.0,
            outdoors=PLACES[place],
            palette=PALETTES[layout % len(PALETTES)],
            layout=layout,
        )
        for surface in (one for thing in backdrop.things for one in thing):
            corner, across, up = map(np.array, (surface.corner, surface.across, surface.up))
            x, y, _ = corner + across / 2 + up / 2
            assert not (area.x_min < x < area.x_max and area.y_min < y < area.y_max)


def stage(light: Light) -> Stage:
    seen = cast(CAMERA, [[GROUND]], 1)
    ground = (seen.part == 1).astype(np.uint8) * 255
    return Stage(
        camera=CAMERA,
        backdrop=np.full((60, 80, 3), 150, dtype=np.uint8),
        points=seen.points,
        ground=ground,
        light=light,
    )


POST = Capsule((0, 8, 0), (0, 8, 1.8), 0.15, (150, 150, 150))


@pytest.mark.parametrize(("towards", "side"), [((-0.8, 0, 0.6), 1), ((0.8, 0, 0.6), -1)])
def test_a_shadow_falls_away_from_the_sun(towards: Point, side: int) -> None:
    light = Light(ambient=(1, 1, 1), towards=towards, shadow=0.6, softness=3)
    canvas = stage(light).paint([POST]).astype(int)
    foot, tip = (CAMERA.project(np.array([(x, 8.0, 0.0)]))[0][0] for x in (0.0, side * 1.2))
    column, row = ((foot + 2 * tip) / 3).astype(int)

    assert canvas[row, column].mean() < 120
    assert canvas[row, int(2 * foot[0] - column)].mean() == 150


def test_a_rod_is_brighter_on_the_side_of_the_light() -> None:
    light = Light(ambient=(1, 1, 1), towards=(-0.8, 0, 0.6), shadow=0.0)
    canvas = stage(light).paint([Capsule((0, 5, 0.5), (0, 5, 1.6), 0.5, (90, 90, 90))])
    column, row = CAMERA.project(np.array([(0.0, 5.0, 1.5)]))[0][0].astype(int)

    assert canvas[row, column - 4, 0] > canvas[row, column + 5, 0]


def test_near_rods_are_drawn_over_far_ones_whatever_the_order() -> None:
    light = Light(ambient=(1, 1, 1), shadow=0.0)
    near = Capsule((0, 6, 0), (0, 6, 1.5), 0.3, (250, 0, 0))
    far = Capsule((0, 7, 0), (0, 7, 1.5), 0.3, (0, 0, 250))

    assert (stage(light).paint([near, far]) == stage(light).paint([far, near])).all()


def test_a_lamp_lights_what_is_near_it() -> None:
    lamp = Lamp(place=(0, 5, 3), reach=2.0, colour=(1, 1, 1))
    light = Light(ambient=(0.2, 0.2, 0.2), lamps=(lamp,))
    near, far = light.on(np.array([(0.0, 5.0, 0.0), (0.0, 30.0, 0.0)]))

    assert near[0] > 0.4
    assert far[0] < 0.25
    assert light.brighter(2).on(np.array([(0.0, 5.0, 0.0)]))[0] == pytest.approx(2 * near)
