"""What changed between two pictures once light and camera movement are taken away.

A cell has changed when its picture is no longer the previous one times a gain plus an offset: a
headlight, a cloud or the exposure control alters gain and offset, only matter alters the rest.
A pan, tilt, zoom or shake is an affine displacement that most textured cells share; it is
estimated robustly and undone first.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vau_agent.tools.cues.flow import build_pyramid, track_cells
from vau_agent.tools.cues.grid import CELL, Mask, Plane, box_mean, cell_mean, shrink

_WINDOW: Final = 5
"""Radius in pixels of the window in which light counts as even: under a body's width."""

_MID_GREY: Final = np.float32(128)

_FLOOR: Final = 3.0
"""Grey levels a change must reach: the coding noise of H.264 at ordinary quality is below 2."""

_NOISE_TIMES: Final = 3.0
"""How far a change must stand out of what most of the picture does all the time: sensor noise,
rain, snow."""

_NOISE_SECONDS: Final = 3.0
_MAX_NOISE: Final = 12.0
"""Grey levels; no noise may hide strong movement."""

_BASELINE_SECONDS: Final = 0.06
"""Pictures this far apart are compared; between closer ones tracking errors drown the rest."""

_CAMERA_SHARE: Final = 0.35
"""Share of textured cells that must change before the camera itself is suspected."""

_CONSENSUS: Final = 0.5
"""Share of textured cells that must follow one affine displacement: more than any one object."""

_CAMERA_CELLS: Final = 300
"""Cells that are followed to find the camera's movement."""

_INLIER_PIXELS: Final = 0.75
_ALIGNMENT: Final = 0.15
"""Share of an edge's contrast that a fifth of a pixel of misalignment leaves."""

_CUT_LIKENESS: Final = 0.75
"""Correlation of the small pictures below which two show different scenes; a tenth of a second of
any movement leaves 0.95, and two views of much the same layout reach 0.7."""


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """A picture with what is compared of it: the window around each of its pixels."""

    plane: Plane
    """Luma about mid-grey: squares of small numbers lose less to rounding."""
    mean: Plane
    variance: Plane

    @classmethod
    def smoothed(cls, luma: Plane) -> "View":
        """Take a picture as it came, less the noise of single pixels."""
        return cls.of(box_mean(luma - _MID_GREY, 1))

    @classmethod
    def of(cls, plane: Plane) -> "View":
        """Measure the windows of a plane that lies about mid-grey."""
        mean, square = box_mean(np.stack([plane, plane * plane]), _WINDOW)
        square -= mean * mean
        return cls(plane=plane, mean=mean, variance=np.maximum(square, 0, out=square))


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """The comparison of one picture with the one before."""

    luma: Plane
    view: View
    """The same, smoothed over nine pixels, with what is compared of it."""
    elapsed: float
    """Seconds between the two: the baseline, whatever the rate of the pictures."""
    step: float
    """Seconds since the last picture that was measured."""
    strength: Plane
    """Per cell: change in grey levels that neither light nor the camera explains."""
    moving: Mask
    """Cells whose change stands out of the noise."""
    shift: NDArray[np.float32]
    """Per cell: displacement in pixels right and down, camera removed; 0 where not tracked."""
    tracked: Mask
    """Moving cells whose displacement explains their change."""
    camera: NDArray[np.float32]
    """Displacement of the whole picture in pixels, right and down, at its centre."""
    steady: bool
    """The camera stood still or its movement was fully undone; else only its median was."""
    light: float
    """Median change of brightness in grey levels."""
    cut: bool
    """The picture shows another scene than the one before."""


@dataclass(kw_only=True, slots=True)
class ChangeDetector:
    """Compares pictures with the one a tenth of a second before; holds no more than these."""

    _past: deque[tuple[float, View]] = field(default_factory=deque)
    _noise: float = 1.0
    _watched: float = 0.0
    _level: Plane = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))
    """Per cell, the mean change of the last seconds."""

    @property
    def noise(self) -> float:
        """Change, in grey levels, that half of the picture shows all the time."""
        return self._noise

    def replace(self, view: View, timestamp: float) -> None:
        """Take a picture as the one to compare the next with."""
        self._past.clear()
        self._past.append((timestamp, view))

    def step(self, luma: Plane, timestamp: float) -> Change | None:
        """Compare with the picture a baseline ago; `None` for the first one."""
        view = View.smoothed(luma)
        while len(self._past) > 1 and timestamp - self._past[1][0] >= _BASELINE_SECONDS:
            self._past.popleft()
        past = self._past[0] if self._past else None
        latest = self._past[-1][0] if self._past else timestamp
        self._past.append((timestamp, view))
        if past is None or past[1].plane.shape != luma.shape:
            return None
        change = self._compare(past[1], view, luma, timestamp - past[0])
        if change.cut:
            self.replace(view, timestamp)
        return replace(change, step=timestamp - latest)

    def _compare(self, former: View, view: View, luma: Plane, elapsed: float) -> Change:
        previous, current = build_pyramid(former.plane), build_pyramid(view.plane)
        height, width = luma.shape[0] // CELL, luma.shape[1] // CELL
        camera = np.zeros((height, width, 2), dtype=np.float32)
        strength, texture = compare_views(former, view)
        threshold = max(_FLOOR, _NOISE_TIMES * self._noise)
        moving = strength > threshold
        textured = texture > threshold
        steady, cut = True, False
        if _share(moving, textured) > _CAMERA_SHARE:
            model, steady = self._camera_model(previous, current, textured)
            cut = not steady and likeness(previous[-1], current[-1]) < _CUT_LIKENESS
            camera = _camera_field(model, height, width)
            strength, _ = compare_views(View.of(_warp(former.plane, model)), view)
            # an error of a fraction of a pixel on an edge must not pass for movement of its own
            strength = strength - _ALIGNMENT * texture * min(1.0, float(np.abs(camera).mean()))
            moving = strength > threshold
        else:
            self._update_noise(strength, elapsed)
        shift, tracked = _own_motion(previous, current, moving, camera)
        return Change(
            luma=luma,
            view=view,
            elapsed=elapsed,
            step=elapsed,
            strength=np.maximum(strength, 0),
            moving=moving,
            shift=shift,
            tracked=tracked,
            camera=camera[height // 2, width // 2],
            steady=steady,
            light=float(np.median(current[-1] - previous[-1])),
            cut=cut,
        )

    def _update_noise(self, strength: Plane, elapsed: float) -> None:
        if self._level.shape != strength.shape:
            self._level, self._watched = strength.copy(), 0.0
        self._watched += elapsed
        # a plain mean first, then a running one
        share = elapsed / min(self._watched, _NOISE_SECONDS)
        self._level += np.float32(min(1.0, share)) * (strength - self._level)
        self._noise = min(_MAX_NOISE, float(np.median(self._level)))

    def _camera_model(
        self, previous: Sequence[Plane], current: Sequence[Plane], textured: Mask
    ) -> tuple[NDArray[np.float32], bool]:
        """Fit one affine displacement (3 x 2); without a consensus, the median shift and False."""
        cells = np.argwhere(textured)
        cells = cells[:: max(1, len(cells) // _CAMERA_CELLS)]
        flow = track_cells(previous, current, cells)
        good = flow.after < np.maximum(0.5 * flow.before, 2 * self._noise)
        model = np.zeros((3, 2), dtype=np.float32)
        if good.sum() < max(12, 0.25 * len(cells)):
            return model, False
        places, shift = _design(cells[good]), flow.shift[good]
        model[0] = np.median(shift, axis=0)
        fitted = model
        inlier = np.hypot(*(shift - model[0]).T) < 4 * _INLIER_PIXELS
        for _ in range(5):
            if inlier.sum() < max(12, _CONSENSUS * len(shift)):
                return model, False
            fitted = np.linalg.lstsq(places[inlier], shift[inlier], rcond=None)[0]
            inlier = np.hypot(*(shift - places @ fitted).T) < _INLIER_PIXELS
        return fitted.astype(np.float32), True


def structural_change(previous: Plane, current: Plane) -> tuple[Plane, Plane]:
    """Give per cell the change beyond gain and offset, and the texture, in grey levels."""
    return compare_views(View.of(previous - _MID_GREY), View.of(current - _MID_GREY))


def compare_views(previous: View, current: View) -> tuple[Plane, Plane]:
    """Do the same for pictures whose windows were measured before."""
    var_a, var_b = previous.variance, current.variance
    covariance = box_mean(previous.plane * current.plane, _WINDOW) - previous.mean * current.mean
    # the gain is bounded: a blank wall may not be "amplified" into a person, nor the reverse
    gain = np.clip(covariance / (var_a + 1.0), 0.5, 2.0)
    # var_b - 2 * gain * covariance + gain * gain * var_a
    left = gain * var_a
    left -= covariance
    left -= covariance
    left *= gain
    left += var_b
    np.maximum(left, 0, out=left)
    return np.sqrt(cell_mean(left)), np.sqrt(cell_mean(np.minimum(var_a, var_b)))


def _share(part: Mask, whole: Mask) -> float:
    total = int(whole.sum())
    return float((part & whole).sum()) / total if total >= 16 else 0.0


def _design(cells: NDArray[np.intp]) -> NDArray[np.float32]:
    centre = cells.astype(np.float32) * CELL + (CELL - 1) / 2
    return np.column_stack([np.ones(len(cells)), centre[:, 1], centre[:, 0]]).astype(np.float32)


def _camera_field(model: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    cells = np.argwhere(np.ones((height, width), dtype=np.bool_))
    plane: NDArray[np.float32] = (_design(cells) @ model).reshape(height, width, 2)
    return plane


def _warp(plane: Plane, model: NDArray[np.float32]) -> Plane:
    """Move a picture by the affine displacement (bilinear, edge repeated)."""
    height, width = plane.shape
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    source_x = np.clip(x - (model[0, 0] + model[1, 0] * x + model[2, 0] * y), 0, width - 1.001)
    source_y = np.clip(y - (model[0, 1] + model[1, 1] * x + model[2, 1] * y), 0, height - 1.001)
    left, top = source_x.astype(np.intp), source_y.astype(np.intp)
    fx, fy = source_x - left, source_y - top
    corner, flat = top * width + left, plane.ravel()
    upper = flat.take(corner) * (1 - fx) + flat.take(corner + 1) * fx
    corner += width
    lower = flat.take(corner) * (1 - fx) + flat.take(corner + 1) * fx
    warped: Plane = (upper * (1 - fy) + lower * fy).astype(np.float32)
    return warped


def likeness(previous: Plane, current: Plane) -> float:
    """Correlate two small pictures: 1 for the same scene, whatever its light."""
    a, b = shrink(previous), shrink(current)
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / scale if scale > 1 else 1.0


def _own_motion(
    previous: Sequence[Plane],
    current: Sequence[Plane],
    moving: Mask,
    camera: NDArray[np.float32],
) -> tuple[NDArray[np.float32], Mask]:
    shift = np.zeros((*moving.shape, 2), dtype=np.float32)
    tracked = np.zeros_like(moving)
    cells = np.argwhere(moving)
    if not len(cells):
        return shift, tracked
    flow = track_cells(previous, current, cells)
    # movement explains a change when following it halves the difference that staying put leaves
    good = (flow.after < 0.6 * flow.before) & (flow.texture > 1.0)
    rows, columns = cells[:, 0], cells[:, 1]
    shift[rows, columns] = flow.shift - camera[rows, columns]
    tracked[rows[good], columns[good]] = True
    return shift, tracked
