from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from vau_agent.agent.backends.base import GenerationSettings
from vau_agent.agent.backends.transformers.writing import (
    MAX_ALTERNATIVES,
    Written,
    to_completion,
    write,
    write_down,
)
from vau_agent.errors import GenerationError

torch = pytest.importorskip("torch")
END = 3


def towards(token: int, vocabulary: int = 12) -> Any:  # noqa: ANN401 - a tensor
    return torch.nn.functional.one_hot(torch.tensor(token), vocabulary).float() * 5


def write_tokens(tokens: Sequence[int], **settings: float) -> tuple[Written, list[int]]:
    """Have a model that wants to write these tokens write, and say what it read."""
    left = iter(tokens)
    read: list[int] = []

    def read_on(token: int) -> Any:  # noqa: ANN401 - a tensor
        read.append(token)
        return towards(next(left))

    asked = GenerationSettings.model_validate(settings)
    return write(towards(next(left)), read_on, asked, frozenset({END})), read


def test_writing_stops_where_the_turn_ends() -> None:
    written, read = write_tokens([5, 6, END], max_new_tokens=9)

    assert [token.id for token in written.tokens] == [5, 6]
    assert written.finish_reason == "stop"
    assert read == [5, 6]


def test_writing_stops_where_the_tokens_run_out() -> None:
    written, read = write_tokens([5, 6, 7, 8], max_new_tokens=3)

    assert [token.id for token in written.tokens] == [5, 6, 7]
    assert written.finish_reason == "length"
    assert read == [5, 6]


def test_a_turn_that_ends_with_the_last_allowed_token_still_ran_out() -> None:
    assert write_tokens([5, 6], max_new_tokens=2)[0].finish_reason == "length"
    assert write_tokens([5, END], max_new_tokens=2)[0].finish_reason == "stop"


def test_probabilities_are_told_as_of_temperature_one() -> None:
    cold, _ = write_tokens([5, END], max_new_tokens=4)
    warm, _ = write_tokens([5, END, END, END], max_new_tokens=1, temperature=0.01)

    expected = float(torch.log_softmax(towards(5), dim=-1)[5])
    assert cold.tokens[0].logprob == pytest.approx(expected)
    assert warm.tokens[0].logprob == pytest.approx(expected)


def test_the_likeliest_tokens_are_told_and_no_more() -> None:
    (token,) = write_tokens([5, END], max_new_tokens=4)[0].tokens

    assert token.likeliest[0][0] == 5
    assert token.likeliest[0][1] == pytest.approx(token.logprob)
    assert len(token.likeliest) == MAX_ALTERNATIVES


def test_logits_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(GenerationError, match="no numbers"):
        write(towards(5) * float("nan"), towards, GenerationSettings(), frozenset({END}))


def test_what_another_loop_wrote_is_told_alike() -> None:
    ended = write_down([5, END], [towards(5), towards(END)], frozenset({END}))
    cut = write_down([5, 6], [towards(5), towards(6)], frozenset({END}))

    assert ended == write_tokens([5, END], max_new_tokens=2)[0]
    assert cut == write_tokens([5, 6], max_new_tokens=2)[0]


def test_the_verdict_s_token_is_found_with_its_alternatives(tiny_fastvlm: Path) -> None:
    from transformers import AutoTokenizer

    load: Any = AutoTokenizer.from_pretrained
    tokenizer = load(tiny_fastvlm)
    ids = tokenizer("<think>still [f1]</think><answer>normal</answer>")["input_ids"]
    written = write_down(ids, [towards(one, len(tokenizer)) for one in ids], frozenset())

    completion = to_completion(written, tokenizer, prompt=40, cached=30)

    assert completion.text == "<think>still [f1]</think><answer>normal</answer>"
    assert completion.token_ids == tuple(ids)
    assert completion.verdict_token is not None
    assert "normal".startswith(completion.verdict_token.token)
    assert completion.verdict_token.alternatives[completion.verdict_token.token] < 0
    assert completion.usage.prompt_tokens == 40
    assert completion.usage.cached_tokens == 30


def test_without_an_answer_there_is_no_verdict_token(tiny_fastvlm: Path) -> None:
    from transformers import AutoTokenizer

    load: Any = AutoTokenizer.from_pretrained
    tokenizer = load(tiny_fastvlm)
    ids = tokenizer("nothing in tags")["input_ids"]
    written = write_down(ids, [towards(one, len(tokenizer)) for one in ids], frozenset())

    assert to_completion(written, tokenizer, prompt=1, cached=0).verdict_token is None
