"""Where a long video deserves a dense look, told without decoding it.

Compressed sizes of packets between keyframes measure change for free, for the camera's encoder has
already looked. Keyframes, compared three at a time, show what has come or gone for good.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vau_agent.schemas import Segment
from vau_agent.settings import TriageSettings
from vau_agent.tools.cues.change import structural_change
from vau_agent.tools.cues.grid import Plane, box_mean, to_luma
from vau_agent.tools.video.base import Frame, PacketIndex

_SECOND: Final = 1.0
_LASTING_LEVELS: Final = 12.0
_LASTING_CELLS: Final = 4

_SPREAD_SHARE: Final = 0.25
"""Share of the dense windows that is spread evenly, for what no packet size tells."""


def packet_activity(index: PacketIndex, duration_s: float) -> NDArray[np.float32]:
    """Give, for each second, the predicted packets' bytes over their own usual, in deviations.

    Keyframes are left out: their size tells what a scene looks like, not what happens in it.
    """
    seconds = max(1, int(np.ceil(duration_s / _SECOND)))
    row = np.clip((index.timestamps / _SECOND).astype(np.int64), 0, seconds - 1)
    kept = ~index.keys
    total = np.bincount(row[kept], weights=index.sizes[kept], minlength=seconds)
    number = np.bincount(row[kept], minlength=seconds)
    size = np.log1p(total / np.maximum(number, 1))
    usual = float(np.median(size[number > 0])) if (number > 0).any() else 0.0
    spread = float(np.median(np.abs(size[number > 0] - usual))) if (number > 0).any() else 0.0
    activity: NDArray[np.float32] = ((size - usual) / max(1.4826 * spread, 0.05)).astype(np.float32)
    return np.where(number > 0, activity, 0).astype(np.float32)


@dataclass(kw_only=True, slots=True)
class LastingChanges:
    """Compares keyframes three at a time; what came or went between them and stayed is noted."""

    found: list[tuple[float, float]] = field(default_factory=list)
    """Time before which, and cells in which, the scene has changed for good."""
    _past: list[tuple[float, Plane]] = field(default_factory=list)

    def add(self, frame: Frame) -> None:
        """Look at the next keyframe."""
        luma = box_mean(to_luma(frame.image), 1)
        self._past = [*self._past[-2:], (frame.timestamp, luma)]
        if len(self._past) < 3 or len({plane.shape for _, plane in self._past}) > 1:
            return
        (_, first), (when, second), (_, third) = self._past
        came, _ = structural_change(first, second)
        stayed, _ = structural_change(second, third)
        lasting = (came > _LASTING_LEVELS) & (stayed < _LASTING_LEVELS / 2)
        cells = float(lasting.sum())
        if cells >= _LASTING_CELLS:
            self.found.append((when, cells))


def choose_windows(
    activity: NDArray[np.float32],
    lasting: Sequence[tuple[float, float]],
    duration_s: float,
    settings: TriageSettings,
) -> tuple[Segment, ...]:
    """Choose the windows for the dense pass, in time order, without overlap."""
    length = min(settings.dense_window_seconds, duration_s)
    slots = int(np.ceil(duration_s / length))
    budget = max(1, round(settings.dense_windows_per_hour * duration_s / 3600))
    worth = np.zeros(slots)
    for second, value in enumerate(activity):
        slot = min(int(second * _SECOND / length), slots - 1)
        worth[slot] = max(worth[slot], float(value))
    for when, cells in lasting:
        # it came at some time before this keyframe: both slots are worth a look
        for slot in {int(max(when - 1e-3, 0) / length), int(max(when - length / 2, 0) / length)}:
            worth[min(slot, slots - 1)] += np.log2(1 + cells)
    even = int(budget * _SPREAD_SHARE)
    chosen = {int((i + 0.5) * slots / even) for i in range(even)}
    for slot in np.argsort(-worth, kind="stable"):
        if len(chosen) >= min(budget, slots):
            break
        chosen.add(int(slot))
    return tuple(
        Segment(start=slot * length, end=min((slot + 1) * length, duration_s))
        for slot in sorted(chosen)
        if min((slot + 1) * length, duration_s) > slot * length
    )
