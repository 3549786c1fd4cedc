"""What stays: things left, things gone, and movers that lie still.

One slow picture of the empty scene is kept and compared with the present one, light removed. A
cell that differs from it and no longer moves has something new standing in it. Whether a thing was
*left* or a mover merely *stopped* is told by whether somebody moves away from it.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vau_agent.tools.cues.change import View, compare_views
from vau_agent.tools.cues.grid import CELL, Mask, Plane, box_mean, box_sum, cell_mean, dilate

_LEARN_SECONDS: Final = 20.0
"""Time constant of the slow picture where nothing moves."""

_SETTLED_SECONDS: Final = 2.0
"""A cell must have been quiet this long before something new in it means anything."""

_LONG_SECONDS: Final = 4.0
"""A thing that was there this long was part of the scene: its absence is news."""

_ABSORB_SECONDS: Final = 120.0
"""After this long a thing that was left belongs to the scene."""

_DIFFERENCE: Final = 8.0
"""Grey levels by which a cell must differ from the slow picture; drift and noise stay below."""

_NEAR: Final = 8
"""Cells around a new thing in which somebody moving away is looked for."""

_JUDGED_SECONDS: Final = 3.0
"""After this long it is told who left, before others come by."""

_REST_SECONDS: Final = 0.5
"""A cell without movement for this long has come to rest."""

_LEFT: Final = 1
_STOPPED: Final = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Still:
    """Per cell, seconds that something has stood still, by kind; 0 elsewhere."""

    left: Plane
    removed: Plane
    stopped: Plane


@dataclass(kw_only=True, slots=True)
class BackgroundMeter:
    """Keeps the slow picture and, per cell, how long things have stood there."""

    _scene: Plane = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))
    _quiet: Plane = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))
    _known: Plane = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))
    _age: Plane = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))
    _moved_at: Plane = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))
    _kind: NDArray[np.int8] = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int8))
    _clock: float = 0.0
    _gone: Mask = field(default_factory=lambda: np.zeros((0, 0), dtype=np.bool_))

    def reset(self) -> None:
        """Forget the scene: after a cut, or when the camera has turned."""
        self._scene = np.zeros((0, 0), dtype=np.float32)

    def step(self, view: View, moving: Mask, elapsed_s: float) -> Still:
        """Measure one moment, given its picture and the cells that move in it."""
        luma = view.plane
        if self._scene.shape != luma.shape:
            self._start(luma)
        elapsed = np.float32(elapsed_s)
        different, _ = compare_views(View.of(self._scene), view)
        self._quiet = np.where(moving, 0, self._quiet + elapsed).astype(np.float32)
        self._clock += elapsed_s
        self._moved_at[moving] = self._clock
        still = different > _DIFFERENCE
        still &= (self._quiet > _REST_SECONDS) & (self._known > _SETTLED_SECONDS)
        fresh = still & (self._age == 0)
        if fresh.any():
            self._gone = np.where(fresh, self._is_emptier(luma), self._gone)
        # a flicker of the mask must not restart the clock
        faded = np.maximum(self._age - 4 * elapsed, 0)
        self._age = np.where(still, self._age + elapsed, faded).astype(np.float32)
        self._kind[self._age == 0] = 0
        self._judge(still & ~self._gone)
        self._learn(luma, different, elapsed)
        left = still & (self._kind == _LEFT)
        gone = still & self._gone & (self._known > _LONG_SECONDS)
        stopped = still & ~self._gone & (self._kind != _LEFT)
        return Still(
            left=_solid(left, self._age),
            removed=_solid(gone, self._age),
            stopped=_solid(stopped, self._age),
        )

    def _start(self, luma: Plane) -> None:
        cells = (luma.shape[0] // CELL, luma.shape[1] // CELL)
        self._scene = luma.copy()
        self._quiet, self._known, self._age = (np.zeros(cells, dtype=np.float32) for _ in range(3))
        self._moved_at = np.full(cells, -np.inf, dtype=np.float32)
        self._kind = np.zeros(cells, dtype=np.int8)
        self._gone = np.zeros(cells, dtype=np.bool_)

    def _is_emptier(self, luma: Plane) -> Mask:
        """Tell cells that had more structure in the slow picture than they have now."""
        return _edges(self._scene) > 1.2 * _edges(luma)

    def _judge(self, new: Mask) -> None:
        """Tell for things that have stood for a while whether somebody moved away from them."""
        if not (new & (self._kind == 0) & (self._age > _JUDGED_SECONDS)).any():
            return
        for thing in find_things(new):
            if self._kind[thing].any() or np.median(self._age[thing]) <= _JUDGED_SECONDS:
                continue
            rest = self._clock - float(np.median(self._age[thing])) - _REST_SECONDS
            # the thing's own trail ends before it rests; a leaver's begins then
            leaving = (self._moved_at > rest + 0.3) & (self._moved_at < rest + _JUDGED_SECONDS)
            around = dilate(thing, _NEAR) & ~dilate(thing, 1)
            gone_by = int((leaving & around).sum())
            self._kind[thing] = _LEFT if gone_by >= max(3, int(thing.sum()) // 2) else _STOPPED

    def _learn(self, luma: Plane, different: Plane, elapsed: np.float32) -> None:
        calm = self._quiet > _REST_SECONDS
        same = calm & (different <= _DIFFERENCE)
        self._known = np.where(same, self._known + elapsed, self._known).astype(np.float32)
        # before a cell is known, what is calm there is taken as the scene
        unknown = calm & (self._known <= _SETTLED_SECONDS)
        rate = np.where(same, elapsed / _LEARN_SECONDS, 0)
        rate = np.where(unknown, np.minimum(1.0, elapsed / 0.5), rate)
        rate = np.where(self._age > _ABSORB_SECONDS, 1.0, rate).astype(np.float32)
        self._known = np.where(
            unknown,
            np.maximum(self._known, np.minimum(self._quiet, _SETTLED_SECONDS + 0.1)),
            self._known,
        ).astype(np.float32)
        rates = np.repeat(np.repeat(rate, CELL, axis=1), CELL, axis=0)
        rates *= luma - self._scene
        self._scene += rates


def _edges(luma: Plane) -> Plane:
    slope = np.abs(np.diff(luma, axis=0, prepend=luma[:1])) + np.abs(
        np.diff(luma, axis=1, prepend=luma[:, :1])
    )
    return box_mean(cell_mean(slope), 1)


def find_things(mask: Mask) -> list[Mask]:
    """Split a mask into parts whose cells touch, by sides or corners."""
    labels = np.where(mask, np.arange(1, mask.size + 1).reshape(mask.shape), 0)
    while True:
        padded = np.pad(labels, 1)
        height, width = mask.shape
        around = [padded[y : y + height, x : x + width] for y in range(3) for x in range(3)]
        grown = np.where(mask, np.maximum.reduce(around), 0)
        if np.array_equal(grown, labels):
            return [labels == label for label in np.unique(labels[mask])]
        labels = grown


def _solid(mask: Mask, age: Plane) -> Plane:
    """Keep cells with at least three others beside them: single cells are noise."""
    solid = mask & (box_sum(mask.astype(np.float32), 1) >= 4)
    kept: Plane = np.where(mask & dilate(solid), age, 0).astype(np.float32)
    return kept
