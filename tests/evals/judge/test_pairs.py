import pytest

from vau_agent.agent.backends.scripted import ScriptedBackend
from vau_agent.errors import BenchmarkError, GenerationError
from vau_agent.evals.judge.base import Candidate, PairCase, PairVote, Vote
from vau_agent.evals.judge.model import ModelJudge
from vau_agent.evals.judge.pairs import compare_candidates, compare_pair
from vau_agent.evals.judge.phrases import PhraseJudge
from vau_agent.evals.judge.scoring import reference_of
from vau_agent.evals.samples import Dataset

A, B = Candidate(analysis="answer of a"), Candidate(analysis="answer of b")


class FirstPlace:
    """Prefers whatever stands first."""

    name = "first-place"
    digest = "1"

    def vote(self, case: PairCase) -> PairVote:
        return PairVote(better="first")


def says(*votes: str) -> ModelJudge:
    return ModelJudge(backend=ScriptedBackend([f'{{"better": "{vote}"}}' for vote in votes]))


@pytest.mark.parametrize(
    ("forward", "backward", "winner", "biased"),
    [
        ("first", "second", "a", False),
        ("second", "first", "b", False),
        ("first", "first", "tie", True),
        ("second", "second", "tie", True),
        ("tie", "tie", "tie", False),
        ("first", "tie", "tie", False),
        ("tie", "first", "tie", False),
    ],
)
def test_a_preference_counts_only_when_both_orders_agree(
    judged_set: Dataset, forward: Vote, backward: Vote, winner: str, biased: bool
) -> None:
    verdict = compare_pair(reference_of(judged_set.samples[0]), A, B, says(forward, backward))

    assert (verdict.winner, verdict.biased) == (winner, biased)


def test_the_second_question_shows_the_answers_the_other_way_round(judged_set: Dataset) -> None:
    backend = ScriptedBackend(['{"better": "tie"}'] * 2)
    compare_pair(reference_of(judged_set.samples[0]), A, B, ModelJudge(backend=backend))

    shown = [request.messages[-1].text for request in backend.requests]
    assert shown[0].index("answer of a") < shown[0].index("answer of b")
    assert shown[1].index("answer of b") < shown[1].index("answer of a")


def test_a_judge_that_goes_by_place_gives_ties_and_full_bias(judged_set: Dataset) -> None:
    ids = [sample.id for sample in judged_set.samples]
    table = compare_candidates(
        judged_set, dict.fromkeys(ids, A), dict.fromkeys(ids, B), FirstPlace()
    )

    metrics = table.rows[0].metrics
    assert metrics["position_bias"].value == 1
    assert metrics["ties"].value == 1
    assert metrics["a_wins"].value == metrics["b_wins"].value == 0
    assert metrics["a_wins"].n == 4


def test_the_better_system_wins_whichever_way_it_is_named(judged_set: Dataset) -> None:
    good = {
        sample.id: Candidate(description=sample.description or "") for sample in judged_set.samples
    }
    bad = dict.fromkeys(good, Candidate(description="Nobody knows."))

    one = compare_candidates(judged_set, good, bad, PhraseJudge()).rows[0].metrics
    other = compare_candidates(judged_set, bad, good, PhraseJudge()).rows[0].metrics

    assert one["a_wins"].value == other["b_wins"].value == 1
    assert one["position_bias"].value == 0
    assert one["sign_test_p"].value == pytest.approx(0.125)  # 2 * 0.5 ** 4


def test_an_unreadable_vote_is_a_tie_and_named(judged_set: Dataset) -> None:
    judge = ModelJudge(backend=ScriptedBackend(["a!", "a!", '{"better": "second"}']))

    table = compare_candidates(judged_set, {"s1": A}, {"s1": B}, judge)

    assert table.rows[0].metrics["malformed"].value == 1
    assert table.rows[0].metrics["ties"].value == 1
    assert ("s1", "unreadable") in {(gap.id, gap.kind) for gap in table.gaps}
    assert ("s2", "missing-prediction") in {(gap.id, gap.kind) for gap in table.gaps}


def test_nothing_in_common_is_an_error(judged_set: Dataset) -> None:
    with pytest.raises(BenchmarkError, match="both systems"):
        compare_candidates(judged_set, {"s1": A}, {"s2": B}, FirstPlace())


def test_a_judge_out_of_reach_is_an_error(judged_set: Dataset) -> None:
    with pytest.raises(GenerationError):
        compare_candidates(judged_set, {"s1": A}, {"s1": B}, says())


def test_a_judge_that_fails_once_leaves_a_gap(judged_set: Dataset) -> None:
    ids = ("s1", "s2")
    judge = says("first", "second")
    table = compare_candidates(judged_set, dict.fromkeys(ids, A), dict.fromkeys(ids, B), judge)

    assert table.rows[0].metrics["a_wins"].value == 1
    assert table.rows[0].metrics["a_wins"].n == 1
    assert ("s2", "failed") in {(gap.id, gap.kind) for gap in table.gaps}
