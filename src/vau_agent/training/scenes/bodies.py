"""What a person looks like, and the solids of a person in a posture at a place."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import cos, sin
from types import MappingProxyType
from typing import Final

import numpy as np

from vau_agent.training.scenes.poses import Pose
from vau_agent.training.scenes.shapes import Ball, Capsule, Colour, Point, Shape

_THIGH: Final = 0.245
_SHANK: Final = 0.246
_FOOT: Final = 0.11
_TRUNK: Final = 0.30
_NECK: Final = 0.085
_UPPER_ARM: Final = 0.172
_FOREARM: Final = 0.18
_HALF_HIPS: Final = 0.052
_HALF_SHOULDERS: Final = 0.105
_HEAD: Final = 0.066
"""Lengths as shares of the height; rounded from Winter, Biomechanics of Human Movement, ch. 4."""
_THIN: Final = 0.026
_THICKNESS: Final[Mapping[str, float]] = MappingProxyType(
    {
        "pelvis": 0.08,
        "chest": 0.08,
        "head": _HEAD,
        "crown": _HEAD,
        "pack_low": 0.0,
        "pack_high": 0.0,
    }
)
"""How far a part reaches beyond its joint, as a share of the height."""

_SKINS: Final[tuple[Colour, ...]] = (
    (236, 198, 170),
    (214, 168, 134),
    (176, 126, 92),
    (122, 84, 60),
    (84, 58, 44),
)
_HAIRS: Final[tuple[Colour, ...]] = (
    (30, 24, 20),
    (62, 44, 30),
    (120, 88, 52),
    (176, 150, 104),
    (150, 150, 150),
)
_CLOTHES: Final[tuple[Colour, ...]] = (
    (28, 30, 36),
    (52, 60, 82),
    (40, 66, 118),
    (96, 96, 100),
    (150, 152, 156),
    (224, 224, 220),
    (142, 40, 42),
    (188, 70, 50),
    (60, 96, 62),
    (110, 92, 60),
    (196, 176, 120),
    (108, 68, 118),
    (212, 180, 60),
    (70, 130, 150),
    (190, 120, 150),
)
_TROUSERS: Final[tuple[Colour, ...]] = (
    (24, 26, 34),
    (42, 52, 82),
    (66, 72, 88),
    (92, 84, 70),
    (140, 132, 116),
    (52, 50, 48),
)


@dataclass(frozen=True, slots=True)
class Body:
    """Size and clothes of one person."""

    height: float
    """Metres."""
    build: float
    """Width relative to an average person."""
    skin: Colour
    hair: Colour
    shirt: Colour
    trousers: Colour
    shoes: Colour
    hat: Colour | None = None
    bare_arms: bool = False
    bare_legs: bool = False
    skirt: bool = False
    rucksack: Colour | None = None


def draw_body(rng: np.random.Generator, *, child: bool = False) -> Body:
    """Draw a person, child or grown."""
    height = rng.uniform(1.05, 1.4) if child else float(np.clip(rng.normal(1.71, 0.09), 1.5, 1.95))
    return Body(
        height=float(height),
        build=float(np.clip(rng.normal(1.0, 0.14), 0.78, 1.45)),
        skin=_shade(rng, _SKINS, 6),
        hair=_shade(rng, _HAIRS, 6),
        shirt=_shade(rng, _CLOTHES, 14),
        trousers=_shade(rng, _TROUSERS, 10),
        shoes=_shade(rng, ((30, 28, 28), (80, 60, 44), (210, 210, 210)), 8),
        hat=_shade(rng, _CLOTHES, 10) if rng.random() < 0.2 else None,
        bare_arms=bool(rng.random() < 0.35),
        bare_legs=bool(rng.random() < 0.15),
        skirt=bool(rng.random() < 0.12),
        rucksack=_shade(rng, _CLOTHES, 10) if rng.random() < 0.18 else None,
    )


def figure(body: Body, pose: Pose, x: float, y: float, heading: float, owner: str) -> list[Shape]:
    """Return the solids of a person whose lowest part touches the ground.

    Args:
        body: Sizes and colours.
        pose: Angles, see `poses.py`.
        x: Of where the person stands, in metres.
        y: The same, away from the camera.
        heading: Radians; 0 looks along x, pi/2 away from the camera.
        owner: The name truth boxes are drawn around.
    """
    joints = _joints(body, pose, x, y, heading)
    tall, wide = body.height, body.height * body.build
    arm = body.skin if body.bare_arms else body.shirt
    shank = body.skin if body.bare_legs or body.skirt else body.trousers
    shapes: list[Shape] = []
    for side in ("left", "right"):
        hip, knee, ankle, toe = (
            joints[f"{side}_{part}"] for part in ("hip", "knee", "ankle", "toe")
        )
        thigh = 0.062 if body.skirt else 0.047
        shapes.append(Capsule(hip, knee, thigh * wide, body.trousers, owner))
        shapes.append(Capsule(knee, ankle, 0.034 * wide, shank, owner))
        shapes.append(Capsule(ankle, toe, 0.026 * tall, body.shoes, owner))
    pelvis, chest = joints["pelvis"], joints["chest"]
    shapes.append(
        Capsule(joints["left_hip"], joints["right_hip"], 0.06 * wide, body.trousers, owner)
    )
    shapes.append(Capsule(pelvis, chest, 0.083 * wide, body.shirt, owner))
    shapes.append(
        Capsule(joints["left_shoulder"], joints["right_shoulder"], 0.05 * wide, body.shirt, owner)
    )
    if body.rucksack is not None:
        shapes.append(
            Capsule(joints["pack_low"], joints["pack_high"], 0.075 * tall, body.rucksack, owner)
        )
    for side in ("left", "right"):
        shoulder, elbow, hand = (joints[f"{side}_{part}"] for part in ("shoulder", "elbow", "hand"))
        shapes.append(Capsule(shoulder, elbow, 0.031 * wide, body.shirt, owner))
        shapes.append(Capsule(elbow, hand, 0.026 * wide, arm, owner))
        shapes.append(Ball(hand, 0.03 * tall, body.skin, owner))
    shapes.append(Ball(joints["crown"], 1.04 * _HEAD * tall, body.hat or body.hair, owner))
    shapes.append(Ball(joints["head"], _HEAD * tall, body.skin, owner))
    return shapes


def reach(body: Body, pose: Pose, x: float, y: float, heading: float, joint: str) -> Point:
    """Return where a joint is, such as "right_hand" or "head"."""
    return _joints(body, pose, x, y, heading)[joint]


def _joints(body: Body, pose: Pose, x: float, y: float, heading: float) -> dict[str, Point]:
    tall = body.height
    forward: Point = (cos(heading), sin(heading), 0.0)
    left: Point = (-sin(heading), cos(heading), 0.0)
    x += pose.along * forward[0] + pose.aside * left[0]
    y += pose.along * forward[1] + pose.aside * left[1]
    up, ahead = _turn((0.0, 0.0, 1.0), forward, pose.tilt)
    up, left = _turn(up, left, pose.roll)
    trunk_up, trunk_ahead = _turn(up, ahead, pose.bend)
    trunk_ahead, trunk_left = _turn(trunk_ahead, left, pose.twist)
    pelvis: Point = (x, y, 0.0)
    chest = _along(pelvis, trunk_up, (_TRUNK - 0.05) * tall)
    neck = _along(pelvis, trunk_up, _TRUNK * tall)
    head_up, head_ahead = _turn(trunk_up, trunk_ahead, pose.nod)
    head = _along(_along(neck, head_up, _NECK * tall), head_ahead, 0.012 * tall)
    joints = {
        "pelvis": pelvis,
        "chest": chest,
        "head": head,
        "crown": _along(_along(head, head_up, 0.022 * tall), head_ahead, -0.018 * tall),
        "pack_low": _along(_along(pelvis, trunk_up, 0.1 * tall), trunk_ahead, -0.1 * tall),
        "pack_high": _along(_along(pelvis, trunk_up, 0.24 * tall), trunk_ahead, -0.1 * tall),
    }
    for side, sign in (("left", 1.0), ("right", -1.0)):
        swing, out, elbow = pose[5:8] if sign > 0 else pose[8:11]
        shoulder = _along(chest, trunk_left, sign * _HALF_SHOULDERS * tall * body.build)
        upper, raised = _limb(trunk_up, trunk_ahead, trunk_left, swing, sign * out)
        lower, _ = _turn(upper, raised, elbow)
        joints[f"{side}_shoulder"] = shoulder
        joints[f"{side}_elbow"] = elbow_at = _along(shoulder, upper, _UPPER_ARM * tall)
        joints[f"{side}_hand"] = _along(elbow_at, lower, _FOREARM * tall)
        swing, out, knee = pose[11:14] if sign > 0 else pose[14:17]
        hip = _along(pelvis, left, sign * _HALF_HIPS * tall * body.build)
        thigh, front = _limb(up, ahead, left, swing, sign * out)
        shank, instep = _turn(thigh, front, -knee)
        joints[f"{side}_hip"] = hip
        joints[f"{side}_knee"] = knee_at = _along(hip, thigh, _THIGH * tall)
        joints[f"{side}_ankle"] = ankle = _along(knee_at, shank, _SHANK * tall)
        joints[f"{side}_toe"] = _along(ankle, instep, _FOOT * tall)
    lowest = min(at[2] - tall * _THICKNESS.get(name, _THIN) for name, at in joints.items())
    raise_by = pose.lift - lowest
    return {name: (at[0], at[1], at[2] + raise_by) for name, at in joints.items()}


def _limb(up: Point, ahead: Point, left: Point, swing: float, out: float) -> tuple[Point, Point]:
    """Return the direction of a limb and the direction in which its joint may bend it further."""
    c, s = cos(swing), sin(swing)
    down = (ahead[0] * s - up[0] * c, ahead[1] * s - up[1] * c, ahead[2] * s - up[2] * c)
    bends = (ahead[0] * c + up[0] * s, ahead[1] * c + up[1] * s, ahead[2] * c + up[2] * s)
    return _turn(down, left, out)[0], bends


def _turn(first: Point, second: Point, angle: float) -> tuple[Point, Point]:
    """Turn two directions in their plane, the first toward the second."""
    if angle == 0:
        return first, second
    c, s = cos(angle), sin(angle)
    a, b, d = first
    e, f, g = second
    return (
        (a * c + e * s, b * c + f * s, d * c + g * s),
        (e * c - a * s, f * c - b * s, g * c - d * s),
    )


def _along(start: Point, direction: Point, length: float) -> Point:
    return (
        start[0] + direction[0] * length,
        start[1] + direction[1] * length,
        start[2] + direction[2] * length,
    )


def _shade(rng: np.random.Generator, family: tuple[Colour, ...], spread: int) -> Colour:
    base = family[int(rng.integers(len(family)))]
    shift = rng.integers(-spread, spread + 1, 3)
    red, green, blue = (int(np.clip(c + s, 8, 247)) for c, s in zip(base, shift, strict=True))
    return red, green, blue
