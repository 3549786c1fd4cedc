"""Reading a prompt: which tokens it is, and what the model makes of those it has not read yet.

Pictures are encoded apart from the text and put in where their placeholders stand, so that a
picture is encoded once whatever conversations it is shown in. Not every architecture allows that;
`check.py` finds out.
"""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PIL import Image as Picture

from vau_agent.agent.backends.transformers.loading import LoadedModel
from vau_agent.agent.backends.transformers.memory import TokenKey
from vau_agent.agent.backends.transformers.pictures import EncodedPicture
from vau_agent.agent.backends.transformers.rendering import ChatMessage

if TYPE_CHECKING:
    import torch
    from transformers import DynamicCache


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadPrompt:
    """A prompt as tokens, its pictures in place."""

    ids: tuple[int, ...]
    keys: tuple[TokenKey, ...]
    """The same, but placeholders tell which part of which picture they stand for."""
    pictures: tuple[EncodedPicture, ...]


class Reader:
    """Reads prompts with one model, a stretch at a time."""

    def __init__(self, loaded: LoadedModel) -> None:
        self._loaded = loaded
        self._core = loaded.model.model
        self._picture_token: str = loaded.processor.image_token
        self._picture_id: int = loaded.tokenizer.convert_tokens_to_ids(self._picture_token)
        self._placeholder_id: int = loaded.model.config.image_token_id
        self._has_spread_positions = hasattr(self._core, "get_rope_index")

    def encode(self, picture: Picture.Image, key: str) -> EncodedPicture:
        """Run one picture through the vision tower."""
        import torch

        inputs = self._loaded.processor(
            text=[self._picture_token],
            images=[picture],
            add_special_tokens=False,
            return_tensors="pt",
        ).to(self._loaded.device)
        wanted = inspect.signature(self._core.get_image_features).parameters
        given = {name: value for name, value in inputs.items() if name in wanted}
        with torch.inference_mode():
            outputs = self._core.get_image_features(**given, return_dict=True)
        features = outputs.pooler_output
        if not isinstance(features, torch.Tensor):
            features = torch.cat(list(features))
        ids = tuple(inputs["input_ids"][0].tolist())
        features = features.reshape(-1, features.shape[-1])
        if features.shape[0] != ids.count(self._placeholder_id):
            raise ValueError(
                f"{features.shape[0]} features for {ids.count(self._placeholder_id)} placeholders"
            )
        return EncodedPicture(key=key, ids=ids, features=features, grid=given.get("image_grid_thw"))

    def lay_out(
        self, messages: Sequence[ChatMessage], pictures: Sequence[EncodedPicture]
    ) -> ReadPrompt:
        """Write the messages as tokens, every picture as its own."""
        text = render_prompt(self._loaded, messages)
        ids: list[int] = []
        keys: list[TokenKey] = []
        left = iter(pictures)
        for one in tokenize(self._loaded, text):
            if one != self._picture_id:
                ids.append(one)
                keys.append(one)
                continue
            picture = next(left, None)
            if picture is None:
                raise ValueError("the chat template shows more pictures than the conversation")
            ids.extend(picture.ids)
            keys.extend(f"{picture.key}:{place}" for place in range(len(picture.ids)))
        if next(left, None) is not None:
            raise ValueError("the chat template shows fewer pictures than the conversation")
        return ReadPrompt(ids=tuple(ids), keys=tuple(keys), pictures=tuple(pictures))

    def positions(self, prompt: ReadPrompt) -> "torch.Tensor | None":
        """Give the places of a prompt's tokens; `None` where they are simply counted."""
        import torch

        if not self._has_spread_positions:
            return None
        ids = torch.tensor([prompt.ids], device=self._loaded.device)
        grids = [picture.grid for picture in prompt.pictures if picture.grid is not None]
        if not grids:
            return torch.arange(len(prompt.ids), device=ids.device).expand(3, 1, -1)
        given = {
            "input_ids": ids,
            "image_grid_thw": torch.cat(grids),
            "mm_token_type_ids": (ids == self._placeholder_id).int(),
        }
        wanted = inspect.signature(self._core.get_rope_index).parameters
        places, _ = self._core.get_rope_index(
            **{name: value for name, value in given.items() if name in wanted}
        )
        return places  # type: ignore[no-any-return] # transformers carries no annotation

    def read(
        self,
        prompt: ReadPrompt,
        positions: "torch.Tensor | None",
        cache: "DynamicCache",
        *,
        start: int,
        end: int,
    ) -> "torch.Tensor":
        """Read the tokens from `start` to `end` on top of a cache; give the last one's logits."""
        import torch

        with torch.inference_mode():
            embedded = self.embed(prompt, start=start, end=end)
            stretch_positions = None if positions is None else positions[..., start:end]
            return self._step(embedded, stretch_positions, cache)

    def embed(self, prompt: ReadPrompt, *, start: int, end: int) -> "torch.Tensor":
        """Give the tokens from `start` to `end` as the language model takes them."""
        import torch

        stretch = torch.tensor([prompt.ids[start:end]], device=self._loaded.device)
        embedded: torch.Tensor = self._loaded.model.get_input_embeddings()(stretch)
        places = stretch == self._placeholder_id
        if not bool(places.any()):
            return embedded
        rows = self._features(prompt, start, end).to(embedded.dtype)
        return embedded.masked_scatter(places.unsqueeze(-1), rows)

    def read_token(
        self, token: int, cache: "DynamicCache", positions: "torch.Tensor | None"
    ) -> "torch.Tensor":
        """Read one token that follows what the cache holds, of a prompt with these positions."""
        import torch

        with torch.inference_mode():
            one = torch.tensor([[token]], device=self._loaded.device)
            place = None
            if positions is not None:
                written = cache.get_seq_length() - positions.shape[-1]
                place = (positions.max() + 1 + written).expand(positions.shape[0], 1, 1)
            return self._step(self._loaded.model.get_input_embeddings()(one), place, cache)

    def _step(
        self, embedded: "torch.Tensor", positions: "torch.Tensor | None", cache: "DynamicCache"
    ) -> "torch.Tensor":
        outputs: Any = self._loaded.model(
            inputs_embeds=embedded,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
            return_dict=True,
        )
        return outputs.logits[0, -1]  # type: ignore[no-any-return] # transformers carries none

    def _features(self, prompt: ReadPrompt, start: int, end: int) -> "torch.Tensor":
        """Give the rows of the placeholders between two tokens."""
        import torch

        first = prompt.ids[:start].count(self._placeholder_id)
        last = first + prompt.ids[start:end].count(self._placeholder_id)
        rows, passed = [], 0
        for picture in prompt.pictures:
            count = picture.features.shape[0]
            rows.append(picture.features[max(0, first - passed) : max(0, last - passed)])
            passed += count
        return torch.cat(rows)


def render_prompt(loaded: LoadedModel, messages: Sequence[ChatMessage]) -> str:
    """Write the messages through the model's chat template, up to where its answer begins."""
    return str(
        loaded.processor.apply_chat_template(
            list(messages), add_generation_prompt=True, tokenize=False
        )
    )


def adds_special_tokens(loaded: LoadedModel, text: str) -> bool:
    """Tell whether the tokenizer has to begin the text: a template may have done it already."""
    begin = loaded.tokenizer.bos_token
    return begin is None or not text.startswith(begin)


def tokenize(loaded: LoadedModel, text: str) -> list[int]:
    """Give the tokens of a rendered prompt; a picture is one."""
    special = adds_special_tokens(loaded, text)
    return list(loaded.tokenizer(text, add_special_tokens=special)["input_ids"])
