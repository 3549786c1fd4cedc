import pytest
from hypothesis import given
from hypothesis import strategies as st

from vau_agent.agent.backends.scripted import ScriptedBackend
from vau_agent.errors import BenchmarkError, GenerationError
from vau_agent.evals.judge.base import SCORE_NAMES
from vau_agent.evals.judge.model import ModelJudge
from vau_agent.evals.judge.phrases import PhraseJudge
from vau_agent.evals.judge.scoring import judge_records, partners, reference_of
from vau_agent.evals.records import Record
from vau_agent.evals.samples import Dataset, Gap
from vau_agent.evals.tables import Row, Table

REPLY = (
    '{"classification": 5, "key_matching": 5, "fluency": 5, "informativeness": 5, '
    '"factual_consistency": 5}'
)


def answers(dataset: Dataset) -> list[Record]:
    """What somebody wrote who saw the videos, in other words than the reference's."""
    told = {
        "s1": "A man at the counter takes money. A robbery.",
        "s2": "A fire: flames from a burning bin.",
        "s3": "A traffic accident, a white van hits somebody at the crossing.",
        "s4": "People on an escalator. Nothing unusual.",
    }
    return [
        Record(sample_id=sample.id, description=told[sample.id], reasoning="")
        for sample in dataset.samples
        if sample.id in told
    ]


def row(table: Table, name: str) -> Row:
    return next(one for one in table.rows if one.name == name)


def value(table: Table, name: str, metric: str = "total") -> float:
    found = row(table, name).metrics[metric].value
    assert found is not None
    return found


def test_answers_stand_above_every_floor_with_intervals(judged_set: Dataset) -> None:
    table = judge_records(judged_set, answers(judged_set), PhraseJudge(), draws=200)

    assert value(table, "empty answer") == 0
    assert value(table, "answers") > value(table, "answers of other videos")
    assert value(table, "answers") > value(table, "category alone")
    assert value(table, "own reference") > value(table, "category alone")
    total = row(table, "answers").metrics["total"]
    assert total.n == 4
    assert total.low is not None
    assert total.high is not None
    assert total.low <= value(table, "answers") <= total.high
    assert value(table, "answers", "total_above_shuffled") == pytest.approx(
        value(table, "answers") - value(table, "answers of other videos")
    )
    assert set(SCORE_NAMES) < row(table, "answers").metrics.keys()
    assert {one.name: one.kind for one in table.rows} == {
        "answers": "measured",
        "empty answer": "floor",
        "answers of other videos": "blind",
        "references of other videos": "blind",
        "category alone": "oracle",
        "own reference": "oracle",
    }


def test_without_draws_there_are_figures_and_no_intervals(judged_set: Dataset) -> None:
    table = judge_records(judged_set, answers(judged_set), PhraseJudge(), draws=0)
    drawn = judge_records(judged_set, answers(judged_set), PhraseJudge(), draws=50)

    assert value(table, "answers") == pytest.approx(value(drawn, "answers"))
    assert all(one.low is None for row in table.rows for one in row.metrics.values())


def test_a_total_is_the_sum_of_the_five(judged_set: Dataset) -> None:
    table = judge_records(judged_set, answers(judged_set), PhraseJudge(), draws=50)

    parts = sum(value(table, "answers", name) for name in SCORE_NAMES)
    assert value(table, "answers") == pytest.approx(parts)


def test_a_judge_that_grades_everything_alike_is_seen(judged_set: Dataset) -> None:
    generous = ModelJudge(backend=ScriptedBackend([REPLY] * 24))

    table = judge_records(judged_set, answers(judged_set), generous, draws=50)

    assert value(table, "answers") == value(table, "empty answer") == 25
    named = " ".join(table.notes)
    assert "not above 'empty answer'" in named
    assert "not above 'answers of other videos'" in named


def test_malformed_replies_count_nothing_and_are_named(judged_set: Dataset) -> None:
    replies = [REPLY, "10 out of 10!", "really!", REPLY, REPLY]
    judge = ModelJudge(backend=ScriptedBackend(replies))

    table = judge_records(judged_set, answers(judged_set), judge, floors=False, draws=50)

    assert value(table, "answers", "malformed") == 1
    assert value(table, "answers") == 75 / 4
    assert [gap.id for gap in table.gaps if gap.kind == "unreadable"] == ["s2"]


def test_one_failure_of_the_judge_does_not_stop_the_rest(judged_set: Dataset) -> None:
    judge = ModelJudge(backend=ScriptedBackend([REPLY] * 3))

    table = judge_records(judged_set, answers(judged_set), judge, floors=False, draws=50)

    assert value(table, "answers", "failed") == 1
    assert value(table, "answers") == 75 / 4
    assert [gap.id for gap in table.gaps if gap.kind == "failed"] == ["s4"]


def test_a_judge_out_of_reach_is_an_error_and_no_row_of_zeros(judged_set: Dataset) -> None:
    with pytest.raises(GenerationError):
        judge_records(judged_set, [], ModelJudge(backend=ScriptedBackend([])))


def test_missing_and_failed_records_are_named_once_and_count_nothing(judged_set: Dataset) -> None:
    records = [
        *answers(judged_set)[:2],
        Record(sample_id="s3", error="it broke"),
        Record(sample_id="s9", description="of no sample"),
    ]
    table = judge_records(judged_set, records, PhraseJudge(), draws=50)

    assert sorted((gap.id, gap.kind) for gap in table.gaps) == [
        ("s3", "failed"),
        ("s4", "missing-prediction"),
        ("s5", "missing-truth"),
        ("s9", "unknown-id"),
    ]
    assert row(table, "answers").metrics["total"].n == 4


def test_what_stands_under_both_names_was_said_once(judged_set: Dataset) -> None:
    twice = [one.model_copy(update={"reasoning": one.description}) for one in answers(judged_set)]
    once = judge_records(judged_set, answers(judged_set), PhraseJudge(), draws=0)

    assert judge_records(judged_set, twice, PhraseJudge(), draws=0) == once


def test_gaps_of_the_benchmark_stay_with_the_table(judged_set: Dataset) -> None:
    lost = Gap(id="s8", kind="missing-video", detail="not there")
    table = judge_records(
        judged_set.model_copy(update={"gaps": (lost,)}), answers(judged_set), PhraseJudge(), draws=0
    )

    assert lost in table.gaps


def test_what_a_judge_is_told_holds_neither_id_nor_file_name(judged_set: Dataset) -> None:
    for sample in judged_set.samples:
        told = reference_of(sample).model_dump_json()
        assert sample.id not in told
        assert sample.video not in told


def test_a_benchmark_without_references_is_refused(judged_set: Dataset) -> None:
    bare = judged_set.model_copy(update={"samples": judged_set.samples[-1:]})

    with pytest.raises(BenchmarkError, match="vau-bench"):
        judge_records(bare, [], PhraseJudge())


def test_one_sample_has_no_other_video(judged_set: Dataset) -> None:
    one = judged_set.model_copy(update={"samples": judged_set.samples[:1]})

    table = judge_records(one, answers(one), PhraseJudge(), draws=50)

    assert "answers of other videos" not in {one.name for one in table.rows}
    assert "total_above_shuffled" not in row(table, "answers").metrics


@given(n=st.integers(2, 12), seed=st.integers(0, 99))
def test_nobody_is_its_own_partner(n: int, seed: int) -> None:
    sample = {"source": "s", "video": "v", "truth": {"anomalous": False}}
    dataset = Dataset.model_validate(
        {
            "benchmark": "b",
            "annotation": "a",
            "samples": [{"id": str(k), **sample} for k in range(n)],
        }
    )
    circle = partners(dataset.samples, seed)

    assert sorted(circle) == list(range(n))
    assert all(place != other for place, other in enumerate(circle))
    assert circle == partners(dataset.samples, seed)
