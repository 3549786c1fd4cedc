"""A model of Hugging Face's library as a policy's backend, in this process."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar, cast

from jinja2 import TemplateError
from PIL import Image as Picture

from vau_agent.agent.backends.base import (
    BackendContext,
    Completion,
    GenerationSettings,
    Pictures,
)
from vau_agent.agent.backends.pictures import shown_pictures
from vau_agent.agent.backends.transformers.engine.opening import open_model
from vau_agent.agent.backends.transformers.exhaustion import is_out_of_memory
from vau_agent.agent.backends.transformers.folder import ADAPTER_CONFIG, digest_folder
from vau_agent.agent.backends.transformers.loading import LoadedModel, LoadedProcessor
from vau_agent.agent.backends.transformers.memory import ReadMemory, ReadTokens
from vau_agent.agent.backends.transformers.pictures import PictureStore, load_picture
from vau_agent.agent.backends.transformers.reading import Reader, ReadPrompt
from vau_agent.agent.backends.transformers.rendering import Chat, render_chat
from vau_agent.agent.backends.transformers.whole import prepare_whole, write_whole
from vau_agent.agent.backends.transformers.writing import Written, to_completion, write
from vau_agent.agent.catalogue import resolve_model
from vau_agent.agent.conversation import Conversation
from vau_agent.agent.profile import ModelProfile, load_profile
from vau_agent.errors import ContextOverflowError, GenerationError
from vau_agent.results import ModelCard
from vau_agent.schemas import FrameRef

MIB: Final = 1024 * 1024

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Engine:
    """What is made once a completion is asked for."""

    loaded: LoadedProcessor
    reader: Reader | None
    """`None` for a model that has to read every prompt anew."""
    pictures: PictureStore | None


class TransformersBackend:
    """Runs a model folder; what was read and seen in earlier calls is not read and seen again.

    Greedy at temperature 0. `response_schema` is left alone: nothing here constrains what is
    written.
    """

    def __init__(self, model: str, folder: Path, context: BackendContext, *, policy: str) -> None:
        self._model = model
        self._policy = policy
        self._folder = folder
        self._context = context
        self._memory = ReadMemory(max_conversations=context.local.kept_conversations)

    @property
    def name(self) -> str:
        """The policy string it was opened with."""
        return self._policy

    @functools.cached_property
    def card(self) -> ModelCard:
        """The model in this process; its revision is the hub's, or a digest of the folder."""
        from_hub = self._folder.parent.name == "snapshots"
        return ModelCard(
            id=self._model,
            revision=self._folder.name if from_hub else digest_folder(self._folder),
            adapter=self._model if (self._folder / ADAPTER_CONFIG).is_file() else None,
        )

    @functools.cached_property
    def profile(self) -> ModelProfile:
        """The one in the model's folder; the usual one where it has none.

        Raises:
            ModelError: It is damaged.
        """
        return load_profile(self._folder)

    @property
    def keeps_what_it_read(self) -> bool:
        """Whether this model can go on from an earlier call; loads it."""
        return self._engine.reader is not None

    @property
    def encoded_pictures(self) -> int:
        """Pictures that went through the vision tower to be kept so far; loads the model."""
        return self._engine.pictures.encoded if self._engine.pictures else 0

    def generate(self, conversation: Conversation, settings: GenerationSettings) -> Completion:
        """Complete the conversation.

        Raises:
            GenerationError: The model cannot be loaded, cannot read the conversation, or memory
                ran out.
            ContextOverflowError: Prompt and completion do not fit the model's context.
        """
        return self._guarded(lambda: self._complete(conversation, settings))

    @functools.cached_property
    def _engine(self) -> _Engine:
        settings = self._context.local
        opened = open_model(
            self._folder,
            self._model,
            lambda name: resolve_model(name, self._context.models),
            settings,
        )
        pictures = None
        if opened.reader is not None:
            max_bytes = settings.kept_pictures_mb * MIB
            pictures = PictureStore(opened.reader.encode, max_bytes=max_bytes)
        return _Engine(loaded=opened.loaded, reader=opened.reader, pictures=pictures)

    def _complete(self, conversation: Conversation, settings: GenerationSettings) -> Completion:
        engine = self._engine
        chat = render_chat(conversation, engine.loaded.control_tokens)
        if engine.reader is None or engine.pictures is None:
            return self._complete_whole(chat, settings)
        pictures = [engine.pictures.get(frame, self._load_picture) for frame in chat.frames]
        prompt = engine.reader.lay_out(chat.messages, pictures)
        length = len(prompt.ids)
        self._check_length(length, settings)
        cached, written = self._read_and_write(engine.reader, prompt, settings)
        return to_completion(written, engine.loaded.tokenizer, prompt=length, cached=cached)

    def _read_and_write(
        self, reader: Reader, prompt: ReadPrompt, settings: GenerationSettings
    ) -> tuple[int, Written]:
        """Read what was not read yet, then write; give how much had been read, and the writing."""
        length = len(prompt.ids)
        cached, cache = self._memory.recall(prompt.keys, reader.runner)
        positions = reader.positions(prompt)
        logits = reader.read(prompt, positions, cache, start=cached, end=length)
        written = write(
            logits,
            lambda token: reader.read_token(token, cache, positions),
            settings,
            self._engine.loaded.stop_ids,
        )
        read_again = [token.id for token in written.tokens][: cache.get_seq_length() - length]
        self._memory.keep(
            ReadTokens(keys=(*prompt.keys, *read_again), prompt_length=length, cache=cache)
        )
        return cached, written

    def _complete_whole(self, chat: Chat, settings: GenerationSettings) -> Completion:
        loaded = cast("LoadedModel", self._engine.loaded)  # nothing else is without a reader
        pictures = [self._load_picture(frame) for frame in chat.frames]
        inputs = prepare_whole(loaded, chat.messages, pictures)
        length = int(inputs["input_ids"].shape[1])
        self._check_length(length, settings)
        written = write_whole(loaded, inputs, settings)
        return to_completion(written, loaded.tokenizer, prompt=length, cached=0)

    @functools.cached_property
    def _pictures(self) -> Pictures:
        return shown_pictures(self._context.pictures, self.profile.pictures)

    def _load_picture(self, frame: FrameRef) -> Picture.Image:
        max_pixels = self._context.local.picture_pixels
        return load_picture(frame, self._pictures, max_pixels=max_pixels)

    def _check_length(self, prompt: int, settings: GenerationSettings) -> None:
        limit = self._engine.loaded.max_tokens
        if limit is not None and prompt + settings.max_new_tokens > limit:
            raise ContextOverflowError(
                f"{prompt} tokens of conversation and {settings.max_new_tokens} to write do not "
                f"fit the {limit} of {self._model!r}; lower local.picture_pixels, "
                "analysis.frames_per_window or analysis.max_new_tokens"
            )

    def _guarded(self, complete: Callable[[], T]) -> T:
        """Run a call; what a library stumbles over becomes one line, what was kept is given back.

        Raises:
            GenerationError: Memory ran out, or the model cannot read this conversation.
        """
        try:
            return complete()
        except (MemoryError, RuntimeError, ValueError, TemplateError) as error:
            self._memory.clear()
            if is_out_of_memory(error):
                raise GenerationError(
                    f"memory ran out while {self._model!r} was at work; lower "
                    "local.picture_pixels or analysis.frames_per_window, set "
                    "local.kept_conversations to 1, or take a smaller model"
                ) from error
            said = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise GenerationError(
                f"{self._model!r} cannot read this conversation: {said}; "
                "'vau-agent models test' tells whether it can be a policy"
            ) from error
