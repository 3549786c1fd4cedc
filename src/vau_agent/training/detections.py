"""What a detector says of clips that it was not trained on, for the evidence lines of rows."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from vau_agent.schemas import Segment
from vau_agent.tools.detection import Detection, Rule
from vau_agent.tools.detector import Detector
from vau_agent.training.clips import Clip
from vau_agent.training.scenes.splits import TRAINED_CATEGORIES, generator

Detect = Callable[[Clip], Detection]
"""Gives the probability of each class in each bin of a clip, in the clip's own time."""

_RIGHT: Final = 0.85
"""Share of events, and of normal clips, that the stand-in gets right."""
_SLACK_BINS: Final = 0.6
"""Standard deviation of the stand-in's boundaries."""


def noisy_truth(clip: Clip) -> Detection:
    """Stand in for a detector: the truth with its mistakes, the same for the same clip."""
    record = clip.record
    chance = generator(record.split, record.seed, "detection")
    bins = len(clip.pictures)
    classes = ("normal", *TRAINED_CATEGORIES)
    logits = chance.normal(0, 0.5, (bins, len(classes)))
    logits[:, 0] += 4.5
    seen = _seen(clip, chance)
    if seen is not None:
        category, first, last = seen
        inside = (np.arange(bins) >= first) & (np.arange(bins) < last)
        logits[inside, classes.index(category)] += chance.uniform(4.5, 9.0)
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return Detection(
        edges=clip.boundaries, probabilities=shares.astype(np.float32), classes=classes
    )


def open_detect(folder: Path) -> tuple[Detect, Rule]:
    """Give a trained detector as a judge of clips, and the rule by which it is read.

    Raises:
        ModelError: The folder holds no detector.
    """
    detector = Detector.open(folder)

    def detect(clip: Clip) -> Detection:
        return detector.judge(clip.pictures, clip.boundaries)

    return detect, detector.card.rule


def within(detection: Detection, segment: Segment) -> Detection:
    """Give what a detection says of the bins whose middles lie in a segment; at least one bin."""
    middles = detection.middles
    places = np.flatnonzero((middles >= segment.start) & (middles < segment.end))
    if not len(places):
        places = np.array([int(np.abs(middles - (segment.start + segment.end) / 2).argmin())])
    first, last = int(places[0]), int(places[-1]) + 1
    return Detection(
        edges=detection.edges[first : last + 1],
        probabilities=detection.probabilities[first:last],
        classes=detection.classes,
    )


def _seen(clip: Clip, chance: np.random.Generator) -> tuple[str, float, float] | None:
    """Give category, first and last bin of what the stand-in takes for an event."""
    bins = len(clip.pictures)
    truth = clip.truth
    is_right = bool(chance.random() < _RIGHT)
    if truth.segment is None or truth.category is None:
        if is_right:
            return None
        first = chance.uniform(0, bins * 0.7)
        return str(chance.choice(TRAINED_CATEGORIES)), first, first + chance.uniform(2, bins / 2)
    scale = bins / clip.record.duration_s
    first = truth.segment.start * scale + chance.normal(0, _SLACK_BINS)
    last = max(first + 1, truth.segment.end * scale + chance.normal(0, _SLACK_BINS))
    if is_right and truth.category in TRAINED_CATEGORIES:
        return truth.category, first, last
    if chance.random() < 0.5:
        return None
    return str(chance.choice(TRAINED_CATEGORIES)), first, last
