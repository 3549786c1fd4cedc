"""Which embedders order pictures by a text, and recognise nothing by it."""

from typing import Final

from vau_agent.memory.embedders.conse import KIND

_RANKING: Final = frozenset({KIND})
"""Of pictures that are there, no more than of absurd ones pass for a match (`scripts/bench
retrieval`): what has no name among the classes is as far off as what is not there."""


def only_ranks(embedder: str) -> bool:
    """Tell whether a strong match, or none, says little with the embedder of that name."""
    return embedder.partition(":")[0] in _RANKING
