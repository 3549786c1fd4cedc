"""Choosing token after token, with what else might have stood there."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from vau_agent.agent.backends.base import (
    Completion,
    FinishReason,
    GenerationSettings,
    TokenChoice,
    Usage,
)
from vau_agent.agent.backends.verdict_token import find_verdict_token
from vau_agent.errors import GenerationError

if TYPE_CHECKING:
    import torch

MAX_ALTERNATIVES: Final = 10
"""Likeliest tokens that are told for the verdict's place."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenToken:
    """One token, and the likeliest in its place."""

    id: int
    logprob: float
    likeliest: tuple[tuple[int, float], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """What was written: without the token that ended it."""

    tokens: tuple[WrittenToken, ...]
    finish_reason: FinishReason


class TokenChooser:
    """Chooses the next token from logits, as the settings say."""

    def __init__(self, settings: GenerationSettings) -> None:
        import torch

        self._temperature = settings.temperature
        self._generator = torch.Generator().manual_seed(settings.seed)  # the same on any device

    def choose(self, logits: "torch.Tensor") -> WrittenToken:
        """Choose from the logits of one place; probabilities are told as of temperature 1.

        Raises:
            GenerationError: The logits are no numbers.
        """
        import torch

        logprobs = to_logprobs(logits)
        if self._temperature == 0:
            chosen = int(logprobs.argmax())
        else:
            shares = torch.softmax(logprobs / self._temperature, dim=-1)
            chosen = int(torch.multinomial(shares, 1, generator=self._generator))
        return describe_token(logprobs, chosen)


def to_logprobs(logits: "torch.Tensor") -> "torch.Tensor":
    """Give the log-probabilities of every token in one place.

    Raises:
        GenerationError: The logits are no numbers.
    """
    import torch

    logprobs = torch.log_softmax(logits.float().cpu(), dim=-1)
    if bool(logprobs.isnan().any()):
        raise GenerationError(
            "the policy's weights give no numbers (NaN): its files are damaged; pull it again"
        )
    return logprobs


def describe_token(logprobs: "torch.Tensor", chosen: int) -> WrittenToken:
    """Give a chosen token with its probability and the likeliest in its place."""
    values, ids = logprobs.topk(min(MAX_ALTERNATIVES, logprobs.shape[-1]))
    return WrittenToken(
        id=chosen,
        logprob=min(0.0, float(logprobs[chosen])),
        likeliest=tuple(zip(ids.tolist(), values.tolist(), strict=True)),
    )


def write(
    logits: "torch.Tensor",
    read: "Callable[[int], torch.Tensor]",
    settings: GenerationSettings,
    stop_ids: frozenset[int],
) -> Written:
    """Write until the model ends its turn or the tokens run out.

    Args:
        logits: Of the place after the prompt.
        read: Reads one written token, gives the logits of the place after it.
        settings: How to choose, and how much to write.
        stop_ids: Tokens that end a turn.
    """
    chooser = TokenChooser(settings)
    tokens: list[WrittenToken] = []
    while True:
        token = chooser.choose(logits)
        if token.id in stop_ids:
            return Written(tokens=tuple(tokens), finish_reason="stop")
        tokens.append(token)
        if len(tokens) == settings.max_new_tokens:
            return Written(tokens=tuple(tokens), finish_reason="length")
        logits = read(token.id)


def write_down(
    ids: Sequence[int], logits: "Sequence[torch.Tensor]", stop_ids: frozenset[int]
) -> Written:
    """Describe what another loop wrote, from the logits of each place."""
    ended = bool(ids) and ids[-1] in stop_ids
    kept = ids[:-1] if ended else ids
    tokens = tuple(
        describe_token(to_logprobs(one), chosen)
        for chosen, one in zip(kept, logits, strict=False)  # the last may be of the ending token
    )
    return Written(tokens=tokens, finish_reason="stop" if ended else "length")


def to_completion(written: Written, tokenizer: Any, *, prompt: int, cached: int) -> Completion:  # noqa: ANN401 - transformers' own class
    """Put written tokens into words; `prompt` and `cached` count the tokens before them."""
    ids = [token.id for token in written.tokens]
    return Completion(
        text=tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False),
        finish_reason=written.finish_reason,
        usage=Usage(prompt_tokens=prompt, completion_tokens=len(ids), cached_tokens=cached),
        token_ids=tuple(ids),
        logprobs=tuple(token.logprob for token in written.tokens),
        verdict_token=find_verdict_token(token_choices(written, tokenizer)),
    )


def token_choices(written: Written, tokenizer: Any) -> list[TokenChoice]:  # noqa: ANN401 - transformers' own class
    """Give every written token in words, with the likeliest in its place."""
    texts = _texts({one for token in written.tokens for one in _ids(token)}, tokenizer)
    return [
        TokenChoice(
            token=texts[token.id],
            logprob=token.logprob,
            # From the least likely on: of several ids with one text the likeliest is told.
            alternatives={texts[one]: value for one, value in reversed(token.likeliest)},
        )
        for token in written.tokens
    ]


def _ids(token: WrittenToken) -> Iterable[int]:
    yield token.id
    yield from (one for one, _ in token.likeliest)


def _texts(ids: Iterable[int], tokenizer: Any) -> dict[int, str]:  # noqa: ANN401 - transformers' own class
    return {one: tokenizer.decode([one], clean_up_tokenization_spaces=False) for one in ids}
