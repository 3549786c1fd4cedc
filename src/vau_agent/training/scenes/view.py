"""One surveillance camera at one place: shows shapes as its recordings would."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np

from vau_agent.motion import Image
from vau_agent.schemas import Box
from vau_agent.training.scenes.area import SMALLEST_SHARE, Area, visible_area
from vau_agent.training.scenes.backdrops import Backdrop, draw_backdrop
from vau_agent.training.scenes.camera import NEAR, Array, Camera, draw_camera
from vau_agent.training.scenes.lighting import Lamp, Light
from vau_agent.training.scenes.looks import Looks, draw_looks
from vau_agent.training.scenes.painting import SUPERSAMPLED, Stage, Thing
from vau_agent.training.scenes.shapes import Ball, Capsule, Face, Flame, Flash, Shape, Smoke
from vau_agent.training.scenes.splits import PLACES, Split, layouts, palettes, places
from vau_agent.training.scenes.surfaces import FAR, Buffer, Surface, cast

_SIZES: Final = ((160, 120), (176, 144), (160, 90), (192, 108), (192, 144), (144, 144))
_LARGE_SHARE: Final = 0.55
_LEAST: Final = (3.0, 2.5)
_LEAST_OUTDOORS: Final = (4.0, 3.0)
"""Metres across and along that a story needs."""
_CAMERAS: Final = 3000
"""Drawn before a view is given up; one in a few is enough for what stories ask."""
_WIDEST: Final = 6.0
_MOST: Final = (14.0, 10.0)
_MOST_INDOORS: Final = (8.0, 6.0)
_BRIGHT: Final = (75.0, 150.0)
_DIM: Final = (40.0, 80.0)
"""Mean level of a picture by day, and by night."""
_GLARING: Final = 60.0
"""Mean level at which a sudden light shows at its full strength."""
_GROUND: Final = 1
_FIRST_THING: Final = 3
"""Parts of the buffer: ground, walls, and then each thing."""


@dataclass(frozen=True, kw_only=True)
class View:
    """A camera, what it looks at, and how its pictures come out."""

    size: tuple[int, int]
    """Width and height of its pictures."""
    place: str
    outdoors: bool
    night: bool
    area: Area
    """The ground where actors are wholly visible and at least an eighth of the picture high."""
    camera: Camera
    """Of its pictures, before it is shaken."""
    stage: Stage
    looks: Looks

    def picture(self, shapes: Sequence[Shape], timestamp: float) -> Image:
        """Return what is recorded at `timestamp` seconds; the same for the same arguments."""
        canvas = self.looks.moved(self.stage.paint(shapes, timestamp), timestamp)
        small = cv2.resize(canvas, self.size, interpolation=cv2.INTER_AREA)
        return self.looks.recorded(small.astype(np.uint8, copy=False), timestamp)

    def box(self, shapes: Sequence[Shape], owner: str) -> Box | None:
        """Return the box around all that belongs to `owner`; `None` where nothing of it shows."""
        owned = [_extent(one) for one in shapes if one.owner == owner]
        if not owned:
            return None
        points = np.concatenate([points for points, _ in owned])
        radii = np.concatenate([np.full(len(points), radius) for points, radius in owned])
        pixels, depths = self.camera.project(points)
        ahead = depths > NEAR
        if not ahead.any():
            return None
        reach = (radii * self.camera.focal / np.maximum(depths, NEAR))[:, None]
        low, high = (pixels - reach)[ahead].min(axis=0), (pixels + reach)[ahead].max(axis=0)
        size = np.array(self.size)
        left, top = np.clip(low / size, 0, 1).tolist()
        right, bottom = np.clip(high / size, 0, 1).tolist()
        if right <= left or bottom <= top:
            return None
        return Box(x=left, y=top, width=right - left, height=bottom - top)


def draw_view(
    rng: np.random.Generator,
    split: Split,
    *,
    outdoors: bool | None = None,
    among: Collection[str] | None = None,
    width: float = 0.0,
) -> View:
    """Draw a camera, a place and its looks as `split` may show them.

    Args:
        rng: Random numbers; the same ones give the same view.
        split: Whose places, layouts and palettes are drawn from.
        outdoors: Under the sky or under a roof; either where `None`.
        among: The places that will do; all of the split where `None`.
        width: Metres across that the area has at least, up to 6.

    Raises:
        ValueError: No place of `split` is among those that will do, or `width` is out of reach.
    """
    if width > _WIDEST:
        raise ValueError(f"no camera is sure to see {width} m across; ask for {_WIDEST} at most")
    fitting = [one for one in places(split, outdoors=outdoors) if among is None or one in among]
    if not fitting:
        raise ValueError(f"no place of {split} is among {sorted(among or ())}")
    place = str(rng.choice(fitting))
    open_air = PLACES[place]
    size = _SIZES[int(rng.integers(len(_SIZES)))]
    camera, area = _draw_camera(rng, size, outdoors=open_air, width=width)
    night = bool(rng.random() < (0.3 if open_air else 0.12))
    backdrop = draw_backdrop(
        rng,
        place,
        area,
        above=camera.above,
        outdoors=open_air,
        palette=str(rng.choice(palettes(split))),
        layout=int(rng.choice(layouts(split))),
    )
    light = _draw_light(rng, area, outdoors=open_air, night=night)
    brightness = float(rng.uniform(*(_DIM if night else _BRIGHT)))
    return View(
        size=size,
        place=place,
        outdoors=open_air,
        night=night,
        area=area,
        camera=camera,
        stage=_build_stage(camera, backdrop, light, brightness),
        looks=draw_looks(rng, size, outdoors=open_air, night=night, level=brightness / 255),
    )


def _draw_camera(
    rng: np.random.Generator, size: tuple[int, int], *, outdoors: bool, width: float = 0.0
) -> tuple[Camera, Area]:
    """Draw cameras until one sees enough ground with actors as large as they are to be.

    Raises:
        ValueError: None of many did.
    """
    across, along = _LEAST_OUTDOORS if outdoors else _LEAST
    least = max(across, width), along
    share = float(np.exp(rng.uniform(np.log(SMALLEST_SHARE), np.log(_LARGE_SHARE))))
    for _ in range(_CAMERAS):
        camera = draw_camera(rng, size, outdoors=outdoors)
        area = visible_area(camera, share=share, least=least)
        if area is not None:
            if outdoors:
                return camera, area.narrowed(*_MOST)
            kept, depth = rng.uniform(_LEAST, _MOST_INDOORS)
            return camera, area.narrowed(max(float(kept), width), float(depth))
        share = max(share * 0.96, SMALLEST_SHARE)
    raise ValueError(f"no camera sees {least[0]:g} m of ground from side to side; ask for less")


def _draw_light(rng: np.random.Generator, area: Area, *, outdoors: bool, night: bool) -> Light:
    middle = (area.x_min + area.x_max) / 2, (area.y_min + area.y_max) / 2
    if outdoors and not night:
        angle, high = rng.uniform(0, 2 * np.pi), rng.uniform(0.5, 1.4)
        towards = np.array((np.cos(angle), np.sin(angle), high)) / np.hypot(1, high)
        return Light(
            ambient=(0.55, 0.57, 0.62),
            sun=(0.6, 0.57, 0.5),
            towards=(float(towards[0]), float(towards[1]), float(towards[2])),
            shadow=float(rng.uniform(0.25, 0.6)),
            softness=int(rng.choice((3, 5))),
        )
    dim = rng.uniform(0.12, 0.3) if night else rng.uniform(0.5, 0.75)
    lamps = tuple(
        Lamp(
            place=(
                float(middle[0] + rng.uniform(-4, 4)),
                float(middle[1] + rng.uniform(-4, 6)),
                float(rng.uniform(2.6, 5)),
            ),
            reach=float(rng.uniform(2.5, 6)),
            colour=(0.8, 0.72, 0.6),
        )
        for _ in range(int(rng.integers(1, 4)))
    )
    return Light(ambient=(dim, dim, dim), lamps=lamps, shadow=0.35, softness=7)


def _build_stage(camera: Camera, backdrop: Backdrop, light: Light, brightness: float) -> Stage:
    """Look at `backdrop`, exposed so that its mean is about `brightness`, 0..255."""
    scale = SUPERSAMPLED
    seen = cast(camera, (backdrop.ground, backdrop.walls, *backdrop.things), scale)
    ground = seen.part == _GROUND
    lit = _lit(seen, light, backdrop)
    exposure = float(np.clip(brightness / lit.mean(), 0.4, 4.0))
    small = ground[::scale, ::scale].astype(np.uint8) * 255
    return Stage(
        camera=replace(
            camera,
            width=camera.width * scale,
            height=camera.height * scale,
            focal=camera.focal * scale,
        ),
        backdrop=np.clip(lit * exposure, 0, 255).astype(np.uint8),
        points=np.ascontiguousarray(seen.points[::scale, ::scale]),
        ground=np.ascontiguousarray(small),
        light=light.brighter(exposure),
        glare=float(np.clip(_GLARING / brightness, 0.3, 1.2)),
        things=tuple(_things(seen, backdrop.things)),
    )


def _things(seen: Buffer, things: Sequence[Sequence[Surface]]) -> list[Thing]:
    """Return what of each thing is seen, and can hide what is behind it."""
    found = []
    for part in range(_FIRST_THING, _FIRST_THING + len(things)):
        mask = seen.part == part
        left, top, width, height = cv2.boundingRect(mask.astype(np.uint8))
        if width:
            window = slice(top, top + height), slice(left, left + width)
            depth = float(np.median(seen.depth[mask]))
            cut = mask[window][..., None].copy()
            sways = bool(things[part - _FIRST_THING][-1].texture.sways)
            found.append(Thing(depth=depth, window=window, mask=cut, sways=sways))
    return found


def _lit(seen: Buffer, light: Light, backdrop: Backdrop) -> Array:
    shown = seen.colour * light.on(seen.points, seen.normal)
    rows = len(shown)
    share = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    top, horizon = (np.array(one, dtype=np.float32) for one in backdrop.sky)
    sky = (top + (horizon - top) * np.minimum(2 * share, 1)) * np.mean(light.ambient) * 1.6
    lit: Array = np.where((seen.depth >= FAR)[..., None], sky[:, None], shown)
    return lit


def _extent(shape: Shape) -> tuple[Array, float]:
    """Return points of `shape` and how far it reaches around them, in metres."""
    if isinstance(shape, Capsule):
        points, radius = [shape.start, shape.end], shape.radius
    elif isinstance(shape, Ball | Smoke):
        points, radius = [shape.centre], shape.radius
    elif isinstance(shape, Flash):
        points, radius = [shape.centre], 0.0
    elif isinstance(shape, Face):
        points, radius = list(shape.points), 0.0
    else:
        assert isinstance(shape, Flame)
        x, y, z = shape.foot
        half = shape.width / 2
        points, radius = [(x - half, y, z), (x + half, y, z), (x, y, z + shape.height)], 0.0
    return np.array(points, dtype=np.float32), radius
