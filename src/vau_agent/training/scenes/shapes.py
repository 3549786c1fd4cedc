"""What a scene is made of at one moment: simple solids and effects, in metres.

x points right, y away from the camera, z up; the ground is z = 0. Colours are RGB, 0..255.
"""

from dataclasses import dataclass

Point = tuple[float, float, float]
"""Metres."""
Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Capsule:
    """A rounded rod: a limb, a torso, a pole."""

    start: Point
    end: Point
    radius: float
    colour: Colour
    owner: str = ""
    """The actor it belongs to; truth boxes are drawn around owners."""


@dataclass(frozen=True, slots=True)
class Ball:
    """A sphere: a head, a ball, a lamp."""

    centre: Point
    radius: float
    colour: Colour
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Face:
    """A flat polygon: a side of a car, a bag, a wall, a pane."""

    points: tuple[Point, ...]
    colour: Colour
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Flame:
    """Burning: flickers with `phase`, which is the time in seconds."""

    foot: Point
    width: float
    height: float
    phase: float
    strength: float = 1.0
    """0..1, how bright."""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Smoke:
    """A puff: soft, half transparent."""

    centre: Point
    radius: float
    density: float
    """0..1, how much of what is behind it is hidden."""
    colour: Colour = (90, 90, 90)
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Flash:
    """Light that brightens its surroundings for a moment: an explosion, a shot, headlights."""

    centre: Point
    radius: float
    """Metres at which half of its light is left."""
    strength: float
    """1 makes its centre white."""
    colour: Colour = (255, 240, 210)
    owner: str = ""


Shape = Capsule | Ball | Face | Flame | Smoke | Flash
