"""What is checked before a training begins: one batch, with its pictures and without."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from vau_agent.errors import ModelError
from vau_agent.schemas import Value
from vau_agent.training.batches import Collator

if TYPE_CHECKING:
    from vau_agent.training.trainer import LanguageTrainer

_LEAST_CHANGE: Final = 1e-5
"""Of the loss, when all pictures are blanked; a model that does not see them gives the same."""


class Preflight(Value):
    """What one batch showed."""

    pictures: int
    picture_tokens: int
    learned_tokens: int
    loss: float
    blank_loss: float
    """With every picture grey."""


def check_batch(
    trainer: "LanguageTrainer", collator: Collator, places: Sequence[int], tokens_per_picture: int
) -> Preflight:
    """Read one batch twice, with its pictures and with blank ones.

    Raises:
        ModelError: Pictures and their tokens do not match, nothing is learned, the loss is no
            number, or it does not depend on the pictures.
    """
    import torch

    batch = collator([{"row": place} for place in places])
    pictures = int(batch["pixel_values"].shape[0])
    picture_tokens = int((batch["input_ids"] == trainer.picture_id).sum())
    learned = int((batch["weights"] > 0).sum())
    if picture_tokens != pictures * tokens_per_picture:
        raise ModelError(
            f"{picture_tokens} picture tokens for {pictures} pictures of {tokens_per_picture}; "
            "the processor of the base folder does not fit its model"
        )
    if not learned:
        raise ModelError("no token of the first batch is learned; the rows hold no completion")
    with torch.no_grad():
        loss = float(trainer.loss_of(batch))
        blank = float(
            trainer.loss_of({**batch, "pixel_values": torch.zeros_like(batch["pixel_values"])})
        )
    if loss != loss or abs(loss - blank) < _LEAST_CHANGE:
        raise ModelError(
            f"the loss is {loss:.6f} with the pictures and {blank:.6f} with blank ones: what "
            "pictures show does not reach the language model; check the base folder's projector, "
            "or align it with 'vau-agent train align'"
        )
    return Preflight(
        pictures=pictures,
        picture_tokens=picture_tokens,
        learned_tokens=learned,
        loss=round(loss, 4),
        blank_loss=round(blank, 4),
    )
