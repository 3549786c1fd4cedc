"""Things of a story: bags, balls, bins, benches, fences, doors, windows, tables, fires, smoke."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import cos, inf, sin

import numpy as np

from vau_agent.training.scenes.people import Person
from vau_agent.training.scenes.shapes import (
    Ball,
    Capsule,
    Colour,
    Face,
    Point,
    Shape,
)
from vau_agent.training.scenes.tracks import Place, Track


@dataclass(frozen=True, slots=True, kw_only=True)
class Prop:
    """A thing whose solids are a function of time."""

    name: str
    draw: Callable[[float], list[Shape]]
    present: tuple[float, float] = (-inf, inf)

    def shapes(self, timestamp: float) -> list[Shape]:
        """Return the solids of the thing at `timestamp`."""
        return self.draw(timestamp) if self.present[0] <= timestamp < self.present[1] else []


def block(
    centre: tuple[float, float],
    size: tuple[float, float, float],
    colour: Colour,
    *,
    heading: float = 0.0,
    bottom: float = 0.0,
    owner: str = "",
) -> list[Shape]:
    """Return the five visible sides of a box; `size` is length, width and height."""
    c, s = cos(heading), sin(heading)
    half, wide = size[0] / 2, size[1] / 2
    corners = [
        (centre[0] + a * half * c - b * wide * s, centre[1] + a * half * s + b * wide * c)
        for a, b in ((1, 1), (-1, 1), (-1, -1), (1, -1))
    ]
    top = bottom + size[2]
    dark = (colour[0] * 4 // 5, colour[1] * 4 // 5, colour[2] * 4 // 5)
    sides: list[Shape] = []
    for index, (x, y) in enumerate(corners):
        u, v = corners[(index + 1) % 4]
        shade = dark if index % 2 else colour
        sides.append(Face(((x, y, bottom), (u, v, bottom), (u, v, top), (x, y, top)), shade, owner))
    sides.append(Face(tuple((x, y, top) for x, y in corners), colour, owner))
    return sides


@dataclass(frozen=True, slots=True, kw_only=True)
class Bag:
    """A bag that is carried by persons in turn and stands where it was put meanwhile."""

    name: str
    colour: Colour
    size: tuple[float, float, float]
    carriers: Sequence[tuple[float, float, Person]]
    """From second, to second, who carries it."""
    stands: tuple[float, float] | None = None
    """Where it stands while nobody carries it; without it, where it was let go."""
    hand: str = "right_hand"

    def shapes(self, timestamp: float) -> list[Shape]:
        """Return the bag at `timestamp`."""
        x, y, bottom, heading = self.place(timestamp)
        solids = block(
            (x, y), self.size, self.colour, heading=heading, bottom=bottom, owner=self.name
        )
        top = bottom + self.size[2]
        solids.append(Capsule((x, y, top), (x, y, top + 0.12), 0.025, (40, 36, 34), self.name))
        return solids

    def place(self, timestamp: float) -> tuple[float, float, float, float]:
        """Return x, y, height of the bottom and heading."""
        last: tuple[float, Person] | None = None
        for start, end, person in self.carriers:
            if start <= timestamp < end:
                hand = person.joint(self.hand, timestamp)
                heading = person.way.at(timestamp).heading
                return hand[0], hand[1], max(0.0, hand[2] - self.size[2] - 0.1), heading
            if timestamp >= end:
                last = end, person
        if last is None:
            if self.stands is not None:
                return (*self.stands, 0.0, 0.0)
            start, _, person = self.carriers[0]
            hand = person.joint(self.hand, start)
            return hand[0], hand[1], 0.0, 0.0
        end, person = last
        hand = person.joint(self.hand, end)
        x, y = self.stands or (hand[0], hand[1])
        height = max(0.0, hand[2] - self.size[2] - 0.1)
        dropped = max(0.0, height - 4.9 * (timestamp - end) ** 2)
        return x, y, dropped, person.way.at(end).heading


def ball(name: str, way: Track, radius: float, colour: Colour, bounce_m: float) -> Prop:
    """Return a ball that bounces along a way, one bounce in about three metres."""

    def draw(timestamp: float) -> list[Shape]:
        at = way.at(timestamp)
        high = radius + bounce_m * abs(sin(at.travelled * 1.05))
        return [Ball((at.x, at.y, high), radius, colour, name)]

    return Prop(name=name, draw=draw)


def bench(name: str, x: float, y: float, heading: float, colour: Colour) -> Prop:
    """Return a bench; who sits on it looks along `heading`."""
    back_x, back_y = x - 0.28 * cos(heading), y - 0.28 * sin(heading)
    solids = [
        *block((x, y), (0.45, 1.5, 0.06), colour, heading=heading, bottom=0.38, owner=name),
        *block(
            (back_x, back_y), (0.06, 1.5, 0.45), colour, heading=heading, bottom=0.42, owner=name
        ),
        *block((x, y), (0.1, 1.3, 0.38), (60, 60, 62), heading=heading, owner=name),
    ]
    return Prop(name=name, draw=lambda _: solids)


def draw_thing(rng: np.random.Generator, x: float, y: float) -> Prop:
    """Draw a thing that stands about: a bin, bench, table, heap, or a wall with door or window."""
    paint: Colour = (
        int(rng.integers(40, 170)),
        int(rng.integers(40, 150)),
        int(rng.integers(30, 130)),
    )
    kinds: tuple[Callable[[], Prop], ...] = (
        lambda: barrel("bin", lambda _: ((x, y, 0.0), 0.0), paint),
        lambda: bench("bench", x, y, float(rng.uniform(3.4, 6.0)), paint),
        lambda: table("table", x, y, (float(rng.uniform(0.7, 1.4)), 0.7), paint),
        lambda: heap(rng, "heap", x, y),
        lambda: fence("fence", (x - 2.5, y), (x + 2.5, y), float(rng.uniform(1.0, 2.0)), paint),
        lambda: door("door", x, y, paint, lambda _: 0.0),
        lambda: window("window", x, y, paint, inf),
        lambda: barrier("barrier", x, y, 2.5),
    )
    return kinds[int(rng.integers(len(kinds)))]()


def heap(rng: np.random.Generator, name: str, x: float, y: float) -> Prop:
    """Return a heap of boxes and rubbish."""
    solids: list[Shape] = []
    for _ in range(4):
        at = (x + float(rng.uniform(-0.4, 0.4)), y + float(rng.uniform(-0.2, 0.2)))
        length, width, height = rng.uniform((0.3, 0.3, 0.2), (0.6, 0.5, 0.5)).tolist()
        colour: Colour = (110, 90, 66) if rng.random() < 0.5 else (84, 84, 80)
        heading = float(rng.uniform(0, 3))
        solids += block(at, (length, width, height), colour, heading=heading, owner=name)
    return Prop(name=name, draw=lambda _: solids)


def barrier(name: str, x: float, y: float, half: float) -> Prop:
    """Return a bar in red and white that closes an area off; it reaches `half` metres each way."""
    count, height = 10, 1.0
    solids: list[Shape] = []
    for k in range(count):
        middle = x - half + half * (2 * k + 1) / count
        colour: Colour = (200, 40, 36) if k % 2 else (235, 232, 228)
        size = (2 * half / count, 0.04, 0.12)
        solids += block((middle, y), size, colour, bottom=height - 0.15, owner=name)
    for k in range(4):
        post = (x - half + 2 * half * k / 3, y)
        solids += block(post, (0.08, 0.08, height), (110, 110, 112), owner=name)
    return Prop(name=name, draw=lambda _: solids)


def table(name: str, x: float, y: float, size: tuple[float, float], colour: Colour) -> Prop:
    """Return a table or counter with closed sides."""
    solids = block((x, y), (size[0], size[1], 0.78), colour, owner=name)
    return Prop(name=name, draw=lambda _: solids)


def barrel(name: str, at: Callable[[float], tuple[Point, float]], colour: Colour) -> Prop:
    """Return a litter bin; `at` gives the middle of its bottom and how far it has tipped over."""

    def draw(timestamp: float) -> list[Shape]:
        (x, y, z), tipped = at(timestamp)
        high = 0.85
        low: Point = (x, y, z + 0.24 + 0.04 * sin(tipped))
        top: Point = (x + high * 0.75 * sin(tipped), y, low[2] + high * 0.75 * cos(tipped))
        lid: Colour = (colour[0] // 2, colour[1] // 2, colour[2] // 2)
        return [
            Capsule(low, top, 0.25, colour, name),
            Ball((top[0] + 0.02, y, top[2] + 0.08), 0.2, lid, name),
        ]

    return Prop(name=name, draw=draw)


def fence(
    name: str, start: tuple[float, float], end: tuple[float, float], height: float, colour: Colour
) -> Prop:
    """Return a fence of posts, rails and bars."""
    solids: list[Shape] = []
    length = ((end[0] - start[0]) ** 2 + (end[1] - start[1]) ** 2) ** 0.5
    count = max(2, min(14, int(length / 0.6)))
    for index in range(count + 1):
        share = index / count
        x, y = start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])
        thick = 0.05 if index % 3 == 0 else 0.025
        solids.append(Capsule((x, y, 0.0), (x, y, height), thick, colour, name))
    for level in (0.15, 0.55, 0.97):
        z = level * height
        solids.append(Capsule((*start, z), (*end, z), 0.03, colour, name))
    return Prop(name=name, draw=lambda _: solids)


def wall(
    name: str, start: tuple[float, float], end: tuple[float, float], height: float, colour: Colour
) -> Prop:
    """Return a free-standing wall."""
    x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    length = abs(end[0] - start[0]) + abs(end[1] - start[1])
    size = (length, 0.2, height) if start[1] == end[1] else (0.2, length, height)
    solids = block((x, y), size, colour, owner=name)
    return Prop(name=name, draw=lambda _: solids)


def door(name: str, x: float, y: float, colour: Colour, opened: Callable[[float], float]) -> Prop:
    """Return a door in a piece of wall facing the camera; `opened` gives 0 shut .. 1 wide open."""
    width, height = 0.95, 2.05
    frame: Colour = (colour[0] // 2, colour[1] // 2, colour[2] // 2)

    def draw(timestamp: float) -> list[Shape]:
        angle = 1.5 * opened(timestamp)
        u, v = x + width * cos(angle), y - 0.06 - width * sin(angle)
        low, high = x - 0.1, x + width + 0.1
        return [
            Face(
                ((low, y, 0), (high, y, 0), (high, y, height + 0.1), (low, y, height + 0.1)),
                frame,
                name,
            ),
            Face(
                (
                    (x, y - 0.04, 0),
                    (x + width, y - 0.04, 0),
                    (x + width, y - 0.04, height),
                    (x, y - 0.04, height),
                ),
                (18, 18, 22),
                name,
            ),
            Face(
                ((x, y - 0.06, 0), (u, v, 0), (u, v, height), (x, y - 0.06, height)), colour, name
            ),
        ]

    return Prop(name=name, draw=draw)


def window(
    name: str, x: float, y: float, frame: Colour, broken_at: float, pane: Colour = (120, 150, 165)
) -> Prop:
    """Return a window in front of the wall at `y`; it breaks into falling splinters."""
    low, high, half = 0.8, 2.0, 0.65

    def draw(timestamp: float) -> list[Shape]:
        since = timestamp - broken_at
        colour: Colour = pane if since < 0 else (16, 16, 20)
        solids: list[Shape] = [
            _upright(x, y, half + 0.08, low - 0.08, high + 0.08, frame, name),
            _upright(x, y - 0.02, half, low, high, colour, name),
        ]
        for index in range(10 if 0 <= since < 1.2 else 0):
            u = x + half * (0.2 * index - 0.9) * (1 + 0.5 * since)
            z = low + (high - low) * (0.37 * index % 1) - 4.9 * since * since
            if z > 0:
                solids.append(_upright(u, y - 0.1 - 0.6 * since, 0.08, z, z + 0.16, pane, name))
        return solids

    return Prop(name=name, draw=draw)


def _upright(
    x: float, y: float, half: float, low: float, high: float, colour: Colour, owner: str
) -> Face:
    corners = ((x - half, y, low), (x + half, y, low), (x + half, y, high), (x - half, y, high))
    return Face(corners, colour, owner)


def held(
    name: str, person: Person, length: float, colour: Colour, present: tuple[float, float]
) -> Prop:
    """Return a rod in the right hand of `person`: a bat, a bottle, a gun, a can."""

    def draw(timestamp: float) -> list[Shape]:
        elbow, hand = person.joint("right_elbow", timestamp), person.joint("right_hand", timestamp)
        way = [b - a for a, b in zip(elbow, hand, strict=True)]
        scale = length / max(1e-6, sum(part * part for part in way) ** 0.5)
        tip = (
            hand[0] + way[0] * scale,
            hand[1] + way[1] * scale,
            max(0.02, hand[2] + way[2] * scale),
        )
        return [Capsule(hand, tip, 0.03, colour, name)]

    return Prop(name=name, draw=draw, present=present)


def ahead(at: Place, metres: float) -> tuple[float, float]:
    """Return the point so many metres in front of somebody."""
    return at.x + metres * cos(at.heading), at.y + metres * sin(at.heading)
