from datetime import UTC, datetime

import numpy as np
import pytest
from numpy.typing import NDArray

from vau_agent.memory.clip_index import ClipIndex, IndexedFrame, IndexHeader
from vau_agent.settings import TriageSettings
from vau_agent.tools.cues.appearance import Appearance
from vau_agent.tools.triage import TriageResult, triage
from vau_agent.tools.video.scenes.kinds import build_scene
from vau_agent.tools.video.synthetic import SyntheticReader


def index_of(vectors: NDArray[np.float32], *, step: float = 1.0) -> ClipIndex:
    frames = [
        IndexedFrame(timestamp=row * step, pts=row, until=(row + 1) * step)
        for row in range(len(vectors))
    ]
    header = IndexHeader(
        video_sha256="0" * 64,
        video_name="",
        duration_s=len(vectors) * step,
        embedder="test",
        embedder_digest="0" * 64,
        dim=vectors.shape[1],
        sampling="test",
        created=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return ClipIndex.build(header, frames, vectors)


def wandering(count: int, *, strange: range = range(0), seed: int = 0) -> ClipIndex:
    """A look that varies a little, and quite another one at some times."""
    rng = np.random.default_rng(seed)
    vectors = np.zeros((count, 16), dtype=np.float32)
    vectors[:, 0] = 1
    vectors[strange.start : strange.stop, :2] = (0, 1)
    vectors += rng.normal(scale=0.05, size=vectors.shape).astype(np.float32)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return index_of(unit.astype(np.float32))


@pytest.mark.parametrize("seconds", [1, 4])
def test_what_is_there_at_no_other_time_is_new(seconds: int) -> None:
    appearance = Appearance.of(wandering(60, strange=range(30, 30 + seconds)))

    inside = appearance.novelty[30 : 30 + seconds]
    outside = np.delete(appearance.novelty, range(30, 30 + seconds))
    assert inside.min() > 0.95
    assert outside.max() < 0.5


def test_what_comes_again_and_again_is_not_new() -> None:
    rng = np.random.default_rng(0)
    vectors = np.zeros((60, 16), dtype=np.float32)
    vectors[np.arange(60), np.arange(60) // 5 % 2] = 1
    vectors += rng.normal(scale=0.05, size=vectors.shape).astype(np.float32)
    unit = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)

    assert Appearance.of(index_of(unit)).novelty.max() < 0.5


@pytest.mark.parametrize("count", [0, 1, 5, 9])
def test_a_video_without_other_moments_has_no_novelty(count: int) -> None:
    vectors = np.eye(16, dtype=np.float32)[:count]

    assert not Appearance.of(index_of(vectors)).novelty.any()


def test_coding_noise_is_not_new() -> None:
    rng = np.random.default_rng(0)
    vectors = np.zeros((60, 16), dtype=np.float32)
    vectors[:, 0] = 1
    vectors[:, 1] = rng.normal(scale=0.01, size=60)

    assert Appearance.of(index_of(vectors)).novelty.max() < 0.1


def test_the_result_does_not_depend_on_how_many_rows_are_compared_at_once() -> None:
    long = wandering(1200, strange=range(700, 703))

    novelty = Appearance.of(long).novelty

    assert set(np.flatnonzero(novelty > 0.9)) == {700, 701, 702}


def test_between_entries_it_is_linear_and_over_a_long_entry_level() -> None:
    appearance = Appearance(
        starts=np.array([0.0, 1.0, 11.0]),
        untils=np.array([1.0, 11.0, 12.0]),
        novelty=np.array([0.0, 1.0, 0.5], dtype=np.float32),
    )

    values = appearance.at(np.array([0.0, 0.5, 1.0, 5.0, 10.0, 10.5, 11.0, 20.0]))

    assert values == pytest.approx([0, 0.5, 1, 1, 1, 0.75, 0.5, 0.5])


def test_nothing_indexed_is_nothing_new() -> None:
    assert not Appearance.of(wandering(0)).at(np.array([0.0, 1.0])).any()


def _triaged(appearance: Appearance | None) -> TriageResult:
    reader = SyntheticReader(
        scene=build_scene("fire", seed=1, duration_s=10, fps=5, size=(128, 96))
    )
    return triage(reader, TriageSettings(fps=5, longest_side=128), appearance=appearance)


@pytest.mark.slow
def test_it_is_told_in_the_curve_and_changes_neither_score_nor_candidates() -> None:
    everywhere = Appearance(
        starts=np.array([0.0]), untils=np.array([10.0]), novelty=np.ones(1, dtype=np.float32)
    )

    without, informed = _triaged(None), _triaged(everywhere)

    assert all(point.cues["appearance"] == 1 for point in informed.curve)
    assert all("appearance" not in point.cues for point in without.curve)
    assert [point.score for point in informed.curve] == [point.score for point in without.curve]
    assert informed.candidates == without.candidates
    assert informed.candidates
