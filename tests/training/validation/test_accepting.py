"""The probability of acceptance is read off one token, however the text is cut."""

import math

import pytest

from tests.training.validation.doubles import choices
from vau_agent.agent.backends.base import TokenChoice
from vau_agent.training.validation.accepting import accept_probability


def verdict(token: str, **shares: float) -> TokenChoice:
    logprobs = {said.replace("_", " "): math.log(share) for said, share in shares.items()}
    return TokenChoice(token=token, logprob=logprobs[token], alternatives=logprobs)


def test_the_share_of_true_is_taken_of_what_lies_on_true_and_false() -> None:
    tokens = [
        *choices('{"', "accept", '":'),
        verdict(" true", _true=0.6, _false=0.2),
        *choices("}"),
    ]

    assert accept_probability(tokens) == pytest.approx(0.75)


def test_a_refusal_is_a_small_probability() -> None:
    tokens = [*choices('{"accept":'), verdict(" false", _true=0.1, _false=0.9), *choices(', "')]

    assert accept_probability(tokens) == pytest.approx(0.1)


def test_a_token_that_also_ends_the_key_counts_by_what_it_begins() -> None:
    said = TokenChoice(
        token='": true',
        logprob=math.log(0.5),
        alternatives={'": true': math.log(0.5), '": false': math.log(0.5), " x": -9.0},
    )

    assert accept_probability([*choices('{"accept'), said]) == pytest.approx(0.5)


def test_words_cut_in_two_count_by_their_beginning() -> None:
    tokens = [*choices('{"accept": '), verdict("tr", tr=0.8, f=0.2), *choices("ue}")]

    assert accept_probability(tokens) == pytest.approx(0.8)


@pytest.mark.parametrize(
    "text",
    ["<answer>fall</answer>", '{"accept": ', '{"accept": true, "accept": true}', '{"accept": 1}'],
)
def test_nothing_is_read_where_no_single_verdict_stands(text: str) -> None:
    assert accept_probability(choices(*text)) is None
