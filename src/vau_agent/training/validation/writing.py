"""Completing many conversations at once with a model folder, greedily.

What a model is given is laid out by the agent's own reader of prompts; prompts of unlike length are
padded on the left and masked. A model whose positions follow its pictures, or that reads every
prompt anew, is asked one conversation at a time.
"""

from collections import OrderedDict
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

from PIL import Image as Picture

from vau_agent.agent.backends.transformers.check import find_reader
from vau_agent.agent.backends.transformers.loading import LoadedModel, load_model
from vau_agent.agent.backends.transformers.pictures import EncodedPicture
from vau_agent.agent.backends.transformers.reading import Reader, ReadPrompt
from vau_agent.agent.backends.transformers.rendering import Chat, render_chat
from vau_agent.agent.backends.transformers.whole import prepare_whole, write_whole
from vau_agent.agent.backends.transformers.writing import (
    Written,
    to_completion,
    token_choices,
)
from vau_agent.agent.catalogue import resolve_model
from vau_agent.agent.profile import ModelProfile, load_profile
from vau_agent.errors import ContextOverflowError
from vau_agent.schemas import FrameRef
from vau_agent.training.validation.accepting import accept_probability
from vau_agent.training.validation.asking import Reply, Request
from vau_agent.training.validation.together import RowMemory, write_together

Precision = Literal["float32", "bfloat16"]
_KEPT_PICTURES: Final = 4096
"""Encoded pictures that are kept: 60 kB each at 16 tokens of a small model."""
_PICTURES_AT_ONCE: Final = 64


class BatchWriter:
    """Completes conversations with one model; opening is cheap, loading waits for the first."""

    def __init__(self, folder: Path, *, batch: int = 32, precision: Precision = "float32") -> None:
        self._folder = folder
        self._batch = batch
        self._precision = precision
        self._kept: OrderedDict[str, EncodedPicture] = OrderedDict()
        self._memory = RowMemory(rows=batch)

    @cached_property
    def profile(self) -> ModelProfile:
        """How the model wants to be asked.

        Raises:
            ModelError: Its profile is damaged.
        """
        return load_profile(self._folder)

    def write(self, requests: Sequence[Request]) -> list[Reply]:
        """Complete each conversation, in order.

        Raises:
            GenerationError: The model cannot be loaded.
            ContextOverflowError: A conversation does not fit the model's context.
        """
        if not requests:
            return []
        chats = [render_chat(one.conversation, self._loaded.control_tokens) for one in requests]
        if self._reader is None or self._positions_spread:
            return [self._write_one(*pair) for pair in zip(chats, requests, strict=True)]
        prompts = self._lay_out(self._reader, chats, requests)
        order = sorted(range(len(prompts)), key=lambda place: len(prompts[place].ids))
        replies: dict[int, Reply] = {}
        for first in range(0, len(order), self._batch):
            places = order[first : first + self._batch]
            finished = write_together(
                self._loaded,
                self._reader,
                [prompts[place] for place in places],
                [requests[place].album for place in places],
                self._memory,
                max(requests[place].settings.max_new_tokens for place in places),
            )
            for place, one in zip(places, finished, strict=True):
                replies[place] = self._reply(one.written, len(prompts[place].ids), one.cached)
        return [replies[place] for place in range(len(prompts))]

    @cached_property
    def _loaded(self) -> LoadedModel:
        return load_model(
            self._folder,
            str(self._folder),
            lambda name: resolve_model(name, self._folder.parent),
        )

    @cached_property
    def _reader(self) -> Reader | None:
        loaded = self._loaded
        reader = find_reader(loaded)
        if self._precision == "bfloat16":  # after the reader was checked, which is exact
            import torch

            for part in (loaded.model.get_decoder(), loaded.model.get_output_embeddings()):
                part.to(torch.bfloat16)
        return reader

    @property
    def _positions_spread(self) -> bool:
        return hasattr(self._loaded.model.model, "get_rope_index")

    def _lay_out(
        self, reader: Reader, chats: Sequence[Chat], requests: Sequence[Request]
    ) -> list[ReadPrompt]:
        wanted: dict[str, Picture.Image] = {}
        for chat, request in zip(chats, requests, strict=True):
            for frame in chat.frames:
                key = _key(request, frame)
                if key not in self._kept and key not in wanted:
                    wanted[key] = Picture.fromarray(request.pictures[frame.sha256])
        self._encode(reader, wanted)
        prompts = [
            reader.lay_out(
                chat.messages, [self._kept[_key(request, frame)] for frame in chat.frames]
            )
            for chat, request in zip(chats, requests, strict=True)
        ]
        while len(self._kept) > _KEPT_PICTURES:
            self._kept.popitem(last=False)
        for prompt, request in zip(prompts, requests, strict=True):
            self._check_length(len(prompt.ids), request)
        return prompts

    def _encode(self, reader: Reader, pictures: dict[str, Picture.Image]) -> None:
        names = list(pictures)
        for first in range(0, len(names), _PICTURES_AT_ONCE):
            some = names[first : first + _PICTURES_AT_ONCE]
            encoded = encode_pictures(self._loaded, reader, {name: pictures[name] for name in some})
            self._kept.update({one.key: one for one in encoded})

    def _write_one(self, chat: Chat, request: Request) -> Reply:
        pictures = [Picture.fromarray(request.pictures[frame.sha256]) for frame in chat.frames]
        inputs = prepare_whole(self._loaded, chat.messages, pictures)
        length = int(inputs["input_ids"].shape[1])
        self._check_length(length, request)
        return self._reply(write_whole(self._loaded, inputs, request.settings), length)

    def _reply(self, written: Written, length: int, cached: int = 0) -> Reply:
        tokenizer = self._loaded.tokenizer
        return Reply(
            completion=to_completion(written, tokenizer, prompt=length, cached=cached),
            accept=accept_probability(token_choices(written, tokenizer)),
        )

    def _check_length(self, prompt: int, request: Request) -> None:
        limit = self._loaded.max_tokens
        if limit is not None and prompt + request.settings.max_new_tokens > limit:
            raise ContextOverflowError(
                f"{prompt} tokens of conversation and {request.settings.max_new_tokens} to write "
                f"do not fit the {limit} of {str(self._folder)!r}; lower frames_per_window in its "
                "profile"
            )


def _key(request: Request, frame: FrameRef) -> str:
    return f"{request.album} {frame.sha256}"


def encode_pictures(
    loaded: LoadedModel, reader: Reader, pictures: dict[str, Picture.Image]
) -> list[EncodedPicture]:
    """Run pictures through the vision tower together, where each becomes as many tokens."""
    import torch

    names = list(pictures)
    token = loaded.processor.image_token
    inputs: Any = loaded.processor(
        text=[token] * len(names),
        images=[[pictures[name]] for name in names],
        add_special_tokens=False,
        padding=True,
        return_tensors="pt",
    ).to(loaded.device)
    if inputs["pixel_values"].shape[0] != len(names):
        return [reader.encode(picture, name) for name, picture in pictures.items()]
    with torch.inference_mode():
        features = loaded.model.model.get_image_features(
            pixel_values=inputs["pixel_values"].to(loaded.model.dtype), return_dict=True
        ).pooler_output
    return [
        EncodedPicture(key=name, ids=tuple(row.tolist()), features=one.reshape(-1, one.shape[-1]))
        for name, row, one in zip(names, inputs["input_ids"], features, strict=True)
    ]
