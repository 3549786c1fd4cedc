import subprocess
import sys
from collections import Counter
from string import ascii_uppercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vau_agent.evals.metrics.options import (
    inverse_order,
    letters_in,
    permuted_options,
    plain_words,
    read_choice,
    texts_in,
)
from vau_agent.evals.samples import Question

OPTIONS = ("A man is fighting.", "A car burns", "People fall", "Nothing unusual happens")


def question(options: int) -> Question:
    return Question(text="?", options=tuple(f"option {n}" for n in range(options)), answer=0)


@given(st.integers(2, 9), st.integers(), st.text())
def test_an_order_is_a_permutation_with_its_inverse(count: int, seed: int, sample: str) -> None:
    order = permuted_options(question(count), seed, sample.encode("utf-8", "replace").decode())
    back = inverse_order(order)
    assert sorted(order) == list(range(count))
    assert [order[row] for row in back] == [back[place] for place in order] == list(range(count))


def test_an_order_is_the_same_in_every_process() -> None:
    program = (
        "from vau_agent.evals.metrics.options import permuted_options\n"
        "from vau_agent.evals.samples import Question\n"
        "one = Question(text='?', options=('a', 'b', 'c', 'd', 'e'), answer=0)\n"
        "print(*(permuted_options(one, 7, f'video {n}') for n in range(4)))\n"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    here = " ".join(str(permuted_options(question(5), 7, f"video {n}")) for n in range(4))
    assert runs == {here + "\n"}


def test_every_place_is_shown_everywhere_about_equally_often() -> None:
    shown = Counter(permuted_options(question(4), 0, f"video {n}")[0] for n in range(2000))
    assert all(420 < count < 580 for count in shown.values())
    assert len(shown) == 4


def test_seed_and_sample_each_change_the_order() -> None:
    assert len({permuted_options(question(6), seed, "x") for seed in range(20)}) > 10
    assert len({permuted_options(question(6), 0, f"video {n}") for n in range(20)}) > 10


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("B", 1),
        ("b", 1),
        ("(C)", 2),
        ("**D**", 3),
        ("B.", 1),
        ("B. A car burns", 1),
        ("A. A man is fighting.", 0),
        ("C: people fall!", 2),
        ("Option B", 1),
        ("Answer: A", 0),
        ("The answer is A.", 0),
        ("The correct answer is option (D).", 3),
        ("The answer is B. A man runs away.", 1),
        ("I think it is C because of the fall", 2),
        ("A because the man hits him", 0),
        ("a man is fighting", 0),
        ("Nothing unusual happens.", 3),
        ("In the end people fall down the stairs", 2),
        ("<answer> B </answer>", 1),
        ("<think>A or C, rather C</think><answer>B</answer>", 1),
        ("<think>Perhaps A.</think>\nD", 3),
        ("<answer>A</answer><reflection>no</reflection><answer>C</answer>", 2),
        ("<answer>People fall</answer>", 2),
    ],
)
def test_one_option_is_read(text: str, place: int) -> None:
    assert read_choice(text, OPTIONS) == place


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A ... B",
        "A or B",
        "A and B",
        "A, then on reflection B",
        "Either A or B, as people fall",
        "not A but B",
        "A. A car burns",
        "The answer is A: people fall",
        "Anomaly",
        "Normal",
        "A man walks his dog",
        "F",
        "E. something else",
        "People fall and a car burns",
        "B-roll",
        "<answer></answer>",
        "<think>The answer is B",
        "<answer>A ... B</answer>",
        "<answer>none of them</answer> B",
        "None of the above",
    ],
)
def test_no_option_is_read(text: str) -> None:
    assert read_choice(text, OPTIONS) is None


@given(st.integers(0, 3), st.sampled_from(["{}", "({})", "{}.", "Answer: {}", "option {}!"]))
def test_every_letter_is_read_in_every_form(place: int, form: str) -> None:
    assert read_choice(form.format(ascii_uppercase[place]), OPTIONS) == place


@given(st.text(max_size=60))
def test_any_text_names_one_option_or_none(text: str) -> None:
    assert read_choice(text, OPTIONS) in (None, 0, 1, 2, 3)


def test_an_option_inside_a_longer_one_is_not_meant() -> None:
    options = ("a fire", "a fire in a shop", "no fire")
    assert texts_in("There is a fire in a shop.", options) == {1}
    assert texts_in("There is a fire.", options) == {0}
    assert read_choice("a fire in a shop", options) == 1


def test_options_with_the_same_words_cannot_be_told_apart_by_them() -> None:
    assert read_choice("yes", ("yes", "Yes.", "no")) is None
    assert read_choice("B", ("yes", "Yes.", "no")) == 1


def test_the_article_and_the_pronoun_are_no_letters() -> None:
    assert letters_in("A man and I saw it", 9) == frozenset()
    assert letters_in("It is A", 9) == {0}


def test_punctuation_and_case_do_not_change_words() -> None:
    assert plain_words("It's  a FIRE - \u201cbig\u201d, isn\u2019t it?") == "its a fire big isnt it"
