"""Flat textured surfaces seen by a camera, the nearest one in each pixel.

This draws what never moves, once per view; what moves is drawn by `painting`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vau_agent.training.scenes.camera import NEAR, Array, Camera
from vau_agent.training.scenes.shapes import Point
from vau_agent.training.scenes.textures import Texture

FAR: Final = 400.0
"""Metres at which the sky begins."""


@dataclass(frozen=True, kw_only=True)
class Surface:
    """A rectangle in space: a corner and two edges at a right angle, in metres."""

    corner: Point
    across: Point
    up: Point
    texture: Texture
    fitted: bool = False
    """The texture is stretched over the whole surface instead of being repeated."""


@dataclass(frozen=True, kw_only=True)
class Buffer:
    """What each pixel shows, [height, width, ...]."""

    colour: Array
    """RGB without any light, 0..255."""
    depth: Array
    """Metres along the view; `FAR` where there is sky."""
    normal: Array
    """Unit vector out of the surface, towards the camera."""
    points: Array
    """Metres in the world."""
    part: NDArray[np.uint8]
    """Which of the parts that were cast, from 1; 0 is the sky."""


def cast(camera: Camera, parts: Sequence[Sequence[Surface]], scale: int) -> Buffer:
    """Look at `parts` with `scale` rays along each side of a pixel."""
    rays = camera.rays(scale)
    rows, columns = rays.shape[:2]
    colour = np.zeros((rows, columns, 3), dtype=np.float32)
    depth = np.full((rows, columns), FAR, dtype=np.float32)
    normal = np.zeros((rows, columns, 3), dtype=np.float32)
    part = np.zeros((rows, columns), dtype=np.uint8)
    for number, surfaces in enumerate(parts, start=1):
        for surface in surfaces:
            window = _window(camera, surface, scale)
            if window is not None:
                view = Buffer(
                    colour=colour[window],
                    depth=depth[window],
                    normal=normal[window],
                    points=rays[window],
                    part=part[window],
                )
                _draw(camera, surface, view, number, scale)
    points = camera.position + rays * depth[..., None]
    return Buffer(colour=colour, depth=depth, normal=normal, points=points, part=part)


def _window(camera: Camera, surface: Surface, scale: int) -> tuple[slice, slice] | None:
    """Return the rows and columns that `surface` may show in; `None` if it is behind."""
    corner, across, up = (
        np.array(one, dtype=np.float32) for one in (surface.corner, surface.across, surface.up)
    )
    corners = np.stack((corner, corner + across, corner + up, corner + across + up))
    pixels, depths = camera.project(corners)
    if (depths <= NEAR).all():
        return None
    if (depths <= 0.5).any():
        return slice(None), slice(None)
    slack = 2 + 0.15 * abs(camera.bend) * camera.width
    low = np.floor(pixels.min(axis=0) - slack).astype(int) * scale
    high = np.ceil(pixels.max(axis=0) + slack).astype(int) * scale
    limits = np.array((camera.width, camera.height)) * scale
    low, high = np.clip(low, 0, limits), np.clip(high, 0, limits)
    if (high <= low).any():
        return None
    return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))


def _draw(camera: Camera, surface: Surface, view: Buffer, part: int, scale: int) -> None:
    """Draw `surface` into `view`, where it is nearer than what that holds.

    Args:
        camera: Who looks.
        surface: What is drawn.
        view: Windows of the buffers; its points are the rays.
        part: What `surface` belongs to.
        scale: Rays along each side of a pixel.
    """
    corner, across, up = (
        np.array(one, dtype=np.float32) for one in (surface.corner, surface.across, surface.up)
    )
    width, height = float(np.linalg.norm(across)), float(np.linalg.norm(up))
    out = np.cross(across, up) / (width * height)
    frame = np.stack((out, across / width, up / height)).astype(np.float32)
    facing, right, above = np.moveaxis(view.points @ frame.T, -1, 0)
    towards, beside, below = ((camera.position - corner) @ frame.T).tolist()
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        distance = -towards / facing
        u, v = beside + right * distance, below + above * distance
        hits = (distance > NEAR) & (distance < view.depth)
        hits &= (u >= 0) & (u <= width) & (v >= 0) & (v <= height)
    chosen = np.nonzero(hits)
    if not len(chosen[0]):
        return
    distance = distance[chosen]
    footprint = distance / (camera.focal * scale)
    shown = _sample(surface, u[chosen], v[chosen], (width, height), footprint)
    if shown.shape[1] == 4:
        solid = shown[:, 3] > 127
        chosen, distance, shown = (
            tuple(axis[solid] for axis in chosen),
            distance[solid],
            shown[solid],
        )
    view.colour[chosen] = shown[:, :3]
    view.depth[chosen] = distance
    view.part[chosen] = part
    view.normal[chosen] = out if towards > 0 else -out


def _sample(
    surface: Surface, u: Array, v: Array, size: tuple[float, float], footprint: Array
) -> Array:
    """Return the texture at metres (u, v); what is too fine for a pixel fades to its mean."""
    texture = surface.texture
    rows, columns = texture.pixels.shape[:2]
    if surface.fitted:
        column = np.clip(u / size[0] * columns, 0, columns - 1).astype(np.intp)
        row = np.clip((1 - v / size[1]) * rows, 0, rows - 1).astype(np.intp)
        fitted: Array = texture.pixels[row, column]
        return fitted
    texels = columns / texture.metres
    column = (u * texels).astype(np.intp) % columns
    row = rows - 1 - (v * texels).astype(np.intp) % rows
    shown: Array = texture.pixels[row, column]
    sharp = np.clip(1.5 / (footprint * texels + 1e-6), 0.15, 1.0)[:, None]
    shown[:, :3] = texture.mean + (shown[:, :3] - texture.mean) * sharp
    return shown
