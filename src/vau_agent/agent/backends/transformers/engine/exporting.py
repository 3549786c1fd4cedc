"""Makes an engine of a loaded model, measures it against torch, and only then puts it in place."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

from vau_agent.agent.backends.transformers.check import probe_prompt
from vau_agent.agent.backends.transformers.engine.card import (
    CARD,
    EMBEDDING,
    VISION,
    EngineCard,
    TokenAgreement,
)
from vau_agent.agent.backends.transformers.engine.graphs import (
    EXACT,
    READING,
    WRITING,
    write_decoder,
)
from vau_agent.agent.backends.transformers.engine.runner import OnnxRunner
from vau_agent.agent.backends.transformers.engine.weights import (
    Matrix,
    find_fault,
    gather_weights,
    read_shape,
)
from vau_agent.agent.backends.transformers.loading import LoadedModel
from vau_agent.agent.backends.transformers.reading import Reader
from vau_agent.agent.backends.transformers.rendering import ChatMessage
from vau_agent.agent.backends.transformers.writing import to_logprobs
from vau_agent.errors import ModelError
from vau_agent.memory.embedders.base import Precision
from vau_agent.memory.embedders.exporting import without_remarks
from vau_agent.memory.embedders.folder import replace_folder
from vau_agent.memory.embedders.onnx import open_session

if TYPE_CHECKING:
    import torch

_GRAPHS: Final = {
    "fp32": {"decoder.onnx": EXACT},
    "int8": {"reading.onnx": READING, "writing.onnx": WRITING},
}
_VISION_OPSET: Final = 17
_VISION_DIFFERENCE: Final = 1e-3
"""Largest between torch's and ONNX Runtime's features, as a share of the largest feature."""
LEAST: Final[Mapping[Precision, TokenAgreement]] = {
    "fp32": TokenAgreement(likeliest=0.99, divergence=1e-4),
    "int8": TokenAgreement(likeliest=0.9, divergence=0.05),
}
"""An engine that agrees less is not used (SmolLM2 at 8 bits: 0.98 and 0.004, measured)."""
PLACES: Final = 48
"""Tokens over which an engine is compared."""


def export_engine(
    loaded: LoadedModel,
    reader: Reader,
    folder: Path,
    *,
    precision: Precision,
    model: str,
    least: TokenAgreement | None = None,
) -> EngineCard:
    """Write an engine's folder; it appears whole, or not at all.

    Args:
        loaded: The model, on the processor, in single precision.
        reader: Reads it with torch.
        folder: What to make; what was there is replaced.
        precision: Of the language model's matrices; the vision tower stays exact.
        model: Digest of the model's folder.
        least: How far the engine has to agree with torch; unset, as `LEAST` says.

    Raises:
        ModelError: The model is of another kind, cannot be exported, or the engine says too often
            something else than torch.
        OSError: The folder cannot be written.
    """
    fault = find_fault(loaded.model.config)
    if fault is not None:
        raise ModelError(f"{loaded.name!r} fits no engine: {fault}; set local.engine to 'torch'")
    shape = read_shape(loaded.model.config)
    weights = gather_weights(loaded.model, shape)
    graphs = _GRAPHS[precision]
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".engine-") as temporary:
        made = Path(temporary) / folder.name
        made.mkdir()
        for name, arithmetic in graphs.items():
            write_decoder(weights, shape, arithmetic, made / name)
        half = precision == "int8"
        np.save(made / EMBEDDING, weights.embedding.astype(np.float16 if half else np.float32))
        _export_vision(loaded, weights.turn, made / VISION)
        card = EngineCard(
            model=model,
            precision=precision,
            layers=shape.layers,
            kv_heads=shape.kv_heads,
            head=shape.head,
            reading=min(graphs),
            writing=max(graphs),
        )
        runner = OnnxRunner(made, card, threads=1)
        agreement = compare(loaded, reader, Reader(loaded, runner))
        _check(loaded.name, agreement, least or LEAST[precision], precision)
        card = card.model_copy(update={"agreement": agreement})
        (made / CARD).write_text(card.model_dump_json(indent=2), encoding="utf-8")
        replace_folder(made, folder, spare=Path(temporary) / "former")
    return card


def compare(loaded: LoadedModel, torch_reader: Reader, reader: Reader) -> TokenAgreement:
    """Read what torch writes after a prompt with two pictures, place by place with either."""
    messages, pictures = probe_prompt()
    ids: list[int] = []
    expected = _read_along(torch_reader, messages, pictures, ids)
    found = _read_along(reader, messages, pictures, ids)
    shares = np.exp(expected)
    divergence = (shares * (expected - found)).sum(axis=-1).mean()
    return TokenAgreement(
        likeliest=float((expected.argmax(axis=-1) == found.argmax(axis=-1)).mean()),
        divergence=max(0.0, float(divergence)),
    )


def _read_along(
    reader: Reader,
    messages: list[ChatMessage],
    pictures: tuple[Picture.Image, ...],
    ids: list[int],
) -> NDArray[np.float64]:
    """Give the log-probabilities of each place (places, vocabulary) along `ids`.

    Where there are none, the likeliest tokens are followed, and written there.
    """
    encoded = [reader.encode(picture, str(number)) for number, picture in enumerate(pictures)]
    prompt = reader.lay_out(messages, encoded)
    cache = reader.runner.begin()
    positions = reader.positions(prompt)
    logits = reader.read(prompt, positions, cache, start=0, end=len(prompt.ids))
    rows = [to_logprobs(logits).double().numpy()]
    following = list(ids)
    for place in range(PLACES - 1):
        token = following[place] if following else int(rows[-1].argmax())
        if not following:
            ids.append(token)
        rows.append(to_logprobs(reader.read_token(token, cache, positions)).double().numpy())
    return np.stack(rows)


def _check(
    name: str, agreement: TokenAgreement, least: TokenAgreement, precision: Precision
) -> None:
    if agreement.likeliest < least.likeliest or agreement.divergence > least.divergence:
        raise ModelError(
            f"{name!r} at {precision} finds {agreement.likeliest:.0%} of torch's tokens "
            f"({least.likeliest:.0%} are needed) and diverges by {agreement.divergence:.2g} nats "
            f"({least.divergence} are allowed); set local.precision to 'fp32', or local.engine "
            "to 'torch'"
        )


def _export_vision(loaded: LoadedModel, turn: Matrix, path: Path) -> None:
    """Write the tower and the projector, and turn what comes out as the stream is turned.

    By torch's tracing exporter: there are no branches to keep, and it takes a tenth of the time.
    """
    import torch

    size = loaded.processor.image_processor.size
    pictures = torch.rand(2, 3, size["height"], size["width"])
    module = _vision(loaded.model.model, torch.from_numpy(turn))
    with without_remarks(), torch.no_grad():
        torch.onnx.export(
            module,
            (pictures,),
            str(path),
            dynamo=False,
            input_names=["pixel_values"],
            output_names=["rows"],
            dynamic_axes={"pixel_values": {0: "pictures"}, "rows": {0: "pictures"}},
            opset_version=_VISION_OPSET,
        )
        expected = module(pictures).numpy()
    (found,) = open_session(str(path), threads=1).run(None, {"pixel_values": pictures.numpy()})
    difference, largest = np.abs(found - expected).max(), np.abs(expected).max()
    if difference > _VISION_DIFFERENCE * largest:
        raise ModelError(
            f"{loaded.name!r} sees differently through ONNX Runtime (by {difference:.2g} of "
            f"{largest:.2g}); set local.engine to 'torch'"
        )


def _vision(core: Any, turn: "torch.Tensor") -> "torch.nn.Module":  # noqa: ANN401 - transformers' own class
    import torch

    class Vision(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.core = core
            self.register_buffer("turn", turn)

        def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
            rows = self.core.get_image_features(pixel_values=pixel_values, return_dict=True)
            turned: torch.Tensor = rows.pooler_output @ self.turn
            return turned

    return Vision().eval()
