"""Cars, vans and bicycles: what they look like, and how they move along a way."""

from dataclasses import dataclass
from itertools import pairwise
from math import cos, inf, pi, sin
from typing import Final

import numpy as np

from vau_agent.training.scenes.bodies import Body, figure
from vau_agent.training.scenes.poses import RIDE
from vau_agent.training.scenes.shapes import Ball, Capsule, Colour, Face, Flash, Point, Shape
from vau_agent.training.scenes.tracks import Place, Track

_PAINTS: Final[tuple[Colour, ...]] = (
    (228, 228, 228),
    (182, 186, 190),
    (96, 100, 106),
    (30, 32, 36),
    (44, 66, 116),
    (150, 34, 36),
    (60, 92, 70),
    (196, 170, 60),
    (120, 160, 190),
)
_GLASS: Final[Colour] = (44, 54, 64)
_TYRE: Final[Colour] = (26, 26, 28)
_HEADLIGHT: Final[Colour] = (255, 246, 214)
_TAILLIGHT: Final[Colour] = (200, 30, 26)


@dataclass(frozen=True, slots=True)
class Make:
    """Size and colour of a car or van, in metres."""

    length: float
    width: float
    height: float
    bonnet: float
    """Share of the length that is low in front; 0 for a van."""
    boot: float
    """Share of the length that is low behind."""
    paint: Colour


def draw_make(rng: np.random.Generator) -> Make:
    """Draw a car or, less often, a van."""
    paint = _PAINTS[int(rng.integers(len(_PAINTS)))]
    if rng.random() < 0.2:
        return Make(
            float(rng.uniform(4.6, 5.6)), 1.95, float(rng.uniform(2.0, 2.5)), 0.12, 0, paint
        )
    boot = float(rng.choice((0.0, 0.17)))
    return Make(
        float(rng.uniform(3.7, 4.7)), 1.75, float(rng.uniform(1.4, 1.65)), 0.27, boot, paint
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Car:
    """A car or van on a way."""

    name: str
    make: Make
    way: Track
    lights: tuple[float, float] | None = None
    """From second, to second; headlights shine into the scene while on."""
    crumpled_at: float = inf
    """From this second on the front is dented."""
    rolled: float = 0.0
    """Radians it is thrown onto its side after `crumpled_at`."""

    def shapes(self, timestamp: float) -> list[Shape]:
        """Return body, windows, wheels and lights."""
        at = self.way.at(timestamp)
        box = _Box(at, 0.0)
        since = timestamp - self.crumpled_at
        if since > 0 and self.rolled:
            box = _Box(at, self.rolled * min(1.0, since / 0.5))
        dent = 0.12 * min(1.0, max(0.0, since) / 0.12)
        lit = self.lights is not None and self.lights[0] <= timestamp < self.lights[1]
        return [*_wheels(self, box, at), *_bodywork(self, box, dent), *_lamps(self, box, lit)]


class _Box:
    """Places points of a vehicle: forward, left and up of its middle on the ground."""

    def __init__(self, at: Place, roll: float) -> None:
        self._x, self._y = at.x, at.y
        self._c, self._s = cos(at.heading), sin(at.heading)
        self._roll_c, self._roll_s = cos(roll), sin(roll)
        self._raise = 0.9 * abs(self._roll_s)

    def at(self, ahead: float, left: float, up: float) -> Point:
        side = left * self._roll_c - up * self._roll_s
        high = left * self._roll_s + up * self._roll_c
        return (
            self._x + ahead * self._c - side * self._s,
            self._y + ahead * self._s + side * self._c,
            high + self._raise,
        )


def _bodywork(car: Car, box: _Box, dent: float) -> list[Shape]:
    make, paint = car.make, car.make.paint
    half, front, back = make.width / 2, make.length / 2 * (1 - dent), -make.length / 2
    low, waist, top = 0.28, 0.55 * make.height, make.height
    screen, rear = front - make.bonnet * make.length, back + make.boot * make.length
    roof_front, roof_rear = screen - 0.11 * make.length, rear + 0.06 * make.length
    inset = 0.86 * half
    dark = (paint[0] * 3 // 4, paint[1] * 3 // 4, paint[2] * 3 // 4)

    def face(colour: Colour, *corners: tuple[float, float, float]) -> Face:
        return Face(tuple(box.at(*corner) for corner in corners), colour, car.name)

    shapes: list[Shape] = []
    for side in (half, -half):
        shapes.append(
            face(dark, (front, side, low), (front, side, waist - 0.06), (screen, side, waist),
                 (back, side, waist), (back, side, low))
        )  # fmt: skip
        over = inset if side > 0 else -inset
        shapes.append(
            face(_GLASS, (screen, side, waist), (roof_front, over, top), (roof_rear, over, top),
                 (rear, side, waist))
        )  # fmt: skip
    quads = (
        (paint, (front, low), (front, waist - 0.06), half, half),
        (paint, (front, waist - 0.06), (screen, waist), half, half),
        (_GLASS, (screen, waist), (roof_front, top), half, inset),
        (paint, (roof_front, top), (roof_rear, top), inset, inset),
        (_GLASS, (roof_rear, top), (rear, waist), inset, half),
        (paint, (rear, waist), (back, waist), half, half),
        (paint, (back, waist), (back, low), half, half),
    )
    for colour, (x, z), (other_x, other_z), wide, other_wide in quads:
        if abs(x - other_x) + abs(z - other_z) > 0.05:
            shapes.append(
                face(colour, (x, wide, z), (x, -wide, z), (other_x, -other_wide, other_z),
                     (other_x, other_wide, other_z))
            )  # fmt: skip
    return shapes


def _wheels(car: Car, box: _Box, at: Place) -> list[Shape]:
    radius, half = 0.31, car.make.width / 2
    shapes: list[Shape] = []
    for ahead in (0.31 * car.make.length, -0.31 * car.make.length):
        for side in (half, -half):
            rim = [
                box.at(
                    ahead + radius * cos(k * pi / 4), side * 1.01, radius + radius * sin(k * pi / 4)
                )
                for k in range(8)
            ]
            shapes.append(Face(tuple(rim), _TYRE, car.name))
            angle = -at.travelled / radius
            spoke = (0.6 * radius * cos(angle), 0.6 * radius * sin(angle))
            shapes.append(
                Capsule(
                    box.at(ahead - spoke[0], side * 1.03, radius - spoke[1]),
                    box.at(ahead + spoke[0], side * 1.03, radius + spoke[1]),
                    0.035,
                    (120, 120, 120),
                    car.name,
                )
            )
    return shapes


def _lamps(car: Car, box: _Box, lit: bool) -> list[Shape]:
    front, half = car.make.length / 2, 0.36 * car.make.width
    shapes: list[Shape] = []
    for side in (half, -half):
        colour = _HEADLIGHT if lit else (200, 204, 206)
        shapes.append(Ball(box.at(front * 0.97, side, 0.62), 0.12, colour, car.name))
        shapes.append(Ball(box.at(-front * 0.98, side, 0.68), 0.1, _TAILLIGHT, car.name))
        if lit:
            shapes.append(Flash(box.at(front + 0.5, side, 0.6), 1.1, 0.28, _HEADLIGHT, car.name))
    return shapes


@dataclass(frozen=True, slots=True, kw_only=True)
class Cyclist:
    """Somebody on a bicycle."""

    name: str
    body: Body
    way: Track
    frame: Colour
    until: float = inf
    """From this second on the bicycle lies alone (its rider is then a person of the story)."""

    def shapes(self, timestamp: float) -> list[Shape]:
        """Return the bicycle and its rider."""
        at = self.way.at(timestamp)
        down = min(1.0, max(0.0, timestamp - self.until) / 0.5)
        box = _Box(at._replace(speed=0.0), 1.45 * down)
        shapes = self._bicycle(box, at.travelled, 0.85 * down)
        if timestamp < self.until:
            turn = at.travelled / 0.9
            pose = RIDE._replace(
                left_hip=1.05 + 0.45 * sin(turn),
                right_hip=1.05 - 0.45 * sin(turn),
                left_knee=1.15 + 0.45 * cos(turn),
                right_knee=1.15 - 0.45 * cos(turn),
                lift=0.22 + 0.05 * sin(2 * turn),
                along=-0.2,
            )
            shapes += figure(self.body, pose, at.x, at.y, at.heading, self.name)
        return shapes

    def _bicycle(self, box: _Box, travelled: float, sink: float) -> list[Shape]:
        radius = 0.33

        def rod(start: tuple[float, float], end: tuple[float, float], thick: float) -> Capsule:
            first, second = box.at(start[0], 0, start[1]), box.at(end[0], 0, end[1])
            low = (first[0], first[1], max(0.03, first[2] - sink))
            high = (second[0], second[1], max(0.03, second[2] - sink))
            return Capsule(low, high, thick, self.frame, self.name)

        shapes: list[Shape] = []
        for hub in (0.52, -0.52):
            rim = [
                (hub + radius * cos(k * pi / 5), radius + radius * sin(k * pi / 5))
                for k in range(11)
            ]
            for start, end in pairwise(rim):
                part = rod(start, end, 0.025)
                shapes.append(Capsule(part.start, part.end, 0.025, _TYRE, self.name))
            angle = -travelled / radius
            spoke = (radius * cos(angle), radius * sin(angle))
            shapes.append(
                rod((hub - spoke[0], radius - spoke[1]), (hub + spoke[0], radius + spoke[1]), 0.012)
            )
        shapes.append(rod((0.52, radius), (0.4, 1.0), 0.03))
        shapes.append(rod((-0.52, radius), (-0.2, 0.9), 0.03))
        shapes.append(rod((-0.2, 0.75), (0.42, 0.8), 0.03))
        shapes.append(rod((0.0, 0.3), (0.42, 0.75), 0.03))
        return shapes
