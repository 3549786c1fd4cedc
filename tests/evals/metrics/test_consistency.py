import pytest
from hypothesis import given
from hypothesis import strategies as st

from vau_agent.errors import MetricError
from vau_agent.evals.metrics.consistency import (
    Agreement,
    agreement,
    consistency_rate,
    read_conclusion,
)

OPTIONS = ("fighting", "a car crash", "a shop burns", "nothing unusual")


@pytest.mark.parametrize(
    ("chain", "chosen", "kind"),
    [
        ("Two cars meet at 4 s. Therefore the answer is B.", 1, "consistent"),
        ("Two cars meet at 4 s. Therefore the answer is B.", 0, "contradictory"),
        ("Two cars meet at 4 s. Therefore the answer is B.", None, "contradictory"),
        ("Two cars meet at 4 s and stop.", 1, "silent"),
        ("", 1, "silent"),
        ("At first it looks like fighting. So a shop burns.", 2, "consistent"),
        ("It may be A. But it is not A, so it must be C.", 2, "consistent"),
        ("This rules out option A. The best option is (D).", 3, "consistent"),
        ("So the answer is C. A man can be seen before.", 2, "consistent"),
        ("So the answer is C. Frame 3 shows fighting too.", 2, "consistent"),
        ("It is either A or B.", 0, "silent"),
        ("The smoke shows that a shop burns.", 2, "consistent"),
        ("There is fighting. There is nothing unusual.", 0, "contradictory"),
        ("It is not a car crash.", 1, "silent"),
        ("Thus A rather than B.", 0, "silent"),
        ("It isn't A. It can\u2019t be B.", 1, "silent"),
        ("That A car Crash happens; so it does.", 1, "consistent"),
        ("I would say fighting", 0, "consistent"),
    ],
)
def test_what_a_chain_implies(chain: str, chosen: int | None, kind: Agreement) -> None:
    assert agreement(chain, OPTIONS, chosen) == kind


def test_an_option_may_hold_words_that_join_or_reject() -> None:
    options = ("A man and a woman, not armed, run", "a man", "Nobody's hurt.", "yes", "Yes!")
    assert read_conclusion("So a man and a woman (not armed) run.", options) == 0
    assert read_conclusion("Thus one sees a man.", options) == 1
    assert read_conclusion("Overall nobody's hurt.", options) == 2
    assert read_conclusion("Overall yes.", options) is None


def test_the_last_conclusion_counts() -> None:
    chain = "Therefore the answer is A. Wait, the frames show smoke. Hence the answer is C."
    assert read_conclusion(chain, OPTIONS) == 2


def test_the_three_shares_of_a_hand_case() -> None:
    chains = ["So it is A.", "So it is A.", "So it is B.", "Hard to say."]
    rates = consistency_rate(chains, [OPTIONS] * 4, [0, 0, 2, 3])
    assert {kind: rate.value for kind, rate in rates.items()} == {
        "consistent": 0.5,
        "contradictory": 0.25,
        "silent": 0.25,
    }


@given(st.lists(st.tuples(st.text(max_size=40), st.none() | st.integers(0, 3)), min_size=1))
def test_the_shares_sum_to_1(items: list[tuple[str, int | None]]) -> None:
    rates = consistency_rate(
        [chain for chain, _ in items], [OPTIONS] * len(items), [chosen for _, chosen in items]
    )
    assert sum(rate.value or 0 for rate in rates.values()) == pytest.approx(1)


def test_chains_that_do_not_fit_their_answers_are_refused() -> None:
    with pytest.raises(MetricError, match="1 items and 2 answers"):
        consistency_rate(["So it is A."], [OPTIONS], [0, 1])
    with pytest.raises(MetricError, match="no items"):
        consistency_rate([], [], [])
