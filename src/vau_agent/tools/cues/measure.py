"""One picture in, the raw measurements of one moment out."""

from collections import deque
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vau_agent.tools.cues.background import BackgroundMeter, Still
from vau_agent.tools.cues.change import Change, ChangeDetector, View, likeness
from vau_agent.tools.cues.grid import CELL, Plane, shrink, to_luma
from vau_agent.tools.cues.kinematics import Kinematics, KinematicsMeter
from vau_agent.tools.cues.light import FLASH_LEVELS, Light, LightMeter, spread
from vau_agent.tools.cues.moments import (
    COLUMNS,
    REGIONAL,
    ROWS,
    SINGLE,
    Moment,
    by_region,
    mean_by_region,
    strongest,
)
from vau_agent.tools.video.base import Frame

_RUNNING: Final = 1.8
"""Body heights a second (3 m/s)."""

_STILL_STEP_SECONDS: Final = 0.5
"""How often the slow picture is compared while nothing moves."""

_FLASH_SECONDS: Final = 2.0
_RECENT_SECONDS: Final = 0.6
_SAME_SCENE: Final = 0.8
"""Correlation of small pictures from which a scene counts as the one before."""

_SETTLE_SECONDS: Final = 0.5
"""After a movement even unchanged pictures are measured: a sudden stop shows in them."""

_TURNED_PIXELS: Final = 3.0
"""Pixels that the camera may drift before the slow picture shows another place."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """What one picture brought."""

    moment: Moment
    flash: tuple[float, float] | None = None
    cut: bool = False
    uncut: float | None = None
    """Time of an earlier cut that was none: the former scene is back."""
    steady: bool = True
    camera_moved: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class _Interrupted:
    """The scene as it was before something that may be a cut."""

    timestamp: float
    onset: float
    small: Plane
    jump: float
    background: BackgroundMeter

    def is_over(self, small: Plane, timestamp: float) -> bool:
        """Tell whether the picture shows the former scene again, soon enough for a flash."""
        if timestamp - self.timestamp > _FLASH_SECONDS or small.shape != self.small.shape:
            return False
        return likeness(self.small, small) > _SAME_SCENE


@dataclass(kw_only=True, slots=True)
class MomentMeter:
    """Measures pictures in time order; what it holds does not grow with their number."""

    _changes: ChangeDetector = field(default_factory=ChangeDetector)
    _kinematics: KinematicsMeter = field(default_factory=KinematicsMeter)
    _background: BackgroundMeter = field(default_factory=BackgroundMeter)
    _light: LightMeter = field(default_factory=LightMeter)
    _crowd: float = 0.0
    _drift: NDArray[np.float32] = field(default_factory=lambda: np.zeros(2, dtype=np.float32))
    _recent: deque[tuple[float, Plane]] = field(default_factory=deque)
    """Small pictures of the last half second."""
    _interrupted: _Interrupted | None = None
    _compared_at: float = 0.0
    _moved_at: float = float("-inf")
    _standing: dict[str, tuple[float, int]] = field(default_factory=dict)

    def measure(self, frame: Frame) -> Measured:
        """Measure a picture that shows something new."""
        self._moved_at = frame.timestamp
        return self._compare(frame)

    def _compare(self, frame: Frame) -> Measured:
        luma = to_luma(frame.image)
        change = self._changes.step(luma, frame.timestamp)
        small = shrink(shrink(shrink(luma)))
        if self._interrupted is not None and self._interrupted.is_over(small, frame.timestamp):
            return self._resume(self._interrupted, frame.timestamp)
        if change is None or change.cut:
            if change is not None:
                self._interrupt(frame.timestamp, small)
            self._reset()
            return Measured(moment=quiet_moment(frame.timestamp), cut=change is not None)
        self._remember(frame.timestamp, small)
        self._follow_camera(change)
        kinematics = self._kinematics.step(change, frame.timestamp)
        light = self._light.step(frame.image, change, frame.timestamp)
        still = self._background.step(change.view, change.moving, change.step)
        self._compared_at = frame.timestamp
        return Measured(
            moment=self._moment(frame.timestamp, change, kinematics, light, still),
            flash=light.flash,
            steady=change.steady,
            camera_moved=bool(np.abs(change.camera).max() > 0.5),
        )

    def skip(self, frame: Frame) -> Measured:
        """Measure a picture that shows nothing new: nothing moves, what stands still goes on."""
        if frame.timestamp - self._moved_at < _SETTLE_SECONDS:
            return self._compare(frame)
        view = View.smoothed(to_luma(frame.image))
        self._changes.replace(view, frame.timestamp)
        self._kinematics.rest()
        elapsed = frame.timestamp - self._compared_at
        if elapsed >= _STILL_STEP_SECONDS:
            height, width = view.plane.shape
            nothing = np.zeros((height // CELL, width // CELL), dtype=np.bool_)
            self._standing = _standing(self._background.step(view, nothing, elapsed))
            self._compared_at = frame.timestamp
        moment = quiet_moment(frame.timestamp)
        single, place = _columns(self._standing)
        return Measured(moment=replace(moment, single=single, place=place))

    def _remember(self, timestamp: float, small: Plane) -> None:
        self._recent.append((timestamp, small))
        while timestamp - self._recent[0][0] > _RECENT_SECONDS:
            self._recent.popleft()

    def _interrupt(self, timestamp: float, small: Plane) -> None:
        """Put the scene aside: a flash looks like a cut, until the scene is back."""
        recent = self._interrupted
        # the light of a flash may have risen for some pictures before one of them looked foreign
        pictures = [*self._recent, (timestamp, small)]
        former = pictures[0][1]
        bright = [at for at, one in pictures if one.mean() > former.mean() + FLASH_LEVELS]
        onset = bright[0] if bright else timestamp
        if recent is None or timestamp - recent.timestamp > _FLASH_SECONDS:
            self._interrupted = _Interrupted(
                timestamp=timestamp,
                onset=onset,
                small=former,
                jump=max(float(one.mean()) for _, one in pictures) - float(former.mean()),
                background=replace(self._background),
            )

    def _resume(self, interrupted: "_Interrupted", timestamp: float) -> Measured:
        self._reset()
        self._background = interrupted.background
        self._interrupted = None
        flash = (interrupted.onset, interrupted.jump)
        return Measured(
            moment=quiet_moment(timestamp),
            flash=flash if interrupted.jump > FLASH_LEVELS else None,
            uncut=interrupted.timestamp,
        )

    def _reset(self) -> None:
        self._kinematics.reset()
        self._background = BackgroundMeter()
        self._light.reset()
        self._crowd = 0.0
        self._drift[:] = 0
        self._standing = {}
        self._recent.clear()

    def _follow_camera(self, change: Change) -> None:
        self._drift += change.camera
        if not change.steady or np.abs(self._drift).max() > _TURNED_PIXELS:
            self._background.reset()
            self._drift[:] = 0

    def _moment(
        self,
        timestamp: float,
        change: Change,
        kinematics: Kinematics,
        light: Light,
        still: Still,
    ) -> Moment:
        speed = by_region(kinematics.speed)
        motion = mean_by_region(np.where(change.moving, change.strength, 0).astype(np.float32))
        regional = np.stack([speed, by_region(kinematics.erratic), motion])
        self._standing = _standing(still)
        values = {
            "impact": strongest(kinematics.impact),
            **self._standing,
            "fire_colour": _whole(spread(light.flames)),
            "flicker": strongest(spread(light.flicker)),
            "flash": (0.0, -1),
            "crowd": (self._crowding(speed, change.step), -1),
        }
        single, place = _columns(values)
        return Moment(timestamp=timestamp, regional=regional, single=single, place=place)

    def _crowding(self, speed: NDArray[np.float32], elapsed: float) -> float:
        """Give the share of regions where somebody runs, over its own running mean."""
        share = float((speed > _RUNNING).mean())
        sudden = max(0.0, share - self._crowd)
        self._crowd += min(1.0, elapsed / 10) * (share - self._crowd)
        return sudden


def quiet_moment(timestamp: float) -> Moment:
    """Give the moment in which nothing happens."""
    return Moment(
        timestamp=timestamp,
        regional=np.zeros((len(REGIONAL), ROWS * COLUMNS), dtype=np.float32),
        single=np.zeros(len(SINGLE), dtype=np.float32),
        place=np.full(len(SINGLE), -1, dtype=np.int8),
    )


def _standing(still: Still) -> dict[str, tuple[float, int]]:
    return {
        "stillness": strongest(still.stopped),
        "object_left": strongest(still.left),
        "object_removed": strongest(still.removed),
    }


def _columns(
    values: dict[str, tuple[float, int]],
) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    single = np.array([values.get(name, (0.0, -1))[0] for name in SINGLE], dtype=np.float32)
    place = np.array([values.get(name, (0.0, -1))[1] for name in SINGLE], dtype=np.int8)
    return single, place


def _whole(plane: NDArray[np.float32]) -> tuple[float, int]:
    """Give the share of the picture that burns, and the region where most of it is."""
    return float(plane.mean()), strongest(plane)[1]
