"""Labels of single frames, as the benchmarks of frame-level detection count them."""

import numpy as np
from numpy.typing import NDArray

from vau_agent.evals.samples import FrameSpan, Sample


def frame_spans(sample: Sample) -> tuple[FrameSpan, ...] | None:
    """Return a sample's events in frames; `None` when its frames are not known.

    Seconds become frames at the sample's own rate, rounded outwards.
    """
    if sample.truth.spans is not None:
        return sample.truth.spans
    if sample.truth.events is None or (sample.truth.events and sample.fps is None):
        return None
    rate = sample.fps or 1.0
    return tuple(
        FrameSpan(start=int(event.start * rate), end=int(np.ceil(event.end * rate)))
        for event in sample.truth.events
    )


def frame_labels(spans: tuple[FrameSpan, ...], frames: int) -> NDArray[np.bool_]:
    """Return which of the first `frames` frames lie in a span, shape (frames,)."""
    labels = np.zeros(frames, dtype=np.bool_)
    for span in spans:
        labels[span.start : span.end] = True
    return labels
