"""Real answers of a small model to VAU-Eval: four, all of one category, so little can be told."""

from pathlib import Path

import pytest

from vau_agent.evals.benchmarks.vau_bench import read
from vau_agent.evals.judge.answers import read_answers
from vau_agent.evals.judge.phrases import PhraseJudge
from vau_agent.evals.judge.scoring import judge_candidates
from vau_agent.evals.tables import Estimate, Table

PUBLISHED = Path("../shared/data/predictions/vau_r1_partial_msad")


@pytest.fixture(scope="module")
def published_table() -> Table:
    if not PUBLISHED.is_dir():
        pytest.skip("the published answers are not here")
    answers, gaps = read_answers(PUBLISHED / "reasoning_Qwen2.5-VL-3B.csv")
    assert gaps == ()
    candidates = {Path(video).stem: text for video, text in answers.items()}
    truth = read(PUBLISHED / "ground_truth_rows.csv")
    judged = tuple(sample for sample in truth.samples if sample.id in candidates)
    return judge_candidates(
        truth.model_copy(update={"samples": judged}), candidates, PhraseJudge(), draws=500
    )


def total(table: Table, name: str) -> Estimate:
    return next(row for row in table.rows if row.name == name).metrics["total"]


def test_the_right_reference_is_far_above_the_model(published_table: Table) -> None:
    answers = total(published_table, "answers")

    assert answers.n == 4
    assert answers.value is not None
    assert (total(published_table, "own reference").value or 0) > 2 * answers.value
    assert answers.value > (total(published_table, "category alone").value or 0)
    assert total(published_table, "empty answer").value == 0


def test_four_answers_do_not_show_that_they_belong_to_their_videos(published_table: Table) -> None:
    assert any("answers of other videos" in note for note in published_table.notes)
