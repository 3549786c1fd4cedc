"""Reading and writing many prompts at once; what was read of a video is not read again.

Rows of unlike length are padded on the left, kept tokens and new ones apart, and masked. Of every
video the keys and values of its latest turn are kept: its next turn begins with the same tokens.
"""

import itertools
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vau_agent.agent.backends.transformers.loading import LoadedModel
from vau_agent.agent.backends.transformers.memory import TokenKey
from vau_agent.agent.backends.transformers.reading import Reader, ReadPrompt
from vau_agent.agent.backends.transformers.writing import (
    Written,
    WrittenToken,
    describe_token,
    to_logprobs,
)

if TYPE_CHECKING:
    import torch
    from transformers import DynamicCache


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What reading the tokens of one row left."""

    keys: tuple[TokenKey, ...]
    layers: "tuple[tuple[torch.Tensor, torch.Tensor], ...]"
    """Keys and values of each layer, heads x tokens x size."""

    def shared(self, prompt: ReadPrompt) -> int:
        """Count the tokens that a prompt begins with; its last one is always read."""
        pairs = zip(self.keys, prompt.keys[:-1], strict=False)
        return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))


class RowMemory:
    """The latest turn of each video; those written longest ago go first."""

    def __init__(self, *, rows: int) -> None:
        self._rows = rows
        self._kept: OrderedDict[str, Kept] = OrderedDict()

    def recall(self, album: str) -> Kept | None:
        """Give what is kept of a video."""
        return self._kept.get(album)

    def keep(self, album: str, kept: Kept) -> None:
        """Keep this instead of what was kept of the video."""
        self._kept[album] = kept
        self._kept.move_to_end(album)
        while len(self._kept) > self._rows:
            self._kept.popitem(last=False)


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What was written after one prompt."""

    written: Written
    cached: int
    """Tokens of the prompt that had been read before."""


def write_together(
    loaded: LoadedModel,
    reader: Reader,
    prompts: Sequence[ReadPrompt],
    albums: Sequence[str],
    memory: RowMemory,
    limit: int,
) -> list[Finished]:
    """Complete prompts together, at most `limit` tokens each, always with the likeliest token.

    Args:
        loaded: The model.
        reader: Its reader.
        prompts: What is completed.
        albums: Which video each is about.
        memory: What was read of these videos; added to.
        limit: Tokens written at most.
    """
    import torch

    kept = [memory.recall(album) for album in albums]
    counts = [
        0 if one is None else one.shared(prompt) for one, prompt in zip(kept, prompts, strict=True)
    ]
    rows: list[list[WrittenToken]] = [[] for _ in prompts]
    ended = [False] * len(prompts)
    with torch.inference_mode():
        cache, known = _recalled(kept, counts, loaded)
        embedded, new = _padded(reader, prompts, counts)
        mask = torch.cat((known, new), dim=-1)
        positions = (mask.cumsum(dim=-1) - 1).clamp_min(0)[:, known.shape[1] :]
        for _ in range(limit):
            logprobs = to_logprobs(_step(loaded, embedded, mask, positions, cache))
            chosen = logprobs.argmax(dim=-1)
            for place, token in enumerate(chosen.tolist()):
                ended[place] = ended[place] or token in loaded.stop_ids
                if not ended[place]:
                    rows[place].append(describe_token(logprobs[place], token))
            if all(ended):
                break
            embedded = loaded.model.get_input_embeddings()(chosen.to(mask.device)).unsqueeze(1)
            mask = torch.cat((mask, mask.new_ones(len(rows), 1)), dim=-1)
            positions = positions[:, -1:] + 1
        for place, album in enumerate(albums):
            written = tuple(token.id for token in rows[place])
            memory.keep(album, _row(cache, mask, place, (*prompts[place].keys, *written)))
    return [
        Finished(
            written=Written(tokens=tuple(tokens), finish_reason="stop" if done else "length"),
            cached=count,
        )
        for tokens, done, count in zip(rows, ended, counts, strict=True)
    ]


def _recalled(
    kept: Sequence[Kept | None], counts: Sequence[int], loaded: LoadedModel
) -> "tuple[DynamicCache, torch.Tensor]":
    """Give a cache that holds the first tokens of each row, and 1 where one stands."""
    import torch
    from transformers import DynamicCache

    cache, longest = DynamicCache(), max(counts)
    known = torch.zeros(len(counts), longest, dtype=torch.long, device=loaded.device)
    for place, count in enumerate(counts):
        known[place, longest - count :] = 1
    some = next((one for one, count in zip(kept, counts, strict=True) if one and count), None)
    if some is None:
        return cache, known
    for layer, (like, _) in enumerate(some.layers):
        heads, _, size = like.shape
        both = like.new_zeros(2, len(counts), heads, longest, size)
        for place, (one, count) in enumerate(zip(kept, counts, strict=True)):
            if one is not None and count:
                for which in (0, 1):
                    both[which, place, :, longest - count :] = one.layers[layer][which][:, :count]
        cache.update(both[0], both[1], layer)
    return cache, known


def _row(cache: "DynamicCache", mask: "torch.Tensor", place: int, keys: Sequence[TokenKey]) -> Kept:
    """Take one row out of a cache; its last token may not have been read any more."""
    taken = mask[place, : cache.get_seq_length()].nonzero().flatten()[: len(keys)]
    layers: Any = cache.layers  # transformers carries no annotation
    return Kept(
        keys=tuple(keys[: len(taken)]),
        layers=tuple(
            (layer.keys[place][:, taken], layer.values[place][:, taken]) for layer in layers
        ),
    )


def _padded(
    reader: Reader, prompts: Sequence[ReadPrompt], counts: Sequence[int]
) -> "tuple[torch.Tensor, torch.Tensor]":
    """Give what is left of prompts as embeddings, and 1 where a token stands."""
    import torch

    rows = [
        reader.embed(prompt, start=count, end=len(prompt.ids))[0]
        for prompt, count in zip(prompts, counts, strict=True)
    ]
    longest = max(len(row) for row in rows)
    embedded = rows[0].new_zeros(len(rows), longest, rows[0].shape[-1])
    mask = torch.zeros(len(rows), longest, dtype=torch.long, device=embedded.device)
    for place, row in enumerate(rows):
        embedded[place, longest - len(row) :] = row
        mask[place, longest - len(row) :] = 1
    return embedded, mask


def _step(
    loaded: LoadedModel,
    embedded: "torch.Tensor",
    mask: "torch.Tensor",
    positions: "torch.Tensor",
    cache: "DynamicCache",
) -> "torch.Tensor":
    """Read one stretch of every row; give the logits behind it, rows x vocabulary."""
    outputs: Any = loaded.model(
        inputs_embeds=embedded,
        attention_mask=mask,
        position_ids=positions,
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=1,
        return_dict=True,
    )
    return outputs.logits[:, -1]  # type: ignore[no-any-return] # transformers carries none
