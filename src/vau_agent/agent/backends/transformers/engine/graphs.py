"""Writes a Llama as a graph of ONNX Runtime's fused operations, its matrices exact or of 8 bits.

The inputs are `embedded` (1, tokens, hidden), `last` (1,): the last token's place, `total`: tokens
with those before, and for each layer `past_k*` and `past_v*` (1, heads, capacity, channels). The
outputs are `logits` (1, vocabulary) of the last token, and `present_*`, for which the buffers of
`past_*` are to be given: the keys and values of the tokens are added in place.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vau_agent.agent.backends.transformers.engine.weights import (
    DecoderWeights,
    LayerWeights,
    LlamaShape,
    Matrix,
)

OPSET: Final = 21
FUSED: Final = "com.microsoft"
BLOCK: Final = 32
"""Inputs that share a scale in `by_blocks`."""
PARTS: Final = 3
"""Stretches of the widest inputs that are scaled apart in `by_rows`: what goes into `down` is the
one place that the turned stream does not reach."""
_LARGEST: Final = 127
_MIDDLE: Final = 128
_EXTERNAL_BYTES: Final = 1024


@dataclass(kw_only=True, slots=True)
class Graph:
    """A graph being written: every operation has one output that others name."""

    nodes: list[Any] = field(default_factory=list)
    weights: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Values that were rounded row by row: what they became, and their scales."""

    def add(self, operation: str, inputs: list[str], output: str, **settings: Any) -> str:  # noqa: ANN401 - ONNX's attributes
        """Add an operation of ONNX; give its output."""
        return self._add(operation, inputs, [output], "", settings)

    def fuse(self, operation: str, inputs: list[str], *outputs: str, **settings: Any) -> str:  # noqa: ANN401
        """Add one of ONNX Runtime's own; give its first output."""
        return self._add(operation, inputs, list(outputs), FUSED, settings)

    def keep(self, name: str, value: NDArray[Any]) -> str:
        """Add a constant; one of the same name is the same."""
        from onnx import numpy_helper

        if name not in self.weights:
            self.weights[name] = numpy_helper.from_array(value, name)
        return name

    def _add(
        self,
        operation: str,
        inputs: list[str],
        outputs: list[str],
        domain: str,
        settings: dict[str, Any],
    ) -> str:
        from onnx import helper

        name = f"{operation}_{len(self.nodes)}"
        self.nodes.append(
            helper.make_node(operation, inputs, outputs, name=name, domain=domain, **settings)
        )
        return outputs[0]


Linear = Callable[[Graph, str, Matrix, str], str]
"""Adds the product of a value and a matrix; takes the graph, the value, the matrix, the output."""


def exact(graph: Graph, value: str, matrix: Matrix, output: str) -> str:
    """Multiply in single precision."""
    kept = graph.keep(f"{output}.matrix", np.ascontiguousarray(matrix.T))
    return graph.add("MatMul", [value, kept], output)


def by_blocks(graph: Graph, value: str, matrix: Matrix, output: str) -> str:
    """Multiply 8 bits by 8 bits, a scale for every `BLOCK` inputs: close, and quick for one row."""
    outputs, inputs = matrix.shape
    blocks = -(-inputs // BLOCK)
    padded = np.zeros((outputs, blocks * BLOCK), dtype=np.float32)
    padded[:, :inputs] = matrix
    whole, scales = _round(padded.reshape(outputs, blocks, BLOCK))
    given = [
        value,
        graph.keep(f"{output}.matrix", (whole + _MIDDLE).astype(np.uint8)),
        graph.keep(f"{output}.scales", scales.reshape(-1)),
    ]
    return graph.fuse(
        "MatMulNBits",
        given,
        output,
        K=inputs,
        N=outputs,
        bits=8,
        block_size=BLOCK,
        accuracy_level=4,  # 8 bits on the side of the values, too
    )


def by_rows(graph: Graph, value: str, matrix: Matrix, output: str) -> str:
    """Multiply 8 bits by 8 bits, a scale for each row of either: quick for many rows."""
    whole, scales = _round(matrix)
    rounded, row_scales = _round_rows(graph, value)
    given = [
        rounded,
        graph.keep(f"{output}.matrix", np.ascontiguousarray(whole.T.astype(np.int8))),
        graph.keep("one", np.array(1, dtype=np.float32)),
        graph.keep(f"{output}.scales", scales.reshape(-1)),
        graph.keep("middle", np.array(_MIDDLE, dtype=np.uint8)),
    ]
    product = graph.fuse("MatMulIntegerToFloat", given, f"{output}.product")
    return graph.add("Mul", [product, row_scales], output)


def by_parts_of_rows(graph: Graph, value: str, matrix: Matrix, output: str) -> str:
    """Multiply as `by_rows` does, each of `PARTS` stretches of a row for itself."""
    stretches = np.array_split(matrix, PARTS, axis=1)
    sizes = np.array([part.shape[1] for part in stretches], dtype=np.int64)
    names = [f"{value}.part{number}" for number in range(PARTS)]
    graph.nodes.append(_split(value, graph.keep(f"{value}.sizes", sizes), names))
    so_far = ""
    for number, (name, part) in enumerate(zip(names, stretches, strict=True)):
        product = by_rows(graph, name, part, f"{output}.part{number}")
        last = number == PARTS - 1
        if so_far:
            product = graph.add("Add", [so_far, product], output if last else f"{product}.sum")
        so_far = product
    return so_far


@dataclass(frozen=True, kw_only=True, slots=True)
class Arithmetic:
    """How the matrices of a graph are multiplied."""

    layers: Linear
    down: Linear
    head: Linear


EXACT: Final = Arithmetic(layers=exact, down=exact, head=exact)
READING: Final = Arithmetic(layers=by_rows, down=by_parts_of_rows, head=by_blocks)
"""8 bits, for many tokens at once; only the last one meets the head."""
WRITING: Final = Arithmetic(layers=by_blocks, down=by_blocks, head=by_blocks)
"""8 bits, for one token."""


def write_decoder(
    weights: DecoderWeights, shape: LlamaShape, arithmetic: Arithmetic, path: Path
) -> None:
    """Write the graph to a file, and its weights to another beside it."""
    import onnx
    from onnx import helper

    graph = Graph()
    _prepare(graph, shape)
    stream, seen = "embedded", _normalise_first(graph, shape)
    for number, layer in enumerate(weights.layers):
        last = number == shape.layers - 1
        stream, seen = _add_layer(graph, layer, shape, arithmetic, number, stream, seen, last=last)
    end = graph.keep("end", np.array(-1, dtype=np.int64))
    arithmetic.head(
        graph, graph.add("Gather", [seen, end], "last_seen", axis=1), weights.head, "logits"
    )
    inputs, outputs = _describe(shape)
    model = helper.make_model(
        helper.make_graph(graph.nodes, path.stem, inputs, outputs, list(graph.weights.values())),
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(FUSED, 1)],
        ir_version=10,
    )
    onnx.save(
        model,
        str(path),
        save_as_external_data=True,
        location=f"{path.name}.weights",
        size_threshold=_EXTERNAL_BYTES,
    )


def _add_layer(
    graph: Graph,
    layer: LayerWeights,
    shape: LlamaShape,
    arithmetic: Arithmetic,
    number: int,
    stream: str,
    seen: str,
    *,
    last: bool,
) -> tuple[str, str]:
    """Add a layer; give the stream behind it, and the same normalised."""
    name = f"layer{number}"
    asked = arithmetic.layers(graph, seen, layer.attention, f"{name}.asked")
    past = [f"past_k{number}", f"past_v{number}"]
    attended = graph.fuse(
        "GroupQueryAttention",
        [asked, "", "", *past, "last", "total", "cosines", "sines"],
        f"{name}.attended",
        f"present_k{number}",
        f"present_v{number}",
        num_heads=shape.heads,
        kv_num_heads=shape.kv_heads,
        do_rotary=1,
    )
    added = arithmetic.layers(graph, attended, layer.attended, f"{name}.told")
    middle = f"{name}.stream"
    seen = _normalise(graph, shape, stream, added, f"{name}.seen", middle)
    gate = arithmetic.layers(graph, seen, layer.gate, f"{name}.gate")
    up = arithmetic.layers(graph, seen, layer.up, f"{name}.up")
    opened = graph.fuse("QuickGelu", [gate], f"{name}.opened", alpha=1.0)
    inner = graph.add("Mul", [opened, up], f"{name}.inner")
    down = arithmetic.down(graph, inner, layer.down, f"{name}.down")
    behind = "" if last else f"{name}.behind"
    return behind, _normalise(graph, shape, middle, down, f"{name}.next", behind)


def _prepare(graph: Graph, shape: LlamaShape) -> None:
    """Add what all layers share."""
    waves = shape.theta ** -(np.arange(0, shape.head, 2) / shape.head)
    angles = np.outer(np.arange(shape.context), waves)
    graph.keep("cosines", np.cos(angles).astype(np.float32))
    graph.keep("sines", np.sin(angles).astype(np.float32))
    graph.keep("ones", np.ones(shape.hidden, dtype=np.float32))


def _normalise_first(graph: Graph, shape: LlamaShape) -> str:
    given = ["embedded", "ones"]
    settings = {"axis": -1, "epsilon": shape.epsilon}
    return graph.add("SimplifiedLayerNormalization", given, "seen", **settings)


def _normalise(
    graph: Graph, shape: LlamaShape, stream: str, added: str, output: str, total: str
) -> str:
    """Add to the stream, which is named `total` if it is needed, and normalise it."""
    outputs = [output, "", "", total] if total else [output]
    given = [stream, added, "ones"]
    return graph.fuse("SkipSimplifiedLayerNormalization", given, *outputs, epsilon=shape.epsilon)


def _round(values: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Give whole numbers from -127 to 127, and what to multiply them by along the last axis."""
    scales = np.abs(values).max(axis=-1, keepdims=True) / _LARGEST
    scales[scales == 0] = 1
    return np.rint(values / scales), scales.astype(np.float32)


def _round_rows(graph: Graph, value: str) -> tuple[str, str]:
    """Round a value (1, rows, width) to 8 bits around `_MIDDLE`; give it and its rows' scales."""
    from onnx import numpy_helper

    if value in graph.rows:
        return graph.rows[value]
    if not graph.rows:
        middle = numpy_helper.from_array(np.array([_MIDDLE], dtype=np.uint8))
        counted = graph.add("Shape", ["embedded"], "rows", start=1, end=2)
        graph.add("ConstantOfShape", [counted], "middles", value=middle)
    axes = graph.keep("axes", np.array([0, 2], dtype=np.int64))
    largest = graph.keep("largest", np.array(_LARGEST, dtype=np.float32))
    sizes = graph.add("Abs", [value], f"{value}.sizes_of")
    peaks = graph.add("ReduceMax", [sizes, axes], f"{value}.peaks", keepdims=0)
    # a row of nothing but zeros would have no scale
    least = graph.keep("least", np.array(np.finfo(np.float32).tiny * _LARGEST, dtype=np.float32))
    held = graph.add("Max", [peaks, least], f"{value}.held")
    scales = graph.add("Div", [held, largest], f"{value}.scales")
    rounded = graph.add("QuantizeLinear", [value, scales, "middles"], f"{value}.rounded", axis=1)
    column = graph.keep("column", np.array([1], dtype=np.int64))
    graph.rows[value] = rounded, graph.add("Unsqueeze", [scales, column], f"{value}.column")
    return graph.rows[value]


def _split(value: str, sizes: str, names: list[str]) -> Any:  # noqa: ANN401 - ONNX's own class
    from onnx import helper

    return helper.make_node("Split", [value, sizes], names, name=f"{value}.split", axis=-1)


def _describe(shape: LlamaShape) -> tuple[list[Any], list[Any]]:
    """Give what goes into a graph and what comes out of it."""
    from onnx import TensorProto, helper

    describe = helper.make_tensor_value_info
    inputs = [
        describe("embedded", TensorProto.FLOAT, [1, "tokens", shape.hidden]),
        describe("last", TensorProto.INT32, [1]),
        describe("total", TensorProto.INT32, []),
    ]
    outputs = [describe("logits", TensorProto.FLOAT, [1, shape.vocabulary])]
    for number in range(shape.layers):
        for kind in "kv":
            kept: list[int | str] = [1, shape.kv_heads, "capacity", shape.head]
            inputs.append(describe(f"past_{kind}{number}", TensorProto.FLOAT, kept))
            outputs.append(describe(f"present_{kind}{number}", TensorProto.FLOAT, kept))
    return inputs, outputs
