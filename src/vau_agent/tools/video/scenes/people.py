"""People: where they go, how they hold themselves, how they are drawn."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from vau_agent.tools.video.scenes.canvas import Canvas, Colour, Point

STRIDE: Final = 0.85
"""Length of a double step in body heights."""
WALKING_SPEED: Final = 0.75
"""Body heights a second."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pose:
    """How a body is held; angles in radians, 0 hangs down or stands upright."""

    lean: float = 0.0
    """Of the whole body about the feet; pi/2 lies on the right side."""
    crouch: float = 0.0
    """0 stands, 1 sits on the heels."""
    arms: tuple[float, float] = (0.15, -0.15)
    legs: tuple[float, float] = (0.08, -0.08)


PoseAt = Callable[[float, Pose], Pose]
"""Turns the walking pose at a time into the one held at it."""


class Path:
    """Straight walks between places: (time, x, y of the feet), in seconds and shares."""

    def __init__(self, places: Sequence[tuple[float, float, float]]) -> None:
        self._times, self._xs, self._ys = np.asarray(places, dtype=np.float64).T

    def at(self, t: float) -> Point:
        """Give the place at `t`; before the first and after the last it stands there."""
        x, y = np.interp(t, self._times, self._xs), np.interp(t, self._times, self._ys)
        return float(x), float(y)


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """A walking figure of head, trunk and four jointed limbs."""

    path: Path
    shirt: Colour
    trousers: Colour
    phase: float = 0.0
    pose_at: PoseAt | None = None
    wheels: bool = False
    """Rides a bicycle."""

    def draw(self, canvas: Canvas, t: float) -> None:
        """Draw the figure as it stands, walks, fights or lies at `t`."""
        x, y = self.path.at(t)
        tall = canvas.person_height(y)
        feet = (x * canvas.width, y * canvas.height)
        pose = self._walking(canvas, t, tall)
        if self.pose_at is not None:
            pose = self.pose_at(t, pose)
        if self.wheels:
            _draw_bicycle(canvas, feet, tall)
            feet = (feet[0], feet[1] - 0.18 * tall)
        _draw_body(canvas, feet, tall, pose, self.shirt, self.trousers)

    def _walking(self, canvas: Canvas, t: float, tall: float) -> Pose:
        """Swing the limbs with the distance walked, so that feet do not slide."""
        (x0, y0), (x1, y1) = self.path.at(t - 0.05), self.path.at(t + 0.05)
        step = math.hypot((x1 - x0) * canvas.width, 2 * (y1 - y0) * canvas.height)
        speed = step / (0.1 * tall)
        swing = min(0.75, 0.55 * speed / WALKING_SPEED)
        pace = 2 * math.pi * max(speed, 0.3) / STRIDE
        wave = math.sin(pace * t + self.phase) * swing
        return Pose(arms=(0.12 + 0.8 * wave, -0.12 - 0.8 * wave), legs=(0.05 - wave, wave - 0.05))


def fighting(start: float, end: float, *, seed: int) -> PoseAt:
    """Strike and kick without rhythm from `start` to `end`."""
    rates = np.random.default_rng(seed).uniform(1.7, 4.6, (6, 2)) * 2 * math.pi

    def pose_at(t: float, walking: Pose) -> Pose:
        if not start <= t < end:
            return walking
        a = np.sin(rates[:, 0] * t) * np.abs(np.sin(rates[:, 1] * 0.6 * t + 1))
        return Pose(
            lean=float(0.28 * a[0]),
            crouch=float(0.25 * abs(a[1])),
            arms=(1.5 + float(1.2 * a[2]), 1.2 + float(1.5 * a[3])),
            legs=(float(0.7 * a[4]), -0.3 + float(0.5 * a[5])),
        )

    return pose_at


def falling(start: float, *, seconds: float, side: int) -> PoseAt:
    """Drop like a felled tree within `seconds`, then lie still."""

    def pose_at(t: float, walking: Pose) -> Pose:
        done = min(1.0, max(0.0, (t - start) / seconds))
        if done == 0:
            return walking
        arms = (-1.1 * side * done, 0.2 * side)
        return Pose(lean=side * 1.5 * done**2, arms=arms, legs=(0.15, -0.15))

    return pose_at


def sitting(start: float, *, seconds: float) -> PoseAt:
    """Sit down slowly and stay seated."""

    def pose_at(t: float, walking: Pose) -> Pose:
        done = min(1.0, max(0.0, (t - start) / seconds))
        return walking if done == 0 else Pose(crouch=0.9 * done)

    return pose_at


def embracing(start: float, end: float, *, side: int) -> PoseAt:
    """Put both arms forward gently, hold, and let go."""

    def pose_at(t: float, walking: Pose) -> Pose:
        held = min(1.0, max(0.0, min(t - start, end - t)))
        return walking if held == 0 else Pose(arms=(1.3 * side * held, 1.1 * side * held))

    return pose_at


def _draw_body(
    canvas: Canvas, feet: Point, tall: float, pose: Pose, shirt: Colour, trousers: Colour
) -> None:
    cos, sin = math.cos(pose.lean), math.sin(pose.lean)

    def place(right: float, up: float) -> Point:
        return feet[0] + tall * (right * cos + up * sin), feet[1] - tall * (up * cos - right * sin)

    hip = 0.48 * (1 - 0.55 * pose.crouch)
    neck = hip + 0.34
    for angle in pose.legs:
        knee = (0.5 * hip * math.sin(angle) + 0.24 * pose.crouch, 0.24 + 0.06 * pose.crouch)
        foot = (hip * math.sin(angle) + 0.12 * pose.crouch, 0.6 * hip * (1 - math.cos(angle)))
        canvas.limb([place(0, hip), place(*knee), place(*foot)], 0.085 * tall, trousers)
    canvas.limb([place(0, hip - 0.02), place(0, neck)], 0.17 * tall, shirt)
    for angle in pose.arms:
        elbow = (0.17 * math.sin(angle), neck - 0.03 - 0.17 * math.cos(angle))
        bent = angle * 1.25
        hand = (elbow[0] + 0.17 * math.sin(bent), elbow[1] - 0.17 * math.cos(bent))
        canvas.limb([place(0, neck - 0.03), place(*elbow), place(*hand)], 0.06 * tall, shirt)
    canvas.ellipse(place(0, neck + 0.09), 0.065 * tall, 0.075 * tall, (196, 158, 132))


def _draw_bicycle(canvas: Canvas, feet: Point, tall: float) -> None:
    radius = 0.2 * tall
    wheels = [(feet[0] + side * 0.32 * tall, feet[1] - radius) for side in (-1, 1)]
    for wheel in wheels:
        canvas.ring(wheel, radius, 0.03 * tall, (24, 24, 26))
    saddle = (feet[0] - 0.08 * tall, feet[1] - 0.5 * tall)
    canvas.limb([wheels[0], saddle, wheels[1]], 0.03 * tall, (150, 30, 30))
