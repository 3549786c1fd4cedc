"""What a reader needs of whatever computes the model: torch, or another engine."""

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from vau_agent.agent.backends.transformers.memory import Cache, Caches, PlainCaches

if TYPE_CHECKING:
    import torch


class Runner(Caches, Protocol):
    """Computes one model."""

    def see(self, inputs: Mapping[str, Any]) -> "torch.Tensor":
        """Give the rows of the pictures in a processor's inputs, shape (placeholders, width)."""

    def look_up(self, ids: "torch.Tensor") -> "torch.Tensor":
        """Give tokens as the language model takes them; (1, tokens) becomes (1, tokens, width)."""

    def positions(
        self, ids: "torch.Tensor", placeholder_id: int, grids: "Sequence[torch.Tensor]"
    ) -> "torch.Tensor | None":
        """Give the places of a prompt's tokens; `None` where they are simply counted."""

    def step(
        self,
        embedded: "torch.Tensor",
        positions: "torch.Tensor | None",
        cache: Any,  # noqa: ANN401 - of the kind that `begin` gives
    ) -> "torch.Tensor":
        """Read tokens on top of a cache, which grows by them; give the last one's logits."""


class TorchRunner(PlainCaches):
    """Computes a model by its own means."""

    def __init__(self, model: Any) -> None:  # noqa: ANN401 - transformers' own class
        self._model = model
        self._core = model.model
        self._has_spread_positions = hasattr(self._core, "get_rope_index")

    def see(self, inputs: Mapping[str, Any]) -> "torch.Tensor":
        """See `Runner`."""
        import torch

        outputs = self._core.get_image_features(
            **_wanted(self._core.get_image_features, inputs), return_dict=True
        )
        features = outputs.pooler_output
        if not isinstance(features, torch.Tensor):
            features = torch.cat(list(features))
        return features.reshape(-1, features.shape[-1])

    def look_up(self, ids: "torch.Tensor") -> "torch.Tensor":
        """See `Runner`."""
        embedded: torch.Tensor = self._model.get_input_embeddings()(ids)
        return embedded

    def positions(
        self, ids: "torch.Tensor", placeholder_id: int, grids: "Sequence[torch.Tensor]"
    ) -> "torch.Tensor | None":
        """See `Runner`."""
        import torch

        if not self._has_spread_positions:
            return None
        if not grids:
            return torch.arange(ids.shape[1], device=ids.device).expand(3, 1, -1)
        given = {
            "input_ids": ids,
            "image_grid_thw": torch.cat(list(grids)),
            "mm_token_type_ids": (ids == placeholder_id).int(),
        }
        places, _ = self._core.get_rope_index(**_wanted(self._core.get_rope_index, given))
        return places  # type: ignore[no-any-return] # transformers carries no annotation

    def step(
        self, embedded: "torch.Tensor", positions: "torch.Tensor | None", cache: Cache
    ) -> "torch.Tensor":
        """See `Runner`."""
        outputs: Any = self._model(
            inputs_embeds=embedded,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
            return_dict=True,
        )
        return outputs.logits[0, -1]  # type: ignore[no-any-return] # transformers carries none


def _wanted(function: Any, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - of transformers
    """Give those inputs that a function takes."""
    parameters = inspect.signature(function).parameters
    return {name: value for name, value in given.items() if name in parameters}
