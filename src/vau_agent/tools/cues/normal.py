"""From raw measurements to cues and a score: what is unusual, and by how much.

Speed, disorder and motion are compared with a *normal*: what people do anywhere (the constants
below), moved towards what this video shows, in this region, the more of it has been seen. What
fills a two-second clip is therefore judged by the constants; a road full of fast cars becomes
normal after some minutes. The constants are physical, or conventions said to be so; none is fitted.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from vau_agent.tools.cues.moments import REGIONAL, SINGLE, MomentStore

Curve = NDArray[np.float32]

_PRIOR: Final = {"speed": 0.8, "erratic": 0.5, "motion": 20.0}
"""Walking pace; what limbs add to it, which swing at the pace of the walk; a region that changes by
20 grey levels all over, as when a person fills it."""

_BIN_SECONDS: Final = 10.0
_REGION_BINS: Final = 12.0
"""Active bins after which a region's own normal weighs as much as what is assumed: two minutes,
longer than most fights."""

_PICTURE_BINS: Final = 6.0
"""The same for the whole picture, where other people vote too."""

_ACTIVE: Final = {"speed": 0.1, "erratic": 0.1, "motion": 0.2}

HALF: Final[dict[str, float]] = {
    "speed": 2.0,
    "erratic": 2.4,
    "motion": 2.0,
    "impact": 1.8,
    "stillness": 4.0,
    "object_left": 5.0,
    "object_removed": 5.0,
    "fire_colour": 0.004,
    "flicker": 8.0,
    "flash": 30.0,
    "crowd": 0.25,
}
"""Where a cue says 0.5: twice the normal (speed, motion); half as much again as two walkers who
cross (erratic: 0.8 body heights a second about their mean); running speed lost at once;
seconds of standing still; 1/250 of the picture in flames (a torso at mid distance); grey levels;
a quarter of the picture suddenly running."""

_STEEPNESS: Final = 3.0
"""Exponent of the curve x^n / (x^n + 1): the normal itself says 0.11, three times it 0.77."""

TRUST: Final = 0.9
"""How far any cue is trusted in the curve: it only orders moments, so none is preferred."""

WEIGHT: Final[dict[str, float]] = {
    "speed": 0.9,
    "erratic": 0.8,
    "motion": 0.3,
    "impact": 0.6,
    "stillness": 0.3,
    "object_left": 0.8,
    "object_removed": 0.7,
    "fire_colour": 0.9,
    "flicker": 0.3,
    "flash": 0.9,
    "crowd": 0.8,
}
"""What a cue can say alone when candidates are proposed. Below the alarm (0.5) are those that
ordinary scenes also give: many people about, somebody sitting down, leaves in the wind. An impact
says less than its speed: what goes behind a pole stops as suddenly, but does not lie there
afterwards."""

_RELATIVE: Final = frozenset({"speed", "motion"})
"""Cues that only say "more than usual here": a car is fast, and normal in most streets."""

_ACQUAINTANCE_SECONDS: Final = 8.0
"""Seconds of movement after which what is usual here is half known: a few people passing by."""

_SMOOTH_SECONDS: Final = 0.7
"""Events of interest last longer; a single bad displacement does not."""

_HOLD_SECONDS: Final = 0.5
"""An impact or flash is one moment's measurement; it counts for this long after."""


def measure_cues(store: MomentStore) -> dict[str, Curve]:
    """Give each cue's curve, 0 to 1, one value a moment."""
    cues: dict[str, Curve] = {}
    for index, name in enumerate(REGIONAL):
        cues[name] = regional_cue(store, index).max(axis=1, initial=0)
    for column, name in enumerate(SINGLE):
        raw = store.single[:, column].astype(np.float32)
        if name in ("impact", "flash"):
            raw = _hold(store.times, raw)
        cues[name] = _saturate(raw / HALF[name])
    return cues


def regional_cue(store: MomentStore, index: int) -> Curve:
    """Give one regional cue, moments x regions."""
    values = _calm(_local(store.regional[:, index].astype(np.float32)))
    normal = _normals(store.times, values, REGIONAL[index])
    return _saturate(values / normal / HALF[REGIONAL[index]])


def combine_score(store: MomentStore, cues: dict[str, Curve]) -> Curve:
    """Give the curve: how unlikely it is that every cue is wrong, each trusted alike, smoothed."""
    return _noisy_or(store, cues, dict.fromkeys(cues, TRUST))


def combine_alarm(store: MomentStore, cues: dict[str, Curve]) -> Curve:
    """Give what candidates are cut from: cues that ordinary scenes also give count for less."""
    known = _acquaintance(store)
    weights = {name: WEIGHT[name] * (known if name in _RELATIVE else 1.0) for name in cues}
    return _noisy_or(store, cues, weights)


def _noisy_or(store: MomentStore, cues: dict[str, Curve], weights: dict[str, float]) -> Curve:
    doubt = np.ones(len(store.times), dtype=np.float32)
    for name, curve in cues.items():
        doubt *= 1 - np.float32(weights[name]) * curve
    return smooth(store.times, 1 - doubt)


def _acquaintance(store: MomentStore) -> float:
    """Tell how well the video's own normal is known: 0.5 after some seconds of movement."""
    moving = (store.regional[:, REGIONAL.index("speed")] > _ACTIVE["speed"]).any(axis=1)
    if not moving.any():
        return 0.0
    gaps = np.diff(store.times, append=store.times[-1:])
    seconds = float(np.minimum(gaps, 1.0)[moving].sum())
    return seconds / (seconds + _ACQUAINTANCE_SECONDS)


def smooth(times: NDArray[np.float64], values: Curve) -> Curve:
    """Average over a centred window of seconds."""
    low = np.searchsorted(times, times - _SMOOTH_SECONDS / 2, side="left")
    high = np.searchsorted(times, times + _SMOOTH_SECONDS / 2, side="right")
    total = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    mean: Curve = ((total[high] - total[low]) / np.maximum(high - low, 1)).astype(np.float32)
    return mean


def _saturate(ratio: Curve) -> Curve:
    power = np.maximum(ratio, 0) ** _STEEPNESS
    curve: Curve = (power / (power + 1)).astype(np.float32)
    return curve


def _local(values: Curve) -> Curve:
    """Take away what three quarters of the picture do at that moment: weather and cameras."""
    everywhere = np.quantile(values, 0.25, axis=1, keepdims=True)
    local: Curve = np.maximum(values - everywhere, 0).astype(np.float32)
    return local


def _calm(values: Curve) -> Curve:
    """Take the middle one of three moments: displacement errors last for one."""
    if len(values) < 3:
        return values
    calm = values.copy()
    triple = np.stack([values[:-2], values[1:-1], values[2:]])
    calm[1:-1] = np.median(triple, axis=0)
    return calm


def _normals(times: NDArray[np.float64], values: Curve, name: str) -> Curve:
    prior = _PRIOR[name]
    bins = (times // _BIN_SECONDS).astype(np.int64)
    usual: list[Curve] = []
    for start in np.unique(bins):
        inside = values[bins == start]
        active = inside > _ACTIVE[name]
        shown = np.where(active, inside, np.nan)
        enough = active.sum(axis=0) >= 3
        column = np.full(values.shape[1], np.nan, dtype=np.float32)
        if enough.any():
            column[enough] = np.nanmedian(shown[:, enough], axis=0)
        usual.append(column)
    table = np.array(usual) if usual else np.zeros((0, values.shape[1]), dtype=np.float32)
    seen = ~np.isnan(table)
    if not seen.any():
        return np.full(values.shape[1], prior, dtype=np.float32)
    picture_bins = float(seen.any(axis=1).sum())
    picture = _blend(prior, float(np.nanmedian(table)), picture_bins / _PICTURE_BINS)
    counts = seen.sum(axis=0).astype(np.float32)
    own = np.array(
        [np.nanmedian(table[:, r]) if counts[r] else picture for r in range(table.shape[1])],
        dtype=np.float32,
    )
    normal = (picture * _REGION_BINS + own * counts) / (_REGION_BINS + counts)
    bounded: Curve = np.maximum(normal, prior / 2).astype(np.float32)
    return bounded


def _blend(assumed: float, own: float, weight: float) -> float:
    return (assumed + own * weight) / (1 + weight)


def _hold(times: NDArray[np.float64], values: Curve) -> Curve:
    held = values.copy()
    for row in np.flatnonzero(values > 0):
        last = int(np.searchsorted(times, times[row] + _HOLD_SECONDS, side="right"))
        held[row:last] = np.maximum(held[row:last], values[row])
    return held
