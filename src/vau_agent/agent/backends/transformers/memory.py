"""What a policy has read, kept for the next turn: keys and values of a conversation's tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from transformers import DynamicCache

TokenKey = int | str
"""A token as it is compared: its id, or for a placeholder which part of which picture."""


class Cache(Protocol):
    """Keys and values of tokens that were read."""

    def get_seq_length(self) -> int:
        """Count the tokens."""


class Caches(Protocol):
    """Makes the caches of one kind of engine."""

    def begin(self) -> Cache:
        """Give an empty one."""

    def shorten(self, cache: Any, length: int) -> Cache:  # noqa: ANN401 - of the same kind
        """Give one of the first tokens only; reading on with it leaves the other as it is."""


class PlainCaches:
    """Makes transformers' own."""

    def begin(self) -> "DynamicCache":
        """See `Caches`."""
        from transformers import DynamicCache

        return DynamicCache()

    def shorten(self, cache: "DynamicCache", length: int) -> "DynamicCache":
        """See `Caches`."""
        return first_tokens(cache, length)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadTokens:
    """Tokens that were read, and what reading them left."""

    keys: tuple[TokenKey, ...]
    prompt_length: int
    """How many of them were the prompt; the rest the model wrote itself."""
    cache: Cache
    """Never changed once it is kept (see `Caches.shorten`)."""


class ReadMemory:
    """Keeps the last conversations that were read."""

    def __init__(self, *, max_conversations: int) -> None:
        self._max_conversations = max_conversations
        self._kept: list[ReadTokens] = []

    def recall(self, keys: Sequence[TokenKey], caches: Caches) -> tuple[int, Cache]:
        """Give how many of the first tokens need not be read again, and what they left.

        At least the last token is always read: what follows it is asked for.
        """
        best, longest = None, 0
        for kept in self._kept:
            shared = min(common_length(kept.keys, keys), len(keys) - 1)
            if shared > longest:
                best, longest = kept, shared
        cache = caches.begin() if best is None else caches.shorten(best.cache, longest)
        return longest, cache

    def keep(self, read: ReadTokens) -> None:
        """Keep what was read, in place of the conversation's earlier turns."""
        self._kept = [one for one in self._kept if not _continues(read, one)]
        self._kept.append(read)
        del self._kept[: max(0, len(self._kept) - self._max_conversations)]

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()


def common_length(one: Sequence[TokenKey], other: Sequence[TokenKey]) -> int:
    """Count the first tokens that are the same."""
    for place, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return place
    return min(len(one), len(other))


def first_tokens(cache: "DynamicCache", length: int) -> "DynamicCache":
    """Give a cache of the first tokens only; the one it is taken from stays as it is.

    The tensors are shared: a plain layer joins what it is given into new ones and writes in none.
    """
    from transformers import DynamicCache

    shortened = DynamicCache()
    layers: list[Any] = cache.layers  # plain ones: see is_plain
    for number, layer in enumerate(layers):
        shortened.update(layer.keys[..., :length, :], layer.values[..., :length, :], number)
    return shortened


def is_plain(cache: "DynamicCache") -> bool:
    """Tell whether every layer keeps all tokens in order, so that the first ones can be taken."""
    from transformers.cache_utils import DynamicLayer

    return all(type(layer) is DynamicLayer for layer in cache.layers)


def _continues(later: ReadTokens, earlier: ReadTokens) -> bool:
    prompt = earlier.keys[: earlier.prompt_length]
    return common_length(prompt, later.keys) == len(prompt)
