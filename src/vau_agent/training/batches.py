"""Rows as a model reads them: tokens, pictures, and how much each token is to be learned.

The text is the one that `TransformersBackend` renders and tokenizes; a picture stands for as many
tokens as the model's processor gives it.
"""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

from vau_agent.agent.backends.transformers.loading import LoadedModel
from vau_agent.agent.backends.transformers.reading import render_prompt, tokenize
from vau_agent.agent.backends.transformers.rendering import ChatMessage, render_chat
from vau_agent.agent.conversation import Conversation
from vau_agent.errors import ModelError
from vau_agent.training.chains import Row
from vau_agent.training.clips import ClipStore
from vau_agent.training.openings import read_picture_key

if TYPE_CHECKING:
    import torch

UNLEARNED: Final = -100
"""Label of a token that carries no loss, as in torch."""
_DECISIONS: Final = re.compile(
    r"<answer>(.*?)</answer>|<glue>(\[\d.*?)</glue>|\"accept\": (true|false)", re.DOTALL
)
"""What of a completion decides; the rest is wording. One group takes part in a match."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EncodedRow:
    """A row as numbers."""

    ids: NDArray[np.int64]
    weights: NDArray[np.float32]
    """Of each token in the loss; 0 for what is only read."""
    pictures: tuple[tuple[int, int], ...]
    """Clip and picture, in the order of their tokens."""

    @property
    def length(self) -> int:
        """Tokens."""
        return len(self.ids)


class RowEncoder:
    """Turns rows into numbers, for one model."""

    def __init__(self, loaded: LoadedModel, *, decision_weight: float) -> None:
        self._loaded = loaded
        self._decision_weight = decision_weight
        self._picture_id: int = loaded.tokenizer.convert_tokens_to_ids(loaded.processor.image_token)
        self._stop: str = loaded.tokenizer.eos_token
        self._picture_ids = self._tokens_of_a_picture()

    @property
    def tokens_per_picture(self) -> int:
        """Tokens that stand for one picture."""
        return len(self._picture_ids)

    def encode(self, row: Row) -> EncodedRow:
        """Give a row's tokens and what of them is learned.

        Raises:
            ModelError: The model's chat template writes earlier turns otherwise than it asked them.
        """
        chat = render_chat(row.conversation, self._loaded.control_tokens)
        ids: list[int] = []
        weights: list[float] = []
        for text, is_learned in self._stretches(chat.messages, row.learned):
            for token, weight in self._weighted(text, is_learned=is_learned):
                whole = self._spread(token)
                ids.extend(whole)
                weights.extend([weight] * len(whole))
        return EncodedRow(
            ids=np.array(ids, dtype=np.int64),
            weights=np.array(weights, dtype=np.float32),
            pictures=tuple(read_picture_key(frame.sha256) for frame in chat.frames),
        )

    def encode_prompt(self, conversation: Conversation) -> EncodedRow:
        """Give the tokens of a conversation up to where its next completion begins."""
        chat = render_chat(conversation, self._loaded.control_tokens)
        text = render_prompt(self._loaded, chat.messages)
        ids = [
            one
            for token, _ in self._weighted(text, is_learned=False)
            for one in self._spread(token)
        ]
        return EncodedRow(
            ids=np.array(ids, dtype=np.int64),
            weights=np.zeros(len(ids), dtype=np.float32),
            pictures=tuple(read_picture_key(frame.sha256) for frame in chat.frames),
        )

    def _spread(self, token: int) -> tuple[int, ...]:
        """Give the tokens that stand for one of the rendered text: several for a picture."""
        return self._picture_ids if token == self._picture_id else (token,)

    def _stretches(
        self, messages: Sequence[ChatMessage], learned: Sequence[int]
    ) -> Iterator[tuple[str, bool]]:
        """Give the rendered text in pieces, prompts and the completions that are learned."""
        written = ""
        for place in learned:
            prompt = render_prompt(self._loaded, messages[:place])
            if not prompt.startswith(written):
                raise ModelError(
                    f"the chat template of {self._loaded.name!r} writes an earlier turn otherwise "
                    "once it is answered; take a model whose template only appends"
                )
            completion = "".join(part.get("text", "") for part in messages[place]["content"])
            yield prompt[len(written) :], False
            yield completion + self._stop, True
            written = prompt + completion + self._stop

    def _weighted(self, text: str, *, is_learned: bool) -> list[tuple[int, float]]:
        if not is_learned:
            return [(token, 0.0) for token in tokenize(self._loaded, text)]
        read: Any = self._loaded.tokenizer(
            text, add_special_tokens=False, return_offsets_mapping=True
        )
        spans = [match.span(match.lastindex or 0) for match in _DECISIONS.finditer(text)]
        return [
            (token, self._decision_weight if _overlaps(offsets, spans) else 1.0)
            for token, offsets in zip(read["input_ids"], read["offset_mapping"], strict=True)
        ]

    def _tokens_of_a_picture(self) -> tuple[int, ...]:
        side = 32
        inputs: Any = self._loaded.processor(
            text=[self._loaded.processor.image_token],
            images=[Picture.new("RGB", (side, side))],
            add_special_tokens=False,
        )
        return tuple(int(one) for one in np.asarray(inputs["input_ids"])[0])


class Collator:
    """Joins encoded rows into the tensors of one step."""

    def __init__(self, loaded: LoadedModel, store: ClipStore, rows: Sequence[EncodedRow]) -> None:
        self._loaded = loaded
        self._store = store
        self._rows = rows
        self._pad: int = loaded.tokenizer.pad_token_id or 0

    def __call__(self, examples: Sequence[Mapping[str, Any]]) -> "dict[str, torch.Tensor]":
        """Give tokens, labels, weights and pictures of rows, named by their place in `row`."""
        import torch

        rows = [self._rows[int(example["row"])] for example in examples]
        longest = max(row.length for row in rows)
        ids = np.full((len(rows), longest), self._pad, dtype=np.int64)
        mask = np.zeros_like(ids)
        weights = np.zeros(ids.shape, dtype=np.float32)
        for line, row in enumerate(rows):
            ids[line, : row.length] = row.ids
            mask[line, : row.length] = 1
            weights[line, : row.length] = row.weights
        return {
            "input_ids": torch.from_numpy(ids),
            "attention_mask": torch.from_numpy(mask),
            "labels": torch.from_numpy(np.where(weights > 0, ids, UNLEARNED)),
            "weights": torch.from_numpy(weights),
            "pixel_values": self.pixels(rows),
        }

    def pixels(self, rows: Sequence[EncodedRow]) -> "torch.Tensor":
        """Give the pictures of rows, in the order of their tokens."""
        wanted = itertools.chain.from_iterable(row.pictures for row in rows)
        pictures = [
            Picture.fromarray(self._store[clip].pictures[number]) for clip, number in wanted
        ]
        read: Any = self._loaded.processor.image_processor
        pixels: torch.Tensor = read(images=pictures, return_tensors="pt")["pixel_values"]
        return pixels


def _overlaps(offsets: tuple[int, int], spans: Sequence[tuple[int, int]]) -> bool:
    return any(offsets[0] < end and start < offsets[1] for start, end in spans)
