"""Weights and activations at 8 bits: made from a graph, and judged by what changes in search."""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vau_agent.memory.embedders.base import Vectors

MIN_COSINE: Final = 0.995
MIN_RECALL: Final = 0.98
NEIGHBOURS: Final = 32
_ROWS: Final = 8


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How alike two sets of vectors of the same pictures are."""

    cosine: float
    """Mean, between the two vectors of a picture."""
    recall: float
    """Mean share of a picture's 32 nearest others that both find."""

    @property
    def is_enough(self) -> bool:
        """Tell whether one may stand for the other."""
        return self.cosine >= MIN_COSINE and self.recall >= MIN_RECALL


def agreement(found: Vectors, expected: Vectors) -> Agreement:
    """Compare the vectors of the same pictures, made in two ways.

    Raises:
        ValueError: There are too few pictures for 32 neighbours to mean anything.
    """
    if len(expected) < 2 * NEIGHBOURS:
        raise ValueError(f"{2 * NEIGHBOURS} pictures at least, got {len(expected)}")
    cosine = float(np.mean(np.sum(found * expected, axis=1)))
    shared = [
        len(set(one) & set(other)) / NEIGHBOURS
        for one, other in zip(_nearest(found), _nearest(expected), strict=True)
    ]
    return Agreement(cosine=cosine, recall=float(np.mean(shared)))


def quantize(graph: Path, out: Path, inputs: Mapping[str, NDArray[Any]]) -> None:
    """Write an 8-bit version of a graph, its ranges taken from these inputs."""
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(graph, prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            out,
            _Calibration(inputs),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            op_types_to_quantize=["Conv", "Gemm", "MatMul"],
        )


class _Calibration:
    """Hands a graph's inputs over a few rows at a time, as the quantiser asks for them."""

    def __init__(self, inputs: Mapping[str, NDArray[Any]]) -> None:
        self._batches = self._split(inputs)

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        return next(self._batches, None)

    @staticmethod
    def _split(inputs: Mapping[str, NDArray[Any]]) -> Iterator[dict[str, NDArray[Any]]]:
        (rows,) = {len(array) for array in inputs.values()}
        for start in range(0, rows, _ROWS):
            yield {name: array[start : start + _ROWS] for name, array in inputs.items()}


def _nearest(vectors: Vectors) -> NDArray[np.intp]:
    scores = vectors @ vectors.T
    np.fill_diagonal(scores, -np.inf)
    nearest: NDArray[np.intp] = np.argsort(-scores, axis=1, kind="stable")[:, :NEIGHBOURS]
    return nearest
