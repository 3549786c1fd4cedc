"""Which clips come when, and how much of each is shown.

Everything follows from the seed and the number of clips shown so far: that number is all that a
training has to remember to go on as if nothing had happened.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import torch
from torch import Tensor

from vau_agent.errors import SettingsError
from vau_agent.training.clips import Clip, ClipRecord
from vau_agent.training.detector.config import DetectorConfig

UNDECIDED: Final = -100
"""Class of a window that shows too little of an event to tell; it is left out of the loss."""
_SHOWN: Final = 0.5
"""Share of some bin that an event has to fill before the window counts as showing it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """Windows of clips, as read."""

    pictures: Tensor
    """Windows x bins x side x side x 3, 0..255."""
    marks: Tensor
    """Windows x bins x `clips.MARKS` x `clips.MARKS`: 255 where an actor of the truth is."""
    shares: Tensor
    """Windows x bins: how much of a bin the event fills."""
    labels: Tensor
    """Windows: class of what may happen in it, 0 for a normal clip."""
    clips: tuple[int, ...]
    """Their places in what was given."""
    done: int
    """Clips shown when this batch has been."""

    def to(self, device: torch.device) -> "Batch":
        """Give the same on a device."""
        return Batch(
            pictures=self.pictures.to(device, non_blocking=True),
            marks=self.marks.to(device),
            shares=self.shares.to(device),
            labels=self.labels.to(device),
            clips=self.clips,
            done=self.done,
        )

    @property
    def window_labels(self) -> Tensor:
        """Windows: the class of what it shows, `UNDECIDED` where that is hardly seen."""
        is_shown = (self.shares.amax(dim=1) >= _SHOWN) | (self.labels == 0)
        is_empty = self.shares.sum(dim=1) == 0
        normal = torch.zeros_like(self.labels)
        undecided = torch.full_like(self.labels, UNDECIDED)
        return torch.where(is_empty, normal, torch.where(is_shown, self.labels, undecided))


def class_of(record: ClipRecord, classes: Sequence[str]) -> int:
    """Give the number of a clip's class.

    Raises:
        SettingsError: The classes do not name its category.
    """
    category = record.truth.category
    if category is None:
        return 0
    if category not in classes:
        raise SettingsError(
            f"clip {record.seed} of {record.split} shows {category!r}, which is none of "
            f"network.classes: {', '.join(classes)}"
        )
    return classes.index(category)


class Batches:
    """The batches of a training, from any point on."""

    def __init__(self, clips: Sequence[Clip], config: DetectorConfig) -> None:
        self._clips = clips
        self._config = config
        self.total = max(config.schedule.batch, round(config.schedule.epochs * len(clips)))
        """Clips that are shown in all."""

    def after(self, done: int) -> Iterator[Batch]:
        """Yield what comes once `done` clips have been shown; the next is read meanwhile."""
        with ThreadPoolExecutor(max_workers=1) as reader:
            coming = reader.submit(self._read, done)
            while done < self.total:
                batch = coming.result()
                done = batch.done
                if done < self.total:
                    coming = reader.submit(self._read, done)
                yield batch

    def _read(self, done: int) -> Batch:
        chance = np.random.default_rng((self._config.seed, done))
        schedule = self._config.schedule
        is_short = bool(chance.random() < schedule.short_share)
        count = schedule.batch * 2 if is_short else schedule.batch
        places = tuple(self._place(done + number) for number in range(count))
        clips = [self._clips[place] for place in places]
        pictures, marks, shares = [], [], []
        for clip in clips:
            bins = len(clip.pictures)
            shown = _half(bins, chance) if is_short else slice(0, bins)
            pictures.append(clip.pictures[shown])
            marks.append(clip.marks[shown])
            shares.append(clip.record.shares(bins)[shown])
        labels = [class_of(clip.record, self._config.network.classes) for clip in clips]
        return Batch(
            pictures=torch.from_numpy(np.stack(pictures)),
            marks=torch.from_numpy(np.stack(marks)),
            shares=torch.from_numpy(np.stack(shares)),
            labels=torch.tensor(labels),
            clips=places,
            done=done + count,
        )

    def _place(self, shown: int) -> int:
        epoch, number = divmod(shown, len(self._clips))
        return int(_order(self._config.seed, epoch, len(self._clips))[number])


@lru_cache(maxsize=2)
def _order(seed: int, epoch: int, count: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.random.default_rng((seed, epoch, count)).permutation(count)


def _half(bins: int, chance: np.random.Generator) -> slice:
    """Choose every second bin, or half of the bins in a row."""
    if chance.random() < 0.5:
        return slice(int(chance.integers(2)), bins, 2)
    first = int(chance.integers(bins - bins // 2 + 1))
    return slice(first, first + bins // 2)
