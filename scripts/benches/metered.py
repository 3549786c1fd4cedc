"""What prompts come to: real conversations, a real tokenizer, an engine that only counts.

The engine caches prompts by blocks of tokens as vLLM does: a block counts as cached when it and all
blocks before it were seen. Pictures count 72 tokens (336 x 336 in Qwen2.5-VL's video mode).
"""

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from vau_agent.agent.backends.base import Backend, Completion, GenerationSettings, Usage
from vau_agent.agent.conversation import Conversation, FramePart
from vau_agent.agent.prompting import PROMPT_NAMES, load_prompt
from vau_agent.results import ModelCard

BLOCK: Final = 16
FRAME_TOKENS: Final = 72
_VOCABULARY: Final = 8_000


def byte_pairs() -> Tokenizer:
    """Learn byte pairs from this program's own prompts: no vocabulary is fetched."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=_VOCABULARY,
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    texts = [load_prompt(name).text for name in PROMPT_NAMES]
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


@dataclass(kw_only=True)
class Engine:
    """Counts prompts, and what of them was read before."""

    tokenizer: Tokenizer = field(default_factory=byte_pairs)
    prompts: list[Usage] = field(default_factory=list)
    stages: list[str] = field(default_factory=list)
    """What each prompt asked for."""
    _seen: set[bytes] = field(default_factory=set)

    def read(self, parts: Iterable[str | int], written: str = "", stage: str = "") -> Usage:
        """Read a prompt; numbers in it are pictures, by identity."""
        prompt = list(self._tokens(parts))
        chain = list(_chain(prompt))
        cached = sum(1 for _ in itertools.takewhile(self._seen.__contains__, chain)) * BLOCK
        answer = self.tokenizer.encode(written).ids
        self._seen.update(_chain([*prompt, *answer]))
        usage = Usage(
            prompt_tokens=len(prompt),
            completion_tokens=len(answer),
            cached_tokens=min(cached, len(prompt) - 1),
        )
        self.prompts.append(usage)
        self.stages.append(stage)
        return usage

    def cached_share(self, stage: str) -> float:
        """Give the share of prompt tokens of one stage's calls that were read before."""
        asked = [one for one, kind in zip(self.prompts, self.stages, strict=True) if kind == stage]
        total = sum(one.prompt_tokens for one in asked)
        return sum(one.cached_tokens for one in asked) / total if total else 0.0

    @property
    def submitted(self) -> int:
        """Prompt tokens of all calls."""
        return sum(one.prompt_tokens for one in self.prompts)

    @property
    def uncached(self) -> int:
        """Of them, those read anew."""
        return sum(one.prompt_tokens - one.cached_tokens for one in self.prompts)

    def _tokens(self, parts: Iterable[str | int]) -> Iterator[int]:
        for part in parts:
            if isinstance(part, str):
                yield from self.tokenizer.encode(part).ids
            else:
                yield from (_VOCABULARY + part * FRAME_TOKENS + n for n in range(FRAME_TOKENS))


@dataclass(frozen=True, kw_only=True)
class MeteredBackend:
    """Lets a backend answer, and the engine count."""

    backend: Backend
    engine: Engine

    @property
    def name(self) -> str:
        """The policy string of the backend."""
        return self.backend.name

    @property
    def card(self) -> ModelCard:
        """The model of the backend."""
        return self.backend.card

    def generate(self, conversation: Conversation, settings: GenerationSettings) -> Completion:
        """Complete and count."""
        completion = self.backend.generate(conversation, settings)
        usage = self.engine.read(_parts(conversation), completion.text, stage=conversation.stage)
        return completion.model_copy(update={"usage": usage})


def _parts(conversation: Conversation) -> Iterator[str | int]:
    for message in conversation.messages:
        for part in message.parts:
            if isinstance(part, FramePart):
                yield int(part.frame.sha256[:12], 16)
            else:
                yield part.text


def _chain(tokens: Sequence[int]) -> Iterator[bytes]:
    before = b""
    for start in range(0, len(tokens) - BLOCK + 1, BLOCK):
        block = repr(tokens[start : start + BLOCK]).encode()
        before = hashlib.sha256(before + block).digest()
        yield before
