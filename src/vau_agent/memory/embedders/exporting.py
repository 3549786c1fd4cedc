"""From a torch module to ONNX, from ONNX to 8 bits, and how far two sets of vectors agree."""

import contextlib
import logging
import warnings
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from vau_agent.errors import MissingDependencyError, ModelError
from vau_agent.memory.embedders.base import Vectors
from vau_agent.memory.embedders.onnx import OnnxGraph

OPSET: Final = 20
NEAREST: Final = 32
"""Neighbours of each picture that are compared: as many as a search looks at."""
MATRICES: Final = ("MatMul", "Gemm")
"""What gains from 8 bits without calibration; a convolution loses more than it gains."""


class Agreement(NamedTuple):
    """How alike two sets of vectors of the same pictures are."""

    cosine: float
    """Mean, between the two vectors of a picture."""
    recall: float
    """Share of each picture's nearest ones that are its nearest ones in both."""


def export(
    module: Any,  # noqa: ANN401 - torch is imported where it is needed only
    inputs: Mapping[str, Any],
    axes: Mapping[str, Mapping[int, str]],
    path: Path,
) -> float:
    """Write a torch module as ONNX; give the largest difference between the two on these inputs.

    Raises:
        ModelError: torch cannot export it.
        MissingDependencyError: onnx, onnxscript or ONNX Runtime is not installed.
    """
    import torch
    from torch.onnx.errors import OnnxExporterError

    try:
        with without_remarks():
            program = torch.onnx.export(
                module,
                tuple(inputs.values()),
                dynamo=True,
                dynamic_shapes={name: dict(named) for name, named in axes.items()},
                input_names=list(inputs),
                output_names=["rows"],
                opset_version=OPSET,
                verbose=False,
            )
    except ModuleNotFoundError as error:
        raise _missing(error) from error
    except OnnxExporterError as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelError(
            f"torch cannot export the model to ONNX: {reason[:200]}; try another version of torch"
        ) from error
    if program is None:  # only for the old exporter
        raise ModelError("torch exported nothing; try another version of torch")
    program.save(path)
    graph = OnnxGraph(
        name=path.name, read=path.read_bytes, batch=len(next(iter(inputs.values()))) - 1
    )
    with torch.no_grad():
        expected = module(*inputs.values()).numpy()
    found = graph.run({name: tensor.numpy() for name, tensor in inputs.items()})
    return float(np.abs(found - expected).max())


def quantise(source: Path, target: Path, operations: Collection[str] = MATRICES) -> None:
    """Write a graph with weights of 8 bits; what flows between them is scaled batch by batch.

    Raises:
        MissingDependencyError: onnx or ONNX Runtime is not installed.
    """
    try:
        with without_remarks():
            import onnx
            from onnxruntime.quantization import QuantType, quantize_dynamic

            model = onnx.load(source)
            # shapes that torch's exporter wrote of weights, which are about to be transposed
            del model.graph.value_info[:]
            quantize_dynamic(
                model,
                target,
                op_types_to_quantize=list(operations),
                per_channel=True,
                # unsigned weights take twice the time; one scale for a matrix finds fewer alike
                weight_type=QuantType.QInt8,
            )
    except ModuleNotFoundError as error:
        raise _missing(error) from error


def compare(expected: Vectors, found: Vectors, nearest: int = NEAREST) -> Agreement:
    """Tell how far vectors agree with those expected, picture by picture, all of length 1."""
    cosine = float((expected * found).sum(axis=1).mean())
    pairs = zip(_neighbours(expected, nearest), _neighbours(found, nearest), strict=True)
    shares = [len(one & other) / len(one) for one, other in pairs]
    return Agreement(cosine=cosine, recall=float(np.mean(shares)))


def _neighbours(vectors: Vectors, nearest: int) -> list[set[int]]:
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, -np.inf)
    count = min(nearest, len(vectors) - 1)
    best = np.argpartition(likeness, -count, axis=1)[:, -count:]
    return [{int(place) for place in row} for row in best]


@contextlib.contextmanager
def without_remarks() -> Iterator[None]:
    """Keep to themselves the warnings of libraries, and what they log."""
    root, handler, ours = logging.getLogger(), logging.NullHandler(), logging.Filter("vau_agent")
    exporter = logging.getLogger("onnxscript")
    level = exporter.level
    exporter.setLevel(logging.ERROR)
    root.addHandler(handler)  # else the first remark installs one that prints
    root.addFilter(ours)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        exporter.setLevel(level)
        root.removeFilter(ours)
        root.removeHandler(handler)


def _missing(error: ModuleNotFoundError) -> MissingDependencyError:
    return MissingDependencyError(
        f"exporting to ONNX needs {error.name!r}; install it with: pip install 'vau-agent[local]'"
    )
