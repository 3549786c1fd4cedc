import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from vau_agent.errors import ModelError
from vau_agent.memory.embedders.onnx import MAX_THREADS, OnnxGraph, default_threads

onnx = pytest.importorskip("onnx", reason="onnx is not installed: see the extra 'local'")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: see the extra 'local'")

ROWS = np.arange(21, dtype=np.float32).reshape(7, 3)


@pytest.fixture(scope="module")
def doubling() -> bytes:
    """A graph that adds its input to itself."""
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "x"], ["y"])],
        "doubling",
        [helper.make_tensor_value_info("x", kind, ["rows", 3])],
        [helper.make_tensor_value_info("y", kind, ["rows", 3])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    serialized: bytes = model.SerializeToString()
    return serialized


@pytest.mark.parametrize("batch", [1, 2, 3, 7, 100])
def test_rows_come_back_in_order_whatever_the_batch(doubling: bytes, batch: int) -> None:
    graph = OnnxGraph(name="doubling", read=lambda: doubling, batch=batch)

    assert np.array_equal(graph.run({"x": ROWS}), 2 * ROWS)


def test_no_rows_give_no_rows(doubling: bytes) -> None:
    graph = OnnxGraph(name="doubling", read=lambda: doubling, batch=4)

    assert graph.run({"x": ROWS[:0]}).shape == (0, 3)


def test_weights_are_read_once_and_only_when_wanted(doubling: bytes) -> None:
    reads: list[int] = []

    def read() -> bytes:
        reads.append(1)
        return doubling

    graph = OnnxGraph(name="doubling", read=read, batch=4)
    assert not reads

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: graph.run({"x": ROWS}), range(8)))

    assert len(reads) == 1
    assert all(np.array_equal(one, 2 * ROWS) for one in found)


def test_a_file_that_is_no_graph_is_named() -> None:
    graph = OnnxGraph(name="toy weights.onnx", read=lambda: b"no graph", batch=4)

    with pytest.raises(ModelError, match=r"toy weights\.onnx cannot be opened: .*pull"):
        graph.run({"x": ROWS})


def test_inputs_that_a_graph_does_not_take_are_named(doubling: bytes) -> None:
    graph = OnnxGraph(name="doubling", read=lambda: doubling, batch=4)

    with pytest.raises(ModelError, match=r"doubling cannot be run on x \(4, 2\): .*other"):
        graph.run({"x": ROWS[:, :2]})


def test_threads_are_bounded() -> None:
    assert 1 <= default_threads() <= MAX_THREADS


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="processors cannot be chosen here")
def test_a_process_that_may_use_one_processor_gets_one_thread() -> None:
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        assert default_threads() == 1
    finally:
        os.sched_setaffinity(0, allowed)
