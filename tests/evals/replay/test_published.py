"""Answers that CoReVAD published about 149 videos: the agent's localisation beside CoReVAD's own.

Floors lie a little below what was measured; they hold the direction, not the figure.
"""

import json
from pathlib import Path
from typing import Final

import pytest

from vau_agent.evals.benchmarks.ucf_crime import UCF_CRIME
from vau_agent.evals.formats.corevad import AnsweredVideo, series
from vau_agent.evals.metrics.frames import (
    Average,
    ScoredVideo,
    frame_ap,
    frame_auc,
    paired_frames,
    within_video_auc,
)
from vau_agent.evals.replay.localising import Replayer, to_scored
from vau_agent.evals.replay.recording import Recording, read_recordings
from vau_agent.memory.embedders.conse import ConseEmbedder
from vau_agent.tools.localisation.grading import Grader
from vau_agent.tools.localisation.texts import MeaningSpace

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
ANSWERS = DATA / "predictions/corevad_ucf_crime/responses.json.gz"
EXPECTED = "corevad_ucf_crime (half of the test videos)"
AVERAGES: Final[tuple[Average, ...]] = ("pooled", "macro")

pytestmark = [
    pytest.mark.skipif(not ANSWERS.is_file(), reason="../shared/data is not beside the project"),
    pytest.mark.slow,
]


@pytest.fixture(scope="module")
def answered() -> tuple[AnsweredVideo, ...]:
    dataset = UCF_CRIME.read(DATA / "annotations/ucf_crime/UCF_Eval.json")
    return read_recordings(ANSWERS, dataset)[0]


@pytest.fixture(scope="module")
def weighted(answered: tuple[AnsweredVideo, ...]) -> tuple[ScoredVideo, ...]:
    """CoReVAD's own best row."""
    return series(answered)["smoothed_and_position_weighted"]


@pytest.fixture(scope="module")
def agent_by_words(
    answered: tuple[AnsweredVideo, ...], word_replayer: Replayer
) -> tuple[ScoredVideo, ...]:
    return run(answered, word_replayer)


def run(videos: tuple[AnsweredVideo, ...], replayer: Replayer) -> tuple[ScoredVideo, ...]:
    return to_scored(videos, replayer.run([Recording.of(video.answers) for video in videos]))


def test_corevads_own_rows_are_those_published(answered: tuple[AnsweredVideo, ...]) -> None:
    expected = json.loads((DATA / "expected.json").read_text())[EXPECTED]

    assert len(answered) == 149
    for name, scored in series(answered).items():
        assert frame_auc(scored) == pytest.approx(expected[name]["auc"], abs=1e-3)
        assert frame_ap(scored) == pytest.approx(expected[name]["ap"], abs=1e-3)


def test_by_words_the_agent_stands_above_the_weighted_row(
    agent_by_words: tuple[ScoredVideo, ...], weighted: tuple[ScoredVideo, ...]
) -> None:
    assert frame_auc(agent_by_words) > max(0.885, frame_auc(weighted))
    assert frame_ap(agent_by_words) > max(0.35, frame_ap(weighted))
    pooled, macro = (
        [within_video_auc(scored, average=average) for scored in (agent_by_words, weighted)]
        for average in AVERAGES
    )
    assert pooled[0] > max(0.77, pooled[1])
    assert macro[0] > max(0.75, macro[1])


def test_by_words_a_sixteenth_of_the_looks_ranks_as_well_as_all_raw_answers(
    answered: tuple[AnsweredVideo, ...], word_replayer: Replayer
) -> None:
    recordings = [Recording.of(video.answers) for video in answered]
    found = word_replayer.run(recordings, calls_per_hour=225)

    looks = sum(len(one.looked) for one in found)
    assert looks <= sum(one.moments for one in recordings) / 16 + len(recordings)
    assert frame_auc(to_scored(answered, found)) > 0.77


def test_by_meaning_the_agent_tells_when_and_beats_the_weighted_row(
    answered: tuple[AnsweredVideo, ...], weighted: tuple[ScoredVideo, ...], conse_folder: Path
) -> None:
    space = MeaningSpace(embedder=ConseEmbedder.open(conse_folder, batch=32))
    replayer = Replayer(space=space, grader=Grader.open(space, similar=10))
    agent = run(answered, replayer)

    assert all(within_video_auc(agent, average=average) >= 0.78 for average in AVERAGES)
    gains = paired_frames(weighted, agent, draws=300, seed=0)
    assert gains["frame_auc"].value >= 0.02
    assert gains["frame_auc"].low > 0
