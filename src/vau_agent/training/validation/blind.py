"""What scores without looking; whatever is fitted is fitted on scenes of training."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from vau_agent.evals.blind.windows import fit_constant, fit_proportional
from vau_agent.evals.metrics.intervals import to_seconds
from vau_agent.evals.samples import Sample
from vau_agent.schemas import Segment
from vau_agent.training.validation.methods import Method, constant
from vau_agent.training.validation.scene_lists import LIST_NAME, SceneList


def training_samples(count: int, folder: Path) -> tuple[Sample, ...]:
    """Give the truth of the first scenes of training; it is kept in `folder`."""
    scenes = SceneList("train", folder / LIST_NAME)
    return tuple(one.sample for one in scenes.take(range(count), source="train"))


def blind_methods(samples: Sequence[Sample], fitting: Sequence[Sample]) -> tuple[Method, ...]:
    """Say the same of every sample, in each way that may score.

    Args:
        samples: What is scored.
        fitting: Scenes of training; at least one is anomalous.
    """
    anomalous = [one for one in fitting if one.truth.category and one.truth.events]
    category = _most_frequent([str(one.truth.category) for one in anomalous])
    truths = [one.truth.events or () for one in anomalous]
    seconds = fit_constant(truths)
    share = fit_proportional(truths, [one.duration_s or 1.0 for one in anomalous])

    def whole(sample: Sample) -> Segment:
        return Segment(start=0.0, end=sample.duration_s or 1.0)

    def scaled(sample: Sample) -> Segment:
        return to_seconds(share, sample.duration_s or 1.0)

    return (
        constant("always normal", samples),
        constant(f"always {category}, the whole of it", samples, category=category, window=whole),
        constant(
            f"always {_shown(seconds)} s, fitted on training",
            samples,
            category=category,
            window=lambda sample: seconds,
            whole=False,
        ),
        constant(
            f"always {_shown(share)} of its length, fitted on training",
            samples,
            category=category,
            window=scaled,
            whole=False,
        ),
    )


def _most_frequent(values: Sequence[str]) -> str:
    counts = Counter(values)
    return min(counts, key=lambda value: (-counts[value], value))


def _shown(window: Segment) -> str:
    return f"[{window.start:g}, {window.end:g}]"
