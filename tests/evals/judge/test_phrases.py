import pytest
from hypothesis import given
from hypothesis import strategies as st

from vau_agent.evals.judge.base import (
    SCORE_NAMES,
    Candidate,
    JudgeCase,
    JudgeScores,
    PairCase,
    Reference,
)
from vau_agent.evals.judge.phrases import PhraseJudge, fact_share

FACTS = ("man in a blue shirt", "altercation", "red car", "bystander")
JUDGE = PhraseJudge()


def judged(reference: Reference, text: str) -> JudgeScores:
    return JUDGE.judge(JudgeCase(reference=reference, candidate=Candidate(analysis=text)))


def test_three_of_four_facts_give_three_quarters() -> None:
    text = "A man with a blue shirt starts an altercation. Bystanders look on."

    assert fact_share(FACTS, text) == 0.75


def test_saying_a_fact_again_gains_nothing() -> None:
    once = "A bystander looks on."

    assert fact_share(FACTS, once) == fact_share(FACTS, once * 40) == 0.25


def test_listing_a_fact_twice_in_the_reference_counts_it_once() -> None:
    assert fact_share(("bystander", "bystander", "red car"), "a bystander") == 0.5


@pytest.mark.parametrize("facts", [(), ("",), ("the", "of a")])
def test_no_facts_are_no_points_and_no_division_by_zero(facts: tuple[str, ...]) -> None:
    assert fact_share(facts, "anything at all") == 0.0


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("A red car stops.", True),
        ("A car stops. It is red.", False),
        ("The cars, both red, stop.", True),
        ("There is no red car.", False),
        ("There isn’t a red car here.", False),  # noqa: RUF001 -- the typographic apostrophe is the case
        ("A red car stops, not a van.", True),
        ("RED CAR", True),
        ("A redcar stops.", False),
    ],
)
def test_a_fact_is_stated_by_all_its_words_in_one_sentence_without_denial(
    text: str, stated: bool
) -> None:
    assert fact_share(["red car"], text) == float(stated)


@given(facts=st.lists(st.text(max_size=20), max_size=6), text=st.text(max_size=200))
def test_more_text_never_unsays_a_fact(facts: list[str], text: str) -> None:
    share = fact_share(facts, text)

    assert 0 <= share <= fact_share(facts, f"{text}\n" + ".\n".join(facts)) <= 1


@pytest.mark.parametrize(
    ("category", "text", "points"),
    [
        ("Fighting", "Two men fight.", 10),
        ("Traffic_accident", "This is a traffic accident.", 10),
        ("Fighting", "Something unusual goes on.", 5),
        ("Fighting", "Nobody fights here.", 0),
        ("Fighting", "There is no anomaly.", 0),
        ("Fighting", "People walk by.", 0),
        (None, "Nothing abnormal happens.", 10),
        (None, "A typical street.", 10),
        (None, "This is not normal, it is anomalous.", 0),
        (None, "A typical street with a suspicious man.", 0),
        (None, "People walk by.", 0),
    ],
)
def test_classification_asks_for_the_category_or_for_calm(
    category: str | None, text: str, points: float
) -> None:
    assert judged(Reference(category=category), text).classification == points


def test_the_reference_itself_is_graded_highest(robbery_case: JudgeCase) -> None:
    reference = robbery_case.reference
    own = Candidate(description=reference.description, analysis=reference.reasoning)
    best = JUDGE.judge(robbery_case.model_copy(update={"candidate": own}))
    told = JUDGE.judge(robbery_case)

    assert best.factual_consistency == 10
    assert best.total > told.total > judged(reference, "Robbery").total
    assert judged(reference, "").total == 0


def test_repeating_oneself_costs_fluency_and_gains_nothing(robbery_case: JudgeCase) -> None:
    told = robbery_case.candidate
    again = Candidate(description=told.text, analysis=told.text)
    once = JUDGE.judge(robbery_case)
    twice = JUDGE.judge(robbery_case.model_copy(update={"candidate": again}))

    assert twice.fluency == once.fluency / 2
    assert twice.model_copy(update={"fluency": once.fluency}) == once


def test_a_decimal_point_ends_no_sentence(robbery: Reference) -> None:
    text = "From 4.8 to 7.9 s a man takes the cash box."

    assert judged(robbery, text).fluency == 10
    assert fact_share(["7 cash box"], text) == 1


def test_naming_the_category_is_no_statement(robbery: Reference) -> None:
    named = judged(robbery, "Robbery.")

    assert named.classification == 10
    assert named.factual_consistency == named.fluency == 0


def test_made_up_words_cost_consistency_only(robbery: Reference) -> None:
    honest = judged(robbery, "He takes the cash box.")
    padded = judged(robbery, "He takes the cash box while purple elephants dance outside.")

    assert padded.factual_consistency < honest.factual_consistency
    assert padded.informativeness == honest.informativeness


@given(text=st.text(max_size=400), category=st.none() | st.text(min_size=1, max_size=20))
def test_scores_stay_on_their_scale_whatever_is_written(text: str, category: str | None) -> None:
    reference = Reference(category=category, key_objects=(text[:9],), description=text[3:50])
    scores = judged(reference, text)

    assert all(0 <= getattr(scores, name) <= 10 for name in SCORE_NAMES)
    assert scores.malformed is None


def test_the_order_of_a_pair_plays_no_part(robbery_case: JudgeCase) -> None:
    case = PairCase(
        reference=robbery_case.reference,
        first=robbery_case.candidate,
        second=Candidate(analysis="People walk by."),
    )

    assert JUDGE.vote(case).better == "first"
    assert JUDGE.vote(case.swapped).better == "second"
    assert JUDGE.vote(case.model_copy(update={"second": case.first})).better == "tie"
