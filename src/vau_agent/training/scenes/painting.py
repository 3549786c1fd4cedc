"""Draw what moves over a backdrop: far things first, solid under the light, with shadows.

The canvas is larger than the picture (`SUPERSAMPLED`), so that its edges come out smooth.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vau_agent.motion import Image
from vau_agent.training.scenes.camera import NEAR, Array, Camera
from vau_agent.training.scenes.effects import paint_flame, paint_flash, paint_smoke
from vau_agent.training.scenes.lighting import Light
from vau_agent.training.scenes.shapes import Ball, Capsule, Face, Flame, Flash, Shape, Smoke

SUPERSAMPLED: Final = 2
_NEAREST: Final = 0.2
"""Metres before the lens from which on things are drawn."""
_BITS: Final = 3
"""Of a pixel's fraction that cv2 keeps."""
_CAP: Final = np.linspace(-np.pi / 2, np.pi / 2, 6)[:, None]
_COSINE: Final = np.cos(_CAP)
_SINE: Final = np.sin(_CAP)
_FURTHEST: Final = 4000.0
"""Pixels outside which nothing is drawn: cv2 counts in 32 bits."""
_SHADES: Final = ((1.0, 0.0, 0.62), (0.78, 0.22, 0.9), (0.42, 0.42, 1.12))
"""From the dark side to the highlight: share of the radius, shift towards the light, brightness."""

_EDGE: Final = 0.86
_INSIDE: Final = 0.9
"""A face is darker towards its edge, by `_EDGE`, outside this share of its size."""

Outline = NDArray[np.int32]
Paint = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Thing:
    """A part of the backdrop that hides what is behind it."""

    depth: float
    window: tuple[slice, slice]
    """Of the canvas."""
    mask: NDArray[np.bool_]
    """Rows x columns x 1 of the window, true where the thing is."""
    sways: bool = False
    """It moves in the wind."""

    def put(self, canvas: Image, backdrop: Image, timestamp: float) -> None:
        """Put it over what has been painted so far."""
        shown, mask = backdrop[self.window], self.mask
        if self.sways:
            phase = self.window[1].start
            gust = math.sin(timestamp * 1.9 + phase) + 0.5 * math.sin(timestamp * 4.7 + 2 * phase)
            shown, mask = np.roll(shown, round(gust), axis=1), np.roll(mask, round(gust), axis=1)
        np.copyto(canvas[self.window], shown, where=mask)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A backdrop and what is needed to draw before it."""

    camera: Camera
    """Of the canvas, not of the picture."""
    backdrop: Image
    points: Array
    """Metres in the world of each pixel of the picture (not of the canvas)."""
    ground: NDArray[np.uint8]
    """255 where the picture (not the canvas) shows ground, else 0."""
    light: Light
    things: tuple[Thing, ...] = ()
    glare: float = 1.0
    """How much stronger than what is there a sudden light is."""

    def paint(self, shapes: Sequence[Shape], timestamp: float = 0.0) -> Image:
        """Return the canvas with `shapes` in it; `timestamp` (seconds) is for the wind."""
        canvas = self.backdrop.copy()
        for thing in self.things:
            if thing.sways:
                thing.put(canvas, self.backdrop, timestamp)
        if not shapes:
            return canvas
        rods = [_rod(one) for one in shapes if isinstance(one, Capsule | Ball)]
        faces = [one for one in shapes if isinstance(one, Face)]
        self._cast_shadows(canvas, rods, faces)
        effects = [one for one in shapes if isinstance(one, Flame | Smoke)]
        drawn = [*self._rods(rods), *self._faces(faces), *self._effects(effects)]
        drawn.sort(key=lambda one: -one.depth)
        hiding = sorted(self.things, key=lambda one: one.depth)
        for one in drawn:
            while hiding and hiding[-1].depth > one.depth:
                hiding.pop().put(canvas, self.backdrop, timestamp)
            one.paint(canvas, self.camera)
        for thing in reversed(hiding):
            thing.put(canvas, self.backdrop, timestamp)
        for shape in shapes:
            if isinstance(shape, Flash):
                weaker = replace(shape, strength=shape.strength * self.glare)
                paint_flash(canvas, self.camera, self.points, weaker)
        return canvas

    def _rods(self, rods: Sequence[Capsule]) -> list["_Patches | _Effect"]:
        """Return each rod as patches: its dark side first, its highlight, a fold of its cloth."""
        if not rods:
            return []
        starts = np.array([rod.start for rod in rods], dtype=np.float32)
        ends = np.array([rod.end for rod in rods], dtype=np.float32)
        radii = np.array([rod.radius for rod in rods], dtype=np.float32)
        colours = np.array([rod.colour for rod in rods], dtype=np.float32)
        lit = colours * self.light.on((starts + ends) / 2)
        paints = [_paints(lit * shade) for _, _, shade in _SHADES]
        first, near = self.camera.project(starts)
        second, far = self.camera.project(ends)
        thick = radii * self.camera.focal / np.maximum(near, NEAR)
        thin = radii * self.camera.focal / np.maximum(far, NEAR)
        aside = (self.camera.axes @ np.array(self.light.towards, dtype=np.float32))[:2]
        heads, tails = _caps(first, second)
        outlines = [
            _fixed(
                _outlines(
                    first + (aside * shift) * thick[:, None],
                    second + (aside * shift) * thin[:, None],
                    heads * (thin * share)[:, None, None],
                    tails * (thick * share)[:, None, None],
                )
            )
            for share, shift, _ in _SHADES
        ]
        way = second - first
        folds = _outlines(
            first + way * 0.25,
            first + way * 0.6,
            heads * (thin * 0.7)[:, None, None],
            tails * (thick * 0.7)[:, None, None],
        )
        outlines.append(_fixed(folds))
        tone = np.where(colours.sum(axis=1) % 2 < 1, 0.8, 1.2)[:, None]
        paints.append(_paints(lit * tone))
        depths = (near + far) / 2
        patches: list[_Patches | _Effect] = []
        for index in np.nonzero((near > _NEAREST) & (far > _NEAREST))[0]:
            fills = [
                (outline[index], paint[index])
                for outline, paint in zip(outlines, paints, strict=True)
            ]
            if thick[index] < 2:
                fills = fills[:2]
            elif thick[index] < 3.5:
                fills = fills[:3]
            patches.append(_Patches(float(depths[index]), fills))
        return patches

    def _faces(self, faces: Sequence[Face]) -> list["_Patches | _Effect"]:
        if not faces:
            return []
        corners, ends = _corners(faces)
        starts = ends - np.array([len(face.points) for face in faces])
        pixels, depths = self.camera.project(corners)
        middles = np.add.reduceat(corners, starts) / (ends - starts)[:, None]
        out = np.cross(corners[starts + 1] - corners[starts], corners[starts + 2] - corners[starts])
        out /= np.linalg.norm(out, axis=1, keepdims=True) + 1e-9
        seen = np.sum(out * (self.camera.position - middles), axis=1, keepdims=True)
        light = self.light.on(middles, np.where(seen > 0, out, -out))
        lit = np.array([face.colour for face in faces]) * light
        edges, insides = _paints(lit * _EDGE), _paints(lit)
        counts = ends - starts
        centres = np.repeat(np.add.reduceat(pixels, starts) / counts[:, None], counts, axis=0)
        outlines, inner = _fixed(pixels), _fixed(centres + (pixels - centres) * _INSIDE)
        return [
            _Patches(
                float(depths[start:end].mean()),
                [(outlines[start:end], edge), (inner[start:end], inside)],
            )
            for start, end, edge, inside in zip(starts, ends, edges, insides, strict=True)
            if depths[start:end].min() > _NEAREST
        ]

    def _effects(self, shapes: Sequence[Flame | Smoke]) -> list["_Patches | _Effect"]:
        if not shapes:
            return []
        places = [one.foot if isinstance(one, Flame) else one.centre for one in shapes]
        _, depths = self.camera.project(np.array(places, dtype=np.float32))
        return [
            _Effect(depth, shape)
            for depth, shape in zip(depths.tolist(), shapes, strict=True)
            if depth > 2 * _NEAREST
        ]

    def _cast_shadows(self, canvas: Image, rods: Sequence[Capsule], faces: Sequence[Face]) -> None:
        """Darken the ground where `rods` and `faces` take the light from it."""
        mask = np.zeros(self.ground.shape, dtype=np.uint8)
        camera = _for_picture(self.camera, self.ground)
        slope = np.array(self.light.towards[:2]) / max(self.light.towards[2], 0.2)
        if rods:
            ends = np.array([(*rod.start, *rod.end) for rod in rods], dtype=np.float32)
            ends = ends.reshape(-1, 3)
            ends[:, :2] -= slope * ends[:, 2:]
            ends[:, 2] = 0.0
            pixels, depths = camera.project(ends)
            radii = np.repeat([rod.radius for rod in rods], 2).astype(np.float32)
            wide = radii * camera.focal / np.maximum(depths, NEAR) * 0.8
            heads, tails = _caps(pixels[::2], pixels[1::2])
            heads, tails = heads * wide[1::2, None, None], tails * wide[::2, None, None]
            outlines = _fixed(_outlines(pixels[::2], pixels[1::2], heads, tails))
            for outline in outlines[depths.reshape(-1, 2).min(axis=1) > _NEAREST]:
                cv2.fillConvexPoly(mask, outline, 255, cv2.LINE_8, _BITS)
        if faces:
            corners, face_ends = _corners(faces)
            corners[:, :2] -= slope * corners[:, 2:]
            corners[:, 2] = 0.0
            pixels, depths = camera.project(corners)
            outline = _fixed(pixels)
            for face, end in zip(faces, face_ends, strict=True):
                part = slice(end - len(face.points), end)
                if depths[part].min() > _NEAREST:
                    cv2.fillConvexPoly(mask, cv2.convexHull(outline[part]), 255, 8, _BITS)
        _darken(canvas, mask & self.ground, self.light)


@dataclass(frozen=True, slots=True)
class _Patches:
    depth: float
    fills: Sequence[tuple[Outline, Paint]]

    def paint(self, canvas: Image, camera: Camera) -> None:
        for outline, colour in self.fills:
            cv2.fillConvexPoly(canvas, outline, colour, cv2.LINE_8, _BITS)


@dataclass(frozen=True, slots=True)
class _Effect:
    depth: float
    shape: Flame | Smoke

    def paint(self, canvas: Image, camera: Camera) -> None:
        if isinstance(self.shape, Flame):
            paint_flame(canvas, camera, self.shape)
        else:
            paint_smoke(canvas, camera, self.shape)


def _rod(shape: Capsule | Ball) -> Capsule:
    if isinstance(shape, Capsule):
        return shape
    return Capsule(shape.centre, shape.centre, shape.radius, shape.colour, shape.owner)


def _caps(first: Array, second: Array) -> tuple[Array, Array]:
    """Return the half circles [N, corners, 2] around the second and the first end of rods."""
    way = second - first
    length = np.sqrt(np.einsum("ij,ij->i", way, way))[:, None]
    along = np.where(length > 1e-3, way / np.maximum(length, 1e-3), np.array((1.0, 0.0)))
    across = np.stack((-along[:, 1], along[:, 0]), axis=1)
    half = _COSINE * along[:, None] + _SINE * across[:, None]
    return half, -half


def _outlines(first: Array, second: Array, heads: Array, tails: Array) -> Array:
    """Return the outlines [N, corners, 2] of rods with such ends."""
    return np.concatenate((second[:, None] + heads, first[:, None] + tails), axis=1)


def _fixed(pixels: NDArray[np.floating]) -> Outline:
    # cv2 counts from the middle of a pixel, the camera from its corner.
    kept = np.clip(pixels - 0.5, -_FURTHEST, _FURTHEST)
    return np.ascontiguousarray(np.rint(kept * 2**_BITS), dtype=np.int32)


def _paints(light: Array) -> list[Paint]:
    """Return colours [N, 3] as cv2 takes them."""
    return [(red, green, blue) for red, green, blue in np.clip(light, 0, 255).astype(int).tolist()]


def _corners(faces: Sequence[Face]) -> tuple[Array, NDArray[np.intp]]:
    """Return the corners [N, 3] of all faces, and for each face the index after its last one."""
    corners = np.array([point for face in faces for point in face.points], dtype=np.float32)
    return corners, np.cumsum([len(face.points) for face in faces])


def _for_picture(camera: Camera, ground: NDArray[np.uint8]) -> Camera:
    rows, columns = ground.shape
    return replace(camera, width=columns, height=rows, focal=camera.focal * columns / camera.width)


def _darken(canvas: Image, mask: NDArray[np.uint8], light: Light) -> None:
    """Take the share `light.shadow` from the canvas where `mask` (of the picture's size) is set."""
    left, top, width, height = cv2.boundingRect(mask)
    if not width:
        return
    reach = light.softness
    rows, columns = mask.shape
    top, bottom = max(top - reach, 0), min(top + height + reach, rows)
    left, right = max(left - reach, 0), min(left + width + reach, columns)
    soft = cv2.GaussianBlur(mask[top:bottom, left:right], (reach, reach), 0)
    scale = canvas.shape[0] // rows
    kept = cv2.resize(255 - cv2.convertScaleAbs(soft, alpha=light.shadow), None, fx=scale, fy=scale)
    part = canvas[top * scale : bottom * scale, left * scale : right * scale]
    cv2.multiply(part, cv2.cvtColor(kept, cv2.COLOR_GRAY2RGB), part, scale=1 / 255)
