"""Computes a model from the graphs in its folder, with ONNX Runtime."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from vau_agent.agent.backends.transformers.engine.card import (
    EMBEDDING,
    VISION,
    EngineCard,
)
from vau_agent.errors import GenerationError
from vau_agent.memory.embedders.onnx import failures, open_session

if TYPE_CHECKING:
    import torch

STRETCH: Final = 256
"""Tokens by which a cache grows."""


class OnnxCache:
    """Keys and values of tokens that were read, with room for more; graphs write into it."""

    def __init__(self, card: EngineCard, room: int) -> None:
        self.length = 0
        self._card = card
        self._kept = _reserve(card, room)
        self._buffers: list[Any] = []
        self._bindings: dict[int, Any] = {}

    def get_seq_length(self) -> int:
        """Count the tokens."""
        return self.length

    def first(self, length: int) -> "OnnxCache":
        """Give another cache of the first tokens."""
        other = OnnxCache(self._card, length)
        other.length = length
        other._kept[..., :length, :] = self._kept[..., :length, :]
        return other

    def make_room(self, tokens: int) -> None:
        """See that so many tokens fit in all."""
        if tokens <= self._kept.shape[-2]:
            return
        larger = _reserve(self._card, tokens)
        larger[..., : self.length, :] = self._kept[..., : self.length, :]
        self._kept = larger
        self._buffers.clear()
        self._bindings.clear()

    def bind(self, session: Any) -> Any:  # noqa: ANN401 - ONNX Runtime has no types
        """Give a session's binding of inputs and outputs, with these buffers as both."""
        if not self._buffers:
            import onnxruntime

            make = onnxruntime.OrtValue.ortvalue_from_numpy
            self._buffers = [make(one) for one in self._kept]
        binding = self._bindings.get(id(session))
        if binding is None:
            binding = self._bindings[id(session)] = session.io_binding()
            names = [f"{kind}{layer}" for layer in range(self._card.layers) for kind in "kv"]
            for name, buffer in zip(names, self._buffers, strict=True):
                binding.bind_ortvalue_input(f"past_{name}", buffer)
                binding.bind_ortvalue_output(f"present_{name}", buffer)
        return binding


class OnnxRunner:
    """Computes a model that was exported to a folder."""

    def __init__(self, folder: Path, card: EngineCard, *, threads: int) -> None:
        self._folder = folder
        self._card = card
        with _told(folder):
            self._vision = open_session(str(folder / VISION), threads=threads)
            self._reading = open_session(str(folder / card.reading), threads=threads)
            self._writing = self._reading
            if card.writing != card.reading:
                self._writing = open_session(str(folder / card.writing), threads=threads)
            self._embedding = np.load(folder / EMBEDDING, mmap_mode="r")

    def begin(self) -> OnnxCache:
        """See `Caches`."""
        return OnnxCache(self._card, 1)

    def shorten(self, cache: OnnxCache, length: int) -> OnnxCache:
        """See `Caches`."""
        return cache.first(length)

    def see(self, inputs: Mapping[str, Any]) -> "torch.Tensor":
        """See `Runner`."""
        import torch

        with _told(self._folder):
            (rows,) = self._vision.run(None, {"pixel_values": inputs["pixel_values"].numpy()})
        return torch.from_numpy(rows.reshape(-1, rows.shape[-1]))

    def look_up(self, ids: "torch.Tensor") -> "torch.Tensor":
        """See `Runner`."""
        import torch

        return torch.from_numpy(self._embedding[ids.numpy()].astype(np.float32))

    def positions(
        self, ids: "torch.Tensor", placeholder_id: int, grids: "Sequence[torch.Tensor]"
    ) -> None:
        """See `Runner`; they are counted."""

    def step(
        self, embedded: "torch.Tensor", positions: "torch.Tensor | None", cache: OnnxCache
    ) -> "torch.Tensor":
        """See `Runner`."""
        import torch

        tokens = embedded.shape[1]
        total = cache.length + tokens
        cache.make_room(total)
        session = self._writing if tokens == 1 else self._reading
        binding = cache.bind(session)
        binding.bind_cpu_input("embedded", np.ascontiguousarray(embedded.numpy()))
        binding.bind_cpu_input("last", np.array([total - 1], dtype=np.int32))
        binding.bind_cpu_input("total", np.array(total, dtype=np.int32))
        binding.bind_output("logits", "cpu")
        with _told(self._folder):
            session.run_with_iobinding(binding)
        cache.length = total
        logits: NDArray[np.float32] = binding.get_outputs()[-1].numpy()
        return torch.from_numpy(logits.reshape(-1))


def _reserve(card: EngineCard, tokens: int) -> NDArray[np.float32]:
    room = -(-tokens // STRETCH) * STRETCH
    return np.zeros((2 * card.layers, 1, card.kv_heads, room, card.head), dtype=np.float32)


@contextlib.contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Say in one line what ONNX Runtime stumbles over.

    Raises:
        GenerationError: It did.
    """
    try:
        yield
    except _failures() as error:
        first = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise GenerationError(
            f"engine {str(folder)!r} fails: {first}; remove that folder, and it is made anew, or "
            "set local.engine to 'torch'"
        ) from error


def _failures() -> tuple[type[Exception], ...]:
    return (*failures(), OSError, ValueError)
