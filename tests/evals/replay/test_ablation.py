"""Controls keep the numbers of a step and lose their place."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.evals.replay.made_videos import EVENTS, answers
from vau_agent.evals.metrics.frames import ScoredVideo
from vau_agent.evals.replay.ablation import SHUFFLED, WITHOUT, control
from vau_agent.evals.replay.localising import Replayer
from vau_agent.evals.replay.recording import Recording
from vau_agent.evals.replay.tables import steps_table
from vau_agent.graphs.localisation import Steps
from vau_agent.tools.localisation import curve

VALUES = np.array([0.0, 0.1, 0.2, 0.5, 0.9, 0.3, 0.0, 0.7])
LOOKED = np.ones(8)
SCALES = (1.0, 2.0)


def controls(step: str, *, peaks: Sequence[float] = (1.0,), seed: int = 0) -> tuple[Steps, ...]:
    return control(step, peaks, seed=seed)


@pytest.mark.parametrize(
    ("step", "part"), [("grades by text similarity", "grade"), ("self-reflection", "support")]
)
def test_shuffled_numbers_are_the_same_at_other_moments(step: str, part: str) -> None:
    (steps,) = controls(step)
    shuffled = getattr(steps, part)(VALUES)

    assert sorted(shuffled) == sorted(VALUES)
    assert not np.array_equal(shuffled, VALUES)


def test_shuffled_smoothing_averages_strangers_as_much() -> None:
    (steps,) = controls("context smoothing")
    shuffled = steps.smooth(VALUES, LOOKED, SCALES)

    assert np.ptp(shuffled) < np.ptp(VALUES)
    assert not np.allclose(shuffled, curve.smooth(VALUES, LOOKED, SCALES))
    np.testing.assert_allclose(steps.smooth(np.full(8, 0.4), LOOKED, SCALES), 0.4)
    peak = np.eye(1, 40, 29)[0]
    assert steps.smooth(peak, np.ones(40), SCALES).argmax() == 29


def test_shuffled_peaks_are_those_of_the_videos() -> None:
    peaks = (1.0, 2.0, 4.0, 8.0, 16.0)
    evidence = np.array([0.5, 1.0])
    scaled = [
        steps.relative(evidence, 0.1)
        for steps in controls("relative to the video's peak", peaks=peaks)
    ]

    found = [float(evidence[1] / shares[1] - 0.1) for shares in scaled]
    assert sorted(found) == pytest.approx(peaks)
    assert found != pytest.approx(peaks)


@pytest.mark.parametrize("step", sorted(SHUFFLED))
def test_a_seed_draws_the_same_control_and_another_seed_another(
    step: str, word_replayer: Replayer
) -> None:
    recordings = [Recording.of(answers()[name]) for name in EVENTS]
    peaks = [1.0, 3.0, 9.0, 27.0, 81.0]

    def scores(seed: int) -> NDArray[np.float64]:
        found = word_replayer.run(recordings, steps=controls(step, peaks=peaks, seed=seed))
        return np.stack([one.scores for one in found])

    np.testing.assert_array_equal(scores(0), scores(0))
    assert not np.allclose(scores(0), scores(1))


@pytest.mark.parametrize("step", sorted(WITHOUT))
def test_leaving_a_step_out_changes_the_scores(step: str, word_replayer: Replayer) -> None:
    recordings = [Recording.of(answers()[name]) for name in EVENTS]
    usual = word_replayer.run(recordings)
    without = word_replayer.run(recordings, steps=[WITHOUT[step]] * len(recordings))

    assert any(
        not np.allclose(one.scores, other.scores) for one, other in zip(usual, without, strict=True)
    )


def test_every_step_has_a_control() -> None:
    assert {*WITHOUT} == {*SHUFFLED}


def test_the_least_gain_over_the_controls_counts() -> None:
    labels = np.array([False, False, True, True])

    def scored(*scores: float) -> tuple[ScoredVideo, ...]:
        return tuple(
            ScoredVideo(id=name, labels=labels, scores=np.array(scores, float))
            for name in ("a", "b")
        )

    best, middling, worst = scored(0, 0, 1, 1), scored(0, 1, 0, 1), scored(1, 1, 0, 0)
    table = steps_table(
        best, {"step": worst}, {"step": [worst, middling, worst]}, {}, draws=5, seed=0
    )
    rows = {row.name: row.metrics for row in table.rows}

    assert rows["gain: step"]["frame_auc"].value == pytest.approx(1)
    assert rows["gain over shuffled: step"]["frame_auc"].value == pytest.approx(0.5)
