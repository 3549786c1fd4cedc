"""Running an ONNX graph over many rows: in batches, with a bounded number of threads."""

import functools
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vau_agent.errors import MissingDependencyError, ModelError

MAX_THREADS: Final = 4
"""More gain little on graphs of this size, and take processors from decoding."""

Arrays = Mapping[str, NDArray[Any]]
"""Inputs by name; all have the same number of rows."""


def default_threads() -> int:
    """Give the threads a graph is run with: one a processor it may use, four at most."""
    known = hasattr(os, "sched_getaffinity")  # not on macOS and Windows
    return min(MAX_THREADS, len(os.sched_getaffinity(0)) if known else os.cpu_count() or 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class OnnxGraph:
    """A graph with one output, whose rows belong to the rows of its inputs.

    Opening is cheap: weights are read at first use. It may be used from several threads.
    """

    name: str
    """What an error calls it."""
    read: Callable[[], bytes]
    """Gives the graph's file; asked once."""
    batch: int
    """Rows computed at once."""
    threads: int = field(default_factory=default_threads)
    _opening: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def run(self, inputs: Arrays) -> NDArray[np.float32]:
        """Compute all rows, `batch` at a time.

        Raises:
            ModelError: The graph's file is unusable, or does not take these inputs.
            MissingDependencyError: ONNX Runtime is not installed.
        """
        (rows,) = {len(array) for array in inputs.values()}
        starts = range(0, max(rows, 1), self.batch)
        parts = [self._run_batch(inputs, slice(start, start + self.batch)) for start in starts]
        return np.concatenate(parts)

    def _run_batch(self, inputs: Arrays, rows: slice) -> NDArray[np.float32]:
        part = {name: array[rows] for name, array in inputs.items()}
        session = self._session()
        try:
            (output,) = session.run(None, part)
        except failures() as error:
            shapes = ", ".join(f"{name} {array.shape}" for name, array in part.items())
            raise ModelError(
                f"{self.name} cannot be run on {shapes}: {_first_line(error)}; "
                "use another model, or other versions of torch and onnxruntime"
            ) from error
        result: NDArray[np.float32] = np.asarray(output, dtype=np.float32)
        return result

    def _session(self) -> Any:  # noqa: ANN401 - ONNX Runtime has no types
        with self._opening:
            return self._opened

    @functools.cached_property
    def _opened(self) -> Any:  # noqa: ANN401
        try:
            return open_session(self.read(), threads=self.threads)
        except ModuleNotFoundError as error:
            raise MissingDependencyError(
                f"{self.name} needs {error.name!r}; install it with: pip install 'vau-agent[local]'"
            ) from error
        except failures() as error:
            raise ModelError(
                f"{self.name} cannot be opened: {_first_line(error)}; pull the model again"
            ) from error


def open_session(graph: bytes | str, *, threads: int) -> Any:  # noqa: ANN401 - ONNX Runtime has no types
    """Open a graph, given as it is or by its path, on the processor.

    Raises:
        ModuleNotFoundError: ONNX Runtime is not installed; its own errors are `failures`.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # a thread that spins for more work takes the processor from whoever decodes
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def failures() -> tuple[type[Exception], ...]:
    """Give the errors of ONNX Runtime, which have no common base."""
    from onnxruntime.capi import onnxruntime_pybind11_state as errors

    return (
        errors.Fail,
        errors.InvalidArgument,
        errors.InvalidGraph,
        errors.InvalidProtobuf,
        errors.NotImplemented,
        errors.RuntimeException,
    )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
