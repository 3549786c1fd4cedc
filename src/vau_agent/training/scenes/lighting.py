"""What lights a place: the sky or a ceiling, a sun, lamps."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from vau_agent.training.scenes.camera import Array
from vau_agent.training.scenes.shapes import Point

Colours = tuple[float, float, float]
_STRAIGHT_DOWN: Final = (0.0, 0.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class Lamp:
    """A point of light."""

    place: Point
    reach: float
    """Metres at which half of its light is left."""
    colour: Colours
    """What a surface at its place gets of each of R, G, B; 1 shows its own colour."""


@dataclass(frozen=True, kw_only=True)
class Light:
    """All light of a place; 1 in all shows a surface's own colour."""

    ambient: Colours
    """From everywhere."""
    sun: Colours = (0.0, 0.0, 0.0)
    towards: Point = _STRAIGHT_DOWN
    """Unit vector to where most light comes from; shadows fall away from it."""
    lamps: tuple[Lamp, ...] = ()
    shadow: float = 0.4
    """How much of the light a cast shadow takes, 0..1."""
    softness: int = 5
    """Pixels over which a shadow fades; odd."""

    def brighter(self, factor: float) -> "Light":
        """Return the same light, `factor` times as strong, as a longer exposure shows it."""
        return replace(
            self,
            ambient=_times(self.ambient, factor),
            sun=_times(self.sun, factor),
            lamps=tuple(replace(one, colour=_times(one.colour, factor)) for one in self.lamps),
        )

    def on(self, points: Array, normals: Array | None = None) -> Array:
        """Return the light [..., 3] on `points` [..., 3]; without normals, facing every lamp."""
        light: Array = np.broadcast_to(
            np.array(self.ambient, dtype=np.float32), points.shape
        ).copy()
        direction = np.array(self.towards, dtype=np.float32)
        facing = 0.6 if normals is None else np.maximum(normals @ direction, 0)[..., None]
        light += facing * np.array(self.sun, dtype=np.float32)
        for lamp in self.lamps:
            way = np.array(lamp.place, dtype=np.float32) - points
            squared = np.einsum("...i,...i->...", way, way)[..., None]
            strength = 1 / (1 + squared / lamp.reach**2)
            if normals is not None:
                cosine = np.einsum("...i,...i->...", way, normals)[..., None]
                cosine = cosine / np.sqrt(squared + 1e-6)
                strength = strength * (0.35 + 0.65 * np.maximum(cosine, 0))
            light += strength * np.array(lamp.colour, dtype=np.float32)
        return light


def _times(colour: Colours, factor: float) -> Colours:
    red, green, blue = colour
    return red * factor, green * factor, blue * factor
