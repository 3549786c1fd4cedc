from typing import Any

import pytest

from vau_agent.agent.backends.transformers.memory import (
    PlainCaches,
    ReadMemory,
    ReadTokens,
    TokenKey,
    common_length,
    first_tokens,
    is_plain,
)

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")


def cache_of(length: int) -> Any:  # noqa: ANN401 - transformers' own class
    cache = transformers.DynamicCache()
    for layer in range(2):
        states = torch.arange(length, dtype=torch.float32).reshape(1, 1, length, 1) + 100 * layer
        cache.update(states, -states, layer)
    return cache


def read(*keys: TokenKey, written: int = 0) -> ReadTokens:
    return ReadTokens(keys=keys, prompt_length=len(keys) - written, cache=cache_of(len(keys)))


def test_the_longest_common_beginning_is_recalled() -> None:
    memory = ReadMemory(max_conversations=2)
    memory.keep(read(1, 2, 3, 4))
    memory.keep(read(1, 2, 9, 9, 9))

    cache: Any
    length, cache = memory.recall([1, 2, 3, 5, 6], PlainCaches())

    layer = cache.layers[1]
    assert length == cache.get_seq_length() == 3
    assert layer.keys.flatten().tolist() == [100, 101, 102]
    assert layer.values.flatten().tolist() == [-100, -101, -102]


def test_the_last_token_is_always_read_again() -> None:
    memory = ReadMemory(max_conversations=1)
    memory.keep(read(1, 2, 3))

    assert memory.recall([1, 2, 3], PlainCaches())[0] == 2
    assert memory.recall([1], PlainCaches())[0] == 0


def test_nothing_in_common_recalls_an_empty_cache() -> None:
    memory = ReadMemory(max_conversations=1)
    memory.keep(read(1, 2, 3))

    length, cache = memory.recall([7, 8], PlainCaches())

    assert (length, cache.get_seq_length()) == (0, 0)


def test_a_later_turn_takes_the_place_of_the_earlier_one() -> None:
    memory = ReadMemory(max_conversations=2)
    memory.keep(read(5, 6, 7))
    memory.keep(read(1, 2, 30, written=1))
    memory.keep(read(1, 2, 31, 32, 33))  # what was written is now told with other tokens

    assert memory.recall([5, 6, 7, 8], PlainCaches())[0] == 3
    assert memory.recall([1, 2, 31, 32, 34], PlainCaches())[0] == 4


@pytest.mark.parametrize(("kept", "recalled"), [(0, 0), (1, 0), (2, 2)])
def test_no_more_conversations_are_kept_than_allowed(kept: int, recalled: int) -> None:
    memory = ReadMemory(max_conversations=kept)
    memory.keep(read(1, 2))
    memory.keep(read(3, 4))

    assert memory.recall([1, 2, 5], PlainCaches())[0] == recalled


def test_what_is_recalled_can_be_read_on_without_changing_what_is_kept() -> None:
    kept = cache_of(4)
    shortened: Any = first_tokens(kept, 2)

    shortened.update(torch.full((1, 1, 1, 1), 7.0), torch.full((1, 1, 1, 1), 7.0), 0)

    assert shortened.layers[0].keys.flatten().tolist() == [0, 1, 7]
    assert kept.layers[0].keys.flatten().tolist() == [0, 1, 2, 3]


def test_placeholders_of_unlike_pictures_differ() -> None:
    assert common_length((1, "a:0", "a:1", 2), (1, "a:0", "b:1", 2)) == 2
    assert common_length((1, 2), (1, 2, 3)) == 2
    assert common_length((), (1,)) == 0


def test_a_cache_that_drops_tokens_is_not_plain() -> None:
    config = transformers.MistralConfig(sliding_window=8, num_hidden_layers=2)

    assert is_plain(cache_of(3))
    assert not is_plain(transformers.DynamicCache(config=config))
