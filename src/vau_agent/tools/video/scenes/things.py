"""Things that are not people: cars, luggage, flames, a blast."""

import math
from dataclasses import dataclass

import numpy as np

from vau_agent.schemas import Segment
from vau_agent.tools.video.scenes.canvas import Canvas, Colour
from vau_agent.tools.video.scenes.people import Path

FLAMES: tuple[Colour, ...] = ((206, 62, 18), (242, 128, 24), (255, 206, 86))
"""From the outer flame to the inner one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Car:
    """A car seen from the side, driving along its path."""

    path: Path
    colour: Colour
    tilted_from: float | None = None
    """When a crash lifts its nose, in seconds."""
    side: int = 1
    """1 faces right, -1 left."""

    def draw(self, canvas: Canvas, t: float) -> None:
        """Draw body, windows and wheels."""
        x, y = self.path.at(t)
        unit = canvas.person_height(y)
        tilt = 0.16 if self.tilted_from is not None and t >= self.tilted_from else 0.0
        left, ground = x * canvas.width, y * canvas.height

        def place(along: float, up: float) -> tuple[float, float]:
            raised = up + tilt * (along + 1.2)
            return left + self.side * along * unit, ground - raised * unit

        body = [place(*p) for p in ((-1.2, 0.12), (-1.2, 0.5), (1.2, 0.48), (1.2, 0.12))]
        roof = [place(*p) for p in ((-0.85, 0.5), (-0.55, 0.85), (0.3, 0.85), (0.7, 0.49))]
        glass = [place(*p) for p in ((-0.7, 0.52), (-0.48, 0.78), (0.25, 0.78), (0.52, 0.52))]
        canvas.polygon(body, self.colour)
        canvas.polygon(roof, self.colour)
        canvas.polygon(glass, (52, 62, 72))
        for along in (-0.72, 0.72):
            canvas.ellipse(place(along, 0.16), 0.2 * unit, 0.2 * unit, (22, 22, 24))


@dataclass(frozen=True, kw_only=True, slots=True)
class Luggage:
    """A case that stands in one place for a while."""

    x: float
    y: float
    shown: Segment
    colour: Colour

    def draw(self, canvas: Canvas, t: float) -> None:
        """Draw the case and its handle while it is there."""
        if not self.shown.contains(t):
            return
        unit = canvas.person_height(self.y)
        x, y = self.x * canvas.width, self.y * canvas.height
        wide, high = 0.15 * unit, 0.34 * unit
        canvas.polygon(
            [(x - wide, y), (x - wide, y - high), (x + wide, y - high), (x + wide, y)], self.colour
        )
        canvas.limb(
            [(x - 0.4 * wide, y - high), (x, y - 1.35 * high), (x + 0.4 * wide, y - high)],
            2,
            (20, 20, 20),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Fire:
    """Flames that grow from nothing and flicker as long as they burn."""

    x: float
    y: float
    start: float
    grown: float
    """Seconds until they are full size."""
    reach: float
    """Full height as a share of the picture's height."""
    seed: int

    def draw(self, canvas: Canvas, t: float) -> None:
        """Draw smoke, then tongues of flame, their shape new about 12 times a second."""
        if t < self.start:
            return
        size = self.reach * canvas.height * min(1.0, 0.15 + 0.85 * (t - self.start) / self.grown)
        x, y = self.x * canvas.width, self.y * canvas.height
        rng = np.random.default_rng((self.seed, int(t * 12)))
        for puff in range(4):
            rise = (t * 0.35 + puff / 4) % 1.0
            shade = 70 + int(40 * rise)
            centre = (x + 0.3 * size * math.sin(3 * t + puff * 2), y - size * (0.8 + rise))
            canvas.ellipse(centre, size * (0.12 + 0.2 * rise), size * 0.16, (shade, shade, shade))
        for share, colour in zip((1.0, 0.72, 0.42), FLAMES, strict=True):
            tips = size * share * rng.uniform(0.45, 1.0, 5)
            step = 0.17 * size * share
            outline = [(x - 2.5 * step, y)]
            for number, tip in enumerate(tips):
                lean = float(rng.uniform(-0.3, 0.3)) * step
                outline.append((x + (number - 2) * step + lean, y - float(tip)))
                outline.append((x + (number - 1.5) * step, y - 0.35 * float(tip)))
            canvas.polygon([*outline, (x + 2.5 * step, y)], colour)


@dataclass(frozen=True, kw_only=True, slots=True)
class Blast:
    """A fireball, flying debris and smoke that stays."""

    x: float
    y: float
    start: float
    seed: int

    def draw(self, canvas: Canvas, t: float) -> None:
        """Draw what the blast looks like `t - start` seconds after it."""
        age = t - self.start
        if age < 0:
            return
        x, y, high = self.x * canvas.width, self.y * canvas.height, canvas.height
        rng = np.random.default_rng(self.seed)
        grown = min(1.0, age / 2.5)
        for puff in rng.uniform(-1, 1, (9, 2)):
            centre = (
                x + 0.18 * high * grown * puff[0],
                y - high * (0.1 + 0.25 * grown + 0.1 * puff[1]),
            )
            shade = 58 + int(18 * puff[1])
            canvas.ellipse(centre, 0.11 * high * grown, 0.1 * high * grown, (shade, shade, shade))
        if age < 0.9:
            for share, colour in zip((0.26, 0.19, 0.1), FLAMES, strict=True):
                radius = share * high * min(1.0, 0.4 + age * 4) * (1 - age / 0.9)
                canvas.ellipse((x, y - 0.1 * high), radius, radius, colour)
        for angle, speed in zip(rng.uniform(0.2, 2.9, 24), rng.uniform(0.5, 1.3, 24), strict=True):
            along = math.cos(angle) * speed * age
            up = math.sin(angle) * speed * age - 0.9 * age**2
            if up > -0.05:
                piece = (x + along * high, y - up * high)
                canvas.ellipse(piece, 0.01 * high, 0.008 * high, (40, 34, 30))
