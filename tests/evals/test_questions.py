import pytest

from vau_agent.evals.questions import chosen_option, render_question
from vau_agent.evals.samples import Question

QUESTION = Question(text="What happens?", options=("a fight", "a fire", "nothing"), answer=1)
ORDER = (2, 0, 1)


def test_options_are_lettered_in_the_order_given() -> None:
    assert render_question(QUESTION, ORDER).splitlines()[:4] == [
        "What happens?",
        "A) nothing",
        "B) a fight",
        "C) a fire",
    ]


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("C", 1),
        ("C) a fire [f3 f4]", 1),
        ("C [f12, f13]", 1),
        ("The answer is A.", 2),
        ("a fight", 0),
        ("A or B", None),
        ("D", None),
        ("Anomaly", None),
        ("", None),
        ("No frame supports an answer; ask about a time, or look at the report.", None),
    ],
)
def test_a_choice_is_given_by_its_place_in_the_sample(text: str, chosen: int | None) -> None:
    assert chosen_option(text, QUESTION, ORDER) == chosen
