"""Reading a prompt: which tokens it is, and what the model makes of those it has not read yet.

Pictures are encoded apart from the text and put in where their placeholders stand, so that a
picture is encoded once whatever conversations it is shown in. Not every architecture allows that;
`check.py` finds out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image as Picture

from vau_agent.agent.backends.transformers.loading import LoadedProcessor
from vau_agent.agent.backends.transformers.memory import Cache, TokenKey
from vau_agent.agent.backends.transformers.pictures import EncodedPicture
from vau_agent.agent.backends.transformers.rendering import ChatMessage
from vau_agent.agent.backends.transformers.running import Runner

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadPrompt:
    """A prompt as tokens, its pictures in place."""

    ids: tuple[int, ...]
    keys: tuple[TokenKey, ...]
    """The same, but placeholders tell which part of which picture they stand for."""
    pictures: tuple[EncodedPicture, ...]


class Reader:
    """Reads prompts with one model, a stretch at a time."""

    def __init__(self, loaded: LoadedProcessor, runner: Runner) -> None:
        self.runner = runner
        self._loaded = loaded
        self._picture_token: str = loaded.processor.image_token
        self._picture_id: int = loaded.tokenizer.convert_tokens_to_ids(self._picture_token)
        if loaded.placeholder_id is None:
            raise ValueError("its config names no token that stands for a picture")
        self._placeholder_id = loaded.placeholder_id

    def encode(self, picture: Picture.Image, key: str) -> EncodedPicture:
        """Run one picture through the vision tower."""
        import torch

        inputs = self._loaded.processor(
            text=[self._picture_token],
            images=[picture],
            add_special_tokens=False,
            return_tensors="pt",
        ).to(self._loaded.device)
        with torch.inference_mode():
            features = self.runner.see(inputs)
        ids = tuple(inputs["input_ids"][0].tolist())
        if features.shape[0] != ids.count(self._placeholder_id):
            raise ValueError(
                f"{features.shape[0]} features for {ids.count(self._placeholder_id)} placeholders"
            )
        return EncodedPicture(
            key=key, ids=ids, features=features, grid=inputs.get("image_grid_thw")
        )

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

        ids = torch.tensor([prompt.ids], device=self._loaded.device)
        grids = [picture.grid for picture in prompt.pictures if picture.grid is not None]
        return self.runner.positions(ids, self._placeholder_id, grids)

    def read(
        self,
        prompt: ReadPrompt,
        positions: "torch.Tensor | None",
        cache: Cache,
        *,
        start: int,
        end: int,
    ) -> "torch.Tensor":
        """Read the tokens from `start` to `end` on top of a cache; give the last one's logits."""
        import torch

        with torch.inference_mode():
            embedded = self.embed(prompt, start=start, end=end)
            stretch_positions = None if positions is None else positions[..., start:end]
            return self.runner.step(embedded, stretch_positions, cache)

    def embed(self, prompt: ReadPrompt, *, start: int, end: int) -> "torch.Tensor":
        """Give the tokens from `start` to `end` as the language model takes them."""
        import torch

        stretch = torch.tensor([prompt.ids[start:end]], device=self._loaded.device)
        embedded = self.runner.look_up(stretch)
        places = stretch == self._placeholder_id
        if not bool(places.any()):
            return embedded
        rows = self._features(prompt, start, end).to(embedded.dtype)
        return embedded.masked_scatter(places.unsqueeze(-1), rows)

    def read_token(
        self, token: int, cache: Cache, positions: "torch.Tensor | None"
    ) -> "torch.Tensor":
        """Read one token that follows what the cache holds, of a prompt with these positions."""
        import torch

        with torch.inference_mode():
            one = torch.tensor([[token]], device=self._loaded.device)
            place = None
            if positions is not None:
                written = cache.get_seq_length() - positions.shape[-1]
                place = (positions.max() + 1 + written).expand(positions.shape[0], 1, 1)
            return self.runner.step(self.runner.look_up(one), place, cache)

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


def render_prompt(loaded: LoadedProcessor, messages: Sequence[ChatMessage]) -> str:
    """Write the messages through the model's chat template, up to where its answer begins."""
    return str(
        loaded.processor.apply_chat_template(
            list(messages), add_generation_prompt=True, tokenize=False
        )
    )


def adds_special_tokens(loaded: LoadedProcessor, text: str) -> bool:
    """Tell whether the tokenizer has to begin the text: a template may have done it already."""
    begin = loaded.tokenizer.bos_token
    return begin is None or not text.startswith(begin)


def tokenize(loaded: LoadedProcessor, text: str) -> list[int]:
    """Give the tokens of a rendered prompt; a picture is one."""
    special = adds_special_tokens(loaded, text)
    return list(loaded.tokenizer(text, add_special_tokens=special)["input_ids"])
