import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vau_agent.agent.backends.base import TokenChoice
from vau_agent.agent.backends.verdict_token import find_verdict_token


def choices(texts: Sequence[str]) -> list[TokenChoice]:
    return [
        TokenChoice(token=text, logprob=-0.01 * place, alternatives={text: -0.01 * place})
        for place, text in enumerate(texts)
    ]


def cut(text: str, places: Sequence[int]) -> list[str]:
    ends = sorted({place % len(text) for place in places} | {0, len(text)})
    return [text[start:end] for start, end in itertools.pairwise(ends)]


def verdict(*texts: str) -> TokenChoice | None:
    return find_verdict_token(choices(texts))


@pytest.mark.parametrize(
    "texts",
    [
        ("<think>", "a", "</think>", "<answer>", "normal", "</answer>"),
        ("<think>a</think>", "<", "answer", ">", "normal", "</", "answer>"),
        ("…</think><ans", "wer", ">", "", "normal", "</answer>"),
        ("<answer>", "\n", "  ", "normal", "\n</answer>"),
        ("<answer>\n", "normal</answer>"),
    ],
)
def test_the_verdict_begins_after_the_tag_however_it_is_cut(texts: tuple[str, ...]) -> None:
    found = verdict(*texts)

    assert found is not None
    assert found.token.startswith("normal")
    assert found == choices(texts)[next(i for i, t in enumerate(texts) if t.startswith("normal"))]


def test_a_leading_space_stays_on_the_token_and_its_alternatives() -> None:
    token = TokenChoice(token=" fire", logprob=-0.1, alternatives={" fire": -0.1, "normal": -3.0})

    assert find_verdict_token([*choices(["<answer>"]), token]) == token


def test_a_token_that_ends_the_tag_keeps_the_alternatives_that_end_it_too() -> None:
    token = TokenChoice(
        token=">normal",
        logprob=-0.2,
        alternatives={">normal": -0.2, ">fire": -1.9, ">": -3.0, "_x": -4.0},
    )

    found = find_verdict_token([*choices(["<", "answer"]), token])

    assert found == TokenChoice(
        token="normal", logprob=-0.2, alternatives={"normal": -0.2, "fire": -1.9}
    )


def test_an_object_names_its_verdict_in_a_field() -> None:
    found = verdict(
        '{"think": "I will not write \\"answer\\": \\"fire\\"', '", "ans', 'wer": "', "f"
    )

    assert found is not None
    assert found.token == "f"


@pytest.mark.parametrize(
    "texts",
    [
        (),
        ("no tag at all",),
        ("<answer", ">"),
        ("<answer>", "\n"),
        ("<answer>", "</answer>"),
        ("<answer>", " ", "<", "/answer>"),
        ("<answer>fire</answer>", "<answer>normal</answer>"),
        ('{"answer": "', '"}'),
        ('<think>"answer": "fire"</think>',),
    ],
)
def test_without_one_clear_verdict_there_is_no_token(texts: tuple[str, ...]) -> None:
    assert verdict(*texts) is None


@given(places=st.lists(st.integers(0, 200), max_size=30), gap=st.sampled_from(["", " ", "\n\n"]))
def test_any_cut_finds_what_the_verdict_begins_with(places: list[int], gap: str) -> None:
    text = f"<think>Two people [f1]</think><answer>{gap}road accident</answer><glue>[1, 2]</glue>"

    found = find_verdict_token(choices(cut(text, places)))

    assert found is not None
    assert text[text.index("road") :].startswith(found.token.lstrip())
